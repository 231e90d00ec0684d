import { posix } from 'node:path';
import type { Identifier, Statement } from 'typescript';
import { describe, expect, it } from 'vitest';

import { importsOf, nodesOf, sourceFiles, type ParsedFile } from './source-files.js';
import ts from './typescript.js';

/** docs/architecture.md: a file imports from its own folder and from lower floors only. */
const floors: Readonly<Record<string, number>> = {
  core: 0,
  system: 1,
  source: 2,
  transport: 2,
  store: 2,
  servers: 2,
  probe: 2,
  pipeline: 3,
  library: 4,
  cli: 5,
  commands: 6,
};

const files = sourceFiles();
const commandLineFloor = 5;
/** From here on the process and the clock are at hand: the library fills them in for its users. */
const processFloor = 4;

function folderOf(name: string): string {
  return name.split('/')[0]!;
}

/** The library's entry stands beside the floors and exports those below the command line. */
function isEntry({ name }: ParsedFile): boolean {
  return name === 'index.ts';
}

function floorOf(file: ParsedFile): number {
  if (isEntry(file)) return processFloor;
  const floor = floors[folderOf(file.name)];
  if (floor === undefined) throw new Error(`src/${file.name} is on no floor`);
  return floor;
}

const isBelowProcess = (file: ParsedFile): boolean => floorOf(file) < processFloor;

function packagesOf(file: ParsedFile): string[] {
  return importsOf(file).filter((specifier) => !specifier.startsWith('.'));
}

function localImportsOf(file: ParsedFile): string[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(file.name), specifier).replace(/\.js$/, '.ts'));
}

/** Every use of an identifier as a value: neither a property's name nor a type. */
function* usesOf(file: ParsedFile, name: string): Generator<Identifier> {
  for (const node of nodesOf(file)) {
    if (!ts.isIdentifier(node) || node.text !== name) continue;
    const { parent } = node;
    if (ts.isPropertyAccessExpression(parent) && parent.name === node) continue;
    if ((ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) && parent.name === node) continue;
    if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) continue;
    yield node;
  }
}

function offenders(among: (file: ParsedFile) => boolean, offends: (file: ParsedFile) => boolean): string[] {
  return files.filter((file) => among(file) && offends(file)).map(({ name }) => name);
}

function readsClock(file: ParsedFile): boolean {
  return nodesOf(file).some(
    (node) =>
      (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0) ||
      (ts.isPropertyAccessExpression(node) && node.getText() === 'Date.now') ||
      (ts.isCallExpression(node) && node.expression.getText() === 'Date'),
  );
}

/** Reload targets and hooks are programs of the user's; the run lock needs flock(1), since Node has no flock(2). */
const startsPrograms: ReadonlySet<string> = new Set(['system/run-command.ts']);

