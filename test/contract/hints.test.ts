import type { Node, StringLiteral, TemplateLiteral } from 'typescript';
import { describe, expect, it } from 'vitest';

import { ownHint } from '../../src/cli/flags/own-hint.js';
import { readManifest, type ManifestCommand } from './manifest.js';
import { nodesOf, sourceFiles } from './source-files.js';
import ts from './typescript.js';

const { commands } = readManifest();

/** Every text in src that may be a hint: a literal in an error, a property or a table, which names a flag. A style names properties. */
const hints = [
  ...new Set(
    sourceFiles()
      .filter(({ name }) => !/-flags\.ts$|^commands\/|^cli\/help\/|^cli\/page\/look\.ts$/.test(name))
      .flatMap((file) => nodesOf(file).filter(isHint).map(textOf)),
  ),
].filter((text) => /(?:^|[\s(])--[a-z]/.test(text));

function isHint(node: Node): node is StringLiteral | TemplateLiteral {
  return (ts.isStringLiteral(node) || ts.isTemplateLiteral(node)) && !/^\s*--\S*$/.test(textOf(node));
}

/** The text with X for what is filled in. */
function textOf(node: Node): string {
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `X${literal.text}`).join('');
  }
  return ts.isStringLiteralLike(node) ? node.text : '';
}

function spellings({ flags }: ManifestCommand): string[] {
  return Object.values(flags).flatMap(({ name, allowNo }) => [
    `--${name}`,
    ...(allowNo === true ? [`--no-${name}`] : []),
  ]);
}

/** Flags of other programs that hints name. */
const foreign = new Set(['--version', '--staple', '--test', '--check-config']);

function flagsIn(text: string): string[] {
  return [...text.matchAll(/(?<=^|[\s(])--[a-z][a-z0-9-]*/g)]
    .map(([flag]) => flag)
    .filter((flag) => !foreign.has(flag));
}

describe('the hints', () => {
  it('are found', () => {
    expect(hints.length).toBeGreaterThan(60);
  });

  it('name only flags that some command has, and after a command those of that command', () => {
    const known = new Set(Object.values(commands).flatMap(spellings));
    for (const hint of hints) {
      for (const flag of flagsIn(hint)) expect(known, hint).toContain(flag);
      for (const [, id = '', words = ''] of hint.matchAll(/\brestaple (config check|[a-z]+)((?: [^;,:()]*)?)/g)) {
        const command = commands[id.replace(' ', ':')];
        if (command === undefined) continue;
        for (const flag of flagsIn(words)) expect([...spellings(command), '--help'], hint).toContain(flag);
      }
    }
  });

  it.each(Object.keys(commands))('that %s prints name only flags that it has, and are still sentences', (id) => {
    const command = commands[id]!;
    const own = new Set(spellings(command));
    for (const hint of hints) {
      const said = ownHint(hint, command.flags);
      const rest = said.replace(/\brestaple [a-z]+(?: [^;,:()]*)?/g, '');
      for (const flag of flagsIn(rest)) expect(own, hint).toContain(flag);
      expect(said, hint).not.toMatch(/^[,;]|[,;:]$|\b(?:or|and|with|by)$|; ;/);
    }
  });
});
