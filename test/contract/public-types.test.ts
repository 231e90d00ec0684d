import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

import { projectFolder, runCommand } from '../support/run-program.js';
import { importsOf, parseFile } from './source-files.js';
import ts from './typescript.js';

const entries = [
  { specifier: 'restaple', types: join(projectFolder, 'dist', 'index.d.ts') },
  { specifier: 'restaple/core', types: join(projectFolder, 'dist', 'core', 'index.d.ts') },
] as const;

/** The declaration files that an entry reaches, itself included. */
function reached(entry: string): string[] {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const specifier of importsOf(parseFile(path))) {
      if (specifier.startsWith('.')) visit(resolve(dirname(path), specifier.replace(/\.js$/, '.d.ts')));
    }
  };
  visit(entry);
  return [...seen];
}

async function runtimeNames(specifier: string): Promise<string[]> {
  const script = `import(${JSON.stringify(specifier)}).then((module) => console.log(JSON.stringify({ names: Object.keys(module) })))`;
  const result = await runCommand(process.execPath, ['--input-type=module', '-e', script], { cwd: projectFolder });
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  return (result.lines()[0]!['names'] as string[]).sort();
}

/** What an entry declares as values: the names that a program can import and use. */
function declaredValues(entry: string): string[] {
  const program = ts.createProgram([entry], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: [],
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
  return checker
    .getExportsOfModule(module)
    .map((one) => (one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one))
    .filter((one) => one.flags & ts.SymbolFlags.Value)
    .map(({ name }) => name)
    .sort();
}

describe('the public types', () => {
  it.each(entries)("of $specifier name no dependency's types", ({ types }) => {
    const files = reached(types);
    expect(files.length).toBeGreaterThan(1);
    const foreign = files.flatMap((path) =>
      importsOf(parseFile(path))
        .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
        .map((specifier) => `${path}: ${specifier}`),
    );
    expect(foreign).toEqual([]);
  });

  it.each(entries)('of $specifier name them in no comment either', ({ types }) => {
    const dependencies = /\b(?:got|pkijs|asn1js|@peculiar\/\w+|@?oclif|chalk|tinyglobby|https-proxy-agent)\b/;
    for (const path of reached(types)) expect(readFileSync(path, 'utf8'), path).not.toMatch(dependencies);
  });

  it.each(entries)(
    'of $specifier are what a program gets when it imports it',
    async ({ specifier, types }) => {
      const names = await runtimeNames(specifier);
      expect(names.length).toBeGreaterThan(0);
      expect(names).toEqual(declaredValues(types));
    },
    30_000,
  );

  it('reach no command line, network or file module from core', () => {
    const folders = reached(entries[1].types).map((path) => dirname(path));
    for (const folder of folders) expect(folder.startsWith(join(projectFolder, 'dist', 'core'))).toBe(true);
  });
});

describe('the documentation', () => {
  it('imports only names that exist', async () => {
    const used = documentationFiles().flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/import (?:type )?\{([^}]*)\} from '(restaple(?:\/core)?)'/g)].flatMap(
        ([, names = '', specifier = '']) =>
          names
            .split(',')
            .map((name) => name.trim())
            .filter((name) => name !== '' && !name.startsWith('type '))
            .map((name) => ({ path, specifier, name: name.replace(/ as .*$/, '') })),
      ),
    );
    for (const { specifier } of entries) {
      const names = await runtimeNames(specifier);
      for (const use of used) if (use.specifier === specifier) expect(names, use.path).toContain(use.name);
    }
  }, 30_000);
});

function documentationFiles(): string[] {
  const docs = readdirSync(join(projectFolder, 'docs')).map((name) => join('docs', name));
  return ['README.md', ...docs].filter((name) => name.endsWith('.md')).map((name) => join(projectFolder, name));
}