describe('the floors', () => {
  it('hold every file of src', () => {
    expect(files.length).toBeGreaterThan(50);
    for (const file of files) expect(floorOf(file), file.name).toBeTypeOf('number');
  });

  it('import from their own folder and from lower floors only', () => {
    const wrong = files.flatMap((file) =>
      localImportsOf(file)
        .filter((target) => {
          if (target === 'index.ts' || target.startsWith('..')) return true;
          const folder = folderOf(target);
          const floor = floors[folder] ?? Infinity;
          return isEntry(file) ? floor >= commandLineFloor : folder !== folderOf(file.name) && floor >= floorOf(file);
        })
        .map((target) => `${file.name} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('import in no circle', () => {
    const imports = new Map(files.map((file) => [file.name, localImportsOf(file)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (name: string, path: readonly string[]): void => {
      if (path.includes(name)) circles.push([...path.slice(path.indexOf(name)), name].join(' → '));
      if (done.has(name) || path.includes(name)) return;
      for (const target of imports.get(name) ?? []) visit(target, [...path, name]);
      done.add(name);
    };
    for (const name of imports.keys()) visit(name, []);
    expect(circles).toEqual([]);
  });

  it('hold at most 25 files in a folder, core 30', () => {
    const counts = new Map<string, number>();
    for (const { name } of files) counts.set(posix.dirname(name), (counts.get(posix.dirname(name)) ?? 0) + 1);
    const crowded = [...counts].filter(([folder, count]) => count > (folder === 'core' ? 30 : 25));
    expect(crowded).toEqual([]);
  });

  it('have no two files whose names differ in the order of their words only', () => {
    const byWords = new Map<string, string[]>();
    for (const { name } of files) {
      const words = posix.basename(name, '.ts').split('-');
      const key = words.length < 2 ? name : words.sort().join('-');
      byWords.set(key, [...(byWords.get(key) ?? []), name]);
    }
    expect([...byWords.values()].filter((names) => names.length > 1)).toEqual([]);
  });

  it('import only files that exist', () => {
    const names = new Set(files.map(({ name }) => name));
    const missing = files.flatMap((file) => localImportsOf(file).filter((target) => !names.has(target)));
    expect(missing).toEqual([]);
  });

  it('keep the list of core for higher floors', () => {
    expect(
      offenders(
        (file) => floorOf(file) === 0,
        (file) => localImportsOf(file).includes('core/index.ts'),
      ),
    ).toEqual([]);
  });

  it('let core see no file, network, clock or process', () => {
    const wrong = files
      .filter((file) => floorOf(file) === 0)
      .flatMap((file) => packagesOf(file).map((name) => `${file.name} imports ${name}`))
      .filter((line) => !/ imports node:(?:crypto|buffer)$/.test(line));
    expect(wrong).toEqual([]);
  });

  it('name packages only where they belong', () => {
    const allowed: Readonly<Record<string, readonly string[]>> = {
      system: ['tinyglobby', 'yaml'],
      source: [],
      transport: ['got', 'https-proxy-agent'],
      store: [],
      servers: ['@noble/ciphers/salsa.js', 'yaml'],
      pipeline: [],
      cli: ['@oclif/core', 'chalk', 'yaml', 'zod/mini'],
      commands: ['@oclif/core'],
    };
    const wrong = files.flatMap((file) =>
      packagesOf(file)
        .filter((name) => !name.startsWith('node:') && !(allowed[folderOf(file.name)] ?? []).includes(name))
        .map((name) => `${file.name} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('write node modules with their prefix, so that no package can stand in for one', () => {
    const bare = files.flatMap((file) =>
      packagesOf(file).filter((name) => /^(?:fs|net|http|crypto|path)\b/.test(name)),
    );
    expect(bare).toEqual([]);
  });

  it('leave the process and the console to the command line and to what the library fills in', () => {
    const modules = ['node:process', 'node:console', 'node:child_process'];
    expect(
      offenders(
        isBelowProcess,
        (file) =>
          (!startsPrograms.has(file.name) && packagesOf(file).some((name) => modules.includes(name))) ||
          ['process', 'console', 'globalThis'].some((name) => [...usesOf(file, name)].length > 0),
      ),
    ).toEqual([]);
  });

  it('take the time as an argument below them', () => {
    expect(offenders(isBelowProcess, readsClock)).toEqual([]);
    expect(offenders((file) => !isBelowProcess(file), readsClock)).not.toEqual([]);
  });

  it('give a public key from outside to node:crypto in one place, which checks it first', () => {
    const takesKey = (file: ParsedFile): boolean =>
      nodesOf(file).some(
        (node) =>
          (ts.isCallExpression(node) &&
            node.expression.getText() === 'createPublicKey' &&
            !(node.arguments.length === 1 && node.arguments[0]?.getText() === 'key')) ||
          (ts.isNewExpression(node) && node.expression.getText() === 'X509Certificate'),
      );
    expect(offenders(() => true, takesKey)).toEqual(['core/keys/public-key.ts']);
  });

  it('use no unsecure randomness anywhere', () => {
    expect(
      offenders(
        () => true,
        (file) => /\bMath\s*\.\s*random\b/.test(file.text),
      ),
    ).toEqual([]);
  });
});

describe('the files of src', () => {
  it('export by name: no star, no default below the commands', () => {
    const stars = offenders(
      () => true,
      ({ tree }) =>
        tree.statements.some(
          (one) =>
            ts.isExportDeclaration(one) && (one.exportClause === undefined || ts.isNamespaceExport(one.exportClause)),
        ),
    );
    expect(stars).toEqual([]);
    const defaults = offenders(
      (file) => floorOf(file) <= commandLineFloor,
      ({ tree }) => tree.statements.some(isDefaultExport),
    );
    // oclif finds its help class by a default export.
    expect(defaults).toEqual(['cli/help.ts']);
  });

  it('stay under 300 lines, commands at most 60', () => {
    const long = files.filter(({ name, lines }) => lines >= 300 || (name.startsWith('commands/') && lines > 60));
    expect(long.map(({ name, lines }) => `${name}: ${lines} lines`)).toEqual([]);
  });
});

function isDefaultExport(statement: Statement): boolean {
  if (ts.isExportAssignment(statement)) return true;
  if (ts.isExportDeclaration(statement) && statement.exportClause !== undefined) {
    return (
      ts.isNamedExports(statement.exportClause) &&
      statement.exportClause.elements.some(({ name }) => name.text === 'default')
    );
  }
  return (
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true
  );
}
