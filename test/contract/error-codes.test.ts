import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Node, StringLiteral } from 'typescript';
import { describe, expect, it } from 'vitest';

import { exitCodeOfErrorKind, exitCodes } from '../../src/cli/exit/exit-code.js';
import type { FailureCode } from '../../src/core/index.js';
import { ocspErrorKinds, type OcspErrorCode } from '../../src/core/ocsp-error.js';
import { gravities, gravityOfFailure } from '../../src/pipeline/gravity.js';
import { projectFolder } from '../support/run-program.js';
import { nodesOf, sourceFiles } from './source-files.js';
import ts from './typescript.js';

const files = sourceFiles();

const errorCodes = Object.keys(ocspErrorKinds) as OcspErrorCode[];
const failureCodes = membersOf('core/verify/verdict.ts', 'FailureCode') as FailureCode[];

/** What a trouble can carry besides errors and failures. */
const statusCodes = { revoked: exitCodes.revoked, unknown: exitCodes.unknown, bug: exitCodes.bug };

/** Tables that list codes and raise none. */
const tables = new Set(['core/ocsp-error.ts', 'core/verify/verdict.ts', 'pipeline/gravity.ts']);

interface Row {
  readonly code: string;
  readonly places: readonly string[];
  readonly meaning: string;
  readonly next: string;
  readonly exit: number;
}

const rows = readTable();
const raisers = findRaisers();

describe('error and failure codes', () => {
  it('share no name', () => {
    expect(failureCodes.length).toBeGreaterThan(20);
    expect(new Set([...errorCodes, ...failureCodes]).size).toBe(errorCodes.length + failureCodes.length);
  });

  it.each([...errorCodes, ...failureCodes])('%s is raised somewhere', (code) => {
    expect(raisers.get(code) ?? []).not.toEqual([]);
  });
});

describe('docs/errors.md', () => {
  it('has one row for each code and none for others', () => {
    const documented = rows.map(({ code }) => code).sort();
    expect(documented).toEqual([...errorCodes, ...failureCodes, ...Object.keys(statusCodes)].sort());
  });

  it.each(rows)('says of $code where it is raised', ({ code, places }) => {
    expect(places).not.toEqual([]);
    for (const place of places) expect(raisers.get(code), place).toContain(place);
  });

  it.each(rows)(
    'says of $code what it means, what happens next, and the exit code',
    ({ code, meaning, next, exit }) => {
      expect(meaning).toMatch(/\S/);
      expect(next).toMatch(/\S/);
      expect(exit).toBe(exitCodeOf(code));
    },
  );
});

describe('the exit codes of docs/errors.md', () => {
  const page = readFileSync(join(projectFolder, 'docs', 'errors.md'), 'utf8');

  it('are those of the program', () => {
    const table = /^## Exit codes\n([^]*?)^## /m.exec(page)?.[1] ?? '';
    const codes = [...table.matchAll(/^\| (\d[\d, ]*?) +\|/gm)].flatMap(([, cell = '']) => cell.split(', '));
    expect(codes.map(Number)).toEqual([...Object.values(exitCodes)].sort((a, b) => a - b));
  });

  it('stand in their order of gravity', () => {
    const [, order = ''] = /the gravest code, in this order: ([\d/, ]+)\./.exec(page) ?? [];
    expect(order.split(/[/, ]+/).map(Number)).toEqual(gravities.map((gravity) => exitCodes[gravity]));
  });
});

function exitCodeOf(code: string): number {
  if (code in ocspErrorKinds) return exitCodeOfErrorKind(ocspErrorKinds[code as OcspErrorCode]);
  if (code in statusCodes) return statusCodes[code as keyof typeof statusCodes];
  return exitCodes[gravityOfFailure(code as FailureCode)];
}

/** By code, the files that give it to an error, failure or trouble, by what is written there. */
function findRaisers(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of files) {
    if (tables.has(file.name)) continue;
    for (const node of nodesOf(file)) {
      if (!ts.isStringLiteral(node) || !isRaised(node)) continue;
      found.set(node.text, (found.get(node.text) ?? new Set()).add(file.name));
    }
  }
  return found;
}

/** First argument of an error or failure, or the value of a property `code`, straight or by `?:`. */
function isRaised(literal: StringLiteral): boolean {
  let node: Node = literal;
  while (ts.isConditionalExpression(node.parent) && node.parent.condition !== node) node = node.parent;
  const { parent } = node;
  if (ts.isPropertyAssignment(parent)) return parent.name.getText() === 'code' && parent.initializer === node;
  if (ts.isNewExpression(parent))
    return parent.expression.getText().endsWith('Error') && parent.arguments?.[0] === node;
  return ts.isCallExpression(parent) && parent.expression.getText() === 'failure' && parent.arguments[0] === node;
}

function membersOf(name: string, type: string): string[] {
  const { tree } = files.find((file) => file.name === name)!;
  const alias = tree.statements.find((one) => ts.isTypeAliasDeclaration(one) && one.name.text === type);
  if (alias === undefined || !ts.isTypeAliasDeclaration(alias) || !ts.isUnionTypeNode(alias.type)) {
    throw new Error(`${name} has no union ${type}`);
  }
  return alias.type.types.map((member) => {
    if (ts.isLiteralTypeNode(member) && ts.isStringLiteral(member.literal)) return member.literal.text;
    throw new Error(`${type} has a member that is not a literal`);
  });
}

function readTable(): Row[] {
  return readFileSync(join(projectFolder, 'docs', 'errors.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [code = '', places = '', meaning = '', next = '', exit = ''] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      return {
        code: code.replaceAll('`', ''),
        places: [...places.matchAll(/`([^`]+)`/g)].map(([, place = '']) => place),
        meaning,
        next,
        exit: Number(exit),
      };
    });
}
