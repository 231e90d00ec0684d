import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { projectFolder, runRestaple } from '../support/run-program.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';
import { readManifest } from './manifest.js';

const readme = (): string => readFileSync(join(projectFolder, 'README.md'), 'utf8');

/** The contents of fenced code blocks, in their order. */
function codeBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^ *```[^\n]*\n([\s\S]*?)^ *```/gm)].map(([, text = '']) => text);
}

/** Logical lines: those that end with a backslash go on. */
function linesOf(block: string): string[] {
  return block.replace(/\\\n\s*/g, ' ').split('\n');
}

/** Every call of restaple in a line: its words, up to where the shell begins something else. */
function callsIn(line: string): string[][] {
  return [...line.matchAll(/(?<![\w./@-])(?:\S*\/bin\/|npx |bin\/)?restaple(?:\.js)? ((?:[^|;&>#])+)/g)].map(
    ([, words = '']) => words.trim().split(/\s+/),
  );
}

describe('the README', () => {
  it('opens with the two commands that run the main job and the tests', () => {
    const [first = ''] = codeBlocks(readme());
    const commands = first
      .split('\n')
      .map((line) => line.replace(/^\$ /, '').trim())
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(commands).toEqual(['npm ci && npm run demo', 'npm ci && npm test']);
  });

  it('names only scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [
      ...readme().matchAll(/npm (?:run )?(?:--\S+ )*(demo|test|bench|check|build|fixtures|lint|types)\b/g),
    ];
    expect(named.map(([, name]) => name)).toEqual(expect.arrayContaining(['demo', 'test']));
    for (const [, name = ''] of named) expect(Object.keys(scripts)).toContain(name);
  });

  it('uses only commands and flags that exist', () => {
    const { commands } = readManifest();
    const calls = codeBlocks(readme()).flatMap((block) => linesOf(block).flatMap(callsIn));
    const seen = calls.filter(([command = '']) => command in commands);
    expect(seen.map(([command]) => command)).toEqual(expect.arrayContaining(['fetch']));
    for (const call of calls) {
      const [first = '', second = '', ...rest] = call;
      // `restaple: message` and the like are output; a word that could be a command must be one.
      if (!/^[a-z]+$/.test(first)) continue;
      const isTopic = `${first}:${second}` in commands;
      const command = isTopic ? `${first}:${second}` : first;
      const words = isTopic ? rest : [second, ...rest];
      expect(Object.keys(commands), `restaple ${command}`).toContain(command);
      const flags = Object.values(commands[command]!.flags).flatMap(({ name, allowNo }) =>
        allowNo === true ? [`--${name}`, `--no-${name}`] : [`--${name}`],
      );
      for (const word of words) {
        if (word.startsWith('--')) {
          expect([...flags, '--help'], `restaple ${command} ${word}`).toContain(word.replace(/=.*$/, ''));
        }
      }
    }
  });

  it('has a configuration that fetch takes', async () => {
    const [configuration = ''] = codeBlocks(readme()).filter((block) => block.startsWith('# /etc/restaple.yaml'));
    const folder = createTemporaryFolder();
    try {
      const file = folder.write('restaple.yaml', configuration);
      const { stderr } = await runRestaple(['config', 'check', '--config', file]);
      const mistakes = stderr.split('\n').filter((line) => line.startsWith('restaple: '));
      // Its files and folders need not be on this machine, and are all that may be missing.
      expect(mistakes.filter((line) => !/ does not exist$|XDG_RUNTIME_DIR/.test(line))).toEqual([]);
    } finally {
      folder.remove();
    }
  });

  it('shows the cron line that is shipped, and copies only files that are', () => {
    const blocks = codeBlocks(readme());
    const [line = ''] = blocks.filter((block) => block.includes('* * * * root'));
    expect(readFileSync(join(projectFolder, 'packaging', 'cron', 'restaple'), 'utf8')).toContain(line);
    const shipped = blocks.join('\n').match(/packaging\/[\w./@-]+/g) ?? [];
    expect(shipped.length).toBeGreaterThan(2);
    for (const name of shipped) expect(existsSync(join(projectFolder, name)), name).toBe(true);
  });

  it('mentions only flags that exist', () => {
    const { commands } = readManifest();
    const known = Object.values(commands).flatMap(({ flags }) =>
      Object.values(flags).flatMap(({ name, allowNo }) => (allowNo === true ? [name, `no-${name}`] : [name])),
    );
    const text = readme().replace(/^ *```[\s\S]*?^ *```/gm, '');
    const mentioned = [...text.matchAll(/`--([a-z0-9-]+)/g)].map(([, name = '']) => name);
    expect(mentioned).not.toEqual([]);
    for (const name of mentioned) expect(known, `--${name}`).toContain(name);
  });
});
