import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';

import { exitCodes } from '../../src/cli/exit/exit-code.js';
import { knownKeys } from '../../src/cli/config/schema.js';
import { fetchFlags } from '../../src/cli/fetch/fetch-flags.js';
import { commandReference } from '../../src/cli/manual/command-reference.js';
import { builtDocuments, documentSources } from '../../src/cli/manual/documents.js';
import { knownFiles, knownVariables } from '../../src/cli/manual/files-and-variables.js';
import { escaped, paragraphs } from '../../src/cli/manual/roff.js';
import { projectFolder, runCommand } from '../support/run-program.js';
import { readManifest } from './manifest.js';

const texts = ['oclif.manifest.json', 'package.json', 'CHANGELOG.md', 'README.md'].map((name) =>
  readFileSync(join(projectFolder, name), 'utf8'),
);
const sources = documentSources(...(texts as [string, string, string, string]));
const documents = Object.entries(builtDocuments(sources));
const pages = documents.filter(([name]) => name.startsWith('man/'));
const { commands } = readManifest();

describe('manuals and completions', () => {
  it('are in dist/ as the definitions have them, and nothing else is', () => {
    for (const [name, text] of documents) {
      expect(readFileSync(join(projectFolder, 'dist', name), 'utf8'), name).toBe(text);
    }
    const built = ['man', 'completion'].flatMap((folder) =>
      readdirSync(join(projectFolder, 'dist', folder)).map((name) => `${folder}/${name}`),
    );
    expect(built.sort()).toEqual(documents.map(([name]) => name).sort());
  });

  it('have a page for every command, one of all, and one of the configuration file', () => {
    const own = Object.keys(commands).map((id) => `man/restaple-${id.replaceAll(':', '-')}.1`);
    expect(pages.map(([name]) => name).sort()).toEqual([...own, 'man/restaple.1', 'man/restaple.yaml.5'].sort());
  });

  it('are named in package.json one by one, since npm links no others', () => {
    const { man } = JSON.parse(texts[1]!) as { man: readonly string[] };
    expect([...man].sort()).toEqual(pages.map(([name]) => `dist/${name}`).sort());
  });

  it.each(Object.entries(commands))('name every flag of %s, and its exit codes', (id, { flags, exits = [] }) => {
    const text = pages.find(([name]) => name === `man/restaple-${id.replaceAll(':', '-')}.1`)?.[1] ?? '';
    for (const { name } of id === 'ocsp' ? [] : Object.values(flags)) {
      expect(text).toContain(`\\fB${escaped(`--${name}`)}\\fR`);
    }
    for (const code of exits) expect(text).toContain(`\n\\fB${code}\\fR\n`);
  });

  it('explain every variable of a command that is not one of a flag', () => {
    const known = knownVariables.map(({ name }) => name);
    for (const [id, { flags, variables = [] }] of Object.entries(commands)) {
      const ofFlags = Object.values(id === 'config:check' ? commands['fetch']!.flags : flags).map(({ env }) => env);
      for (const variable of variables) expect([...known, ...ofFlags], variable).toContain(variable);
    }
    const named = [...knownVariables, ...knownFiles].flatMap(({ of = [] }) => of);
    for (const id of named) expect(Object.keys(commands)).toContain(id);
  });

  it('name every setting of the configuration file', () => {
    const text = pages.find(([name]) => name.endsWith('.5'))?.[1] ?? '';
    const keys = [undefined, 'certificates', 'responders', 'hooks'].flatMap((part) => knownKeys(fetchFlags, part));
    for (const key of keys) expect(text).toContain(`\n\\fB${escaped(key)}\\fR\n`);
  });

  it('are without fault for mandoc', { tags: 'mandoc' }, async () => {
    const files = pages.map(([name]) => join(projectFolder, 'dist', name));
    const { exitCode, stdout, stderr } = await runCommand('mandoc', ['-Tlint', '-Wstyle', ...files]);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  it.each(pages)('are shown by man without a warning: %s', { tags: 'man' }, async (name) => {
    const file = join(projectFolder, 'dist', name);
    for (const width of ['60', '80', '200']) {
      const env = { PATH: process.env['PATH'], MANWIDTH: width, LC_ALL: 'C.UTF-8' };
      const { exitCode, stdout, stderr } = await runCommand('man', ['-l', '--warnings', '-E', 'UTF-8', file], { env });
      expect({ exitCode, stderr }, `${width} columns`).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toMatch(/^NAME\n +restaple/m);
    }
  });
});

describe('text of a manual', () => {
  it('is shown as it stands, whatever it begins with', { tags: 'mandoc' }, async () => {
    const texts = ['.TH a request', "'br", '\\fBbold\\n(.x', '- --flag-name ~^`"\' …'];
    const page = ['.TH X 1 2026-01-01', '.SH NAME', 'x \\- y', '.SH DESCRIPTION', ...paragraphs(texts.join('\n\n'))];
    const { stdout } = await runCommand('mandoc', ['-Tutf8', '-Owidth=80'], { input: `${page.join('\n')}\n` });
    // Bold letters are struck twice, with a backspace between.
    // eslint-disable-next-line no-control-regex -- this is it
    const shown = stdout.replaceAll(/.\u0008/gu, '');
    for (const text of texts) expect(shown).toContain(text);
  });
});

describe('docs/commands.md', () => {
  // A change that is meant: `npx vitest run test/contract/manuals.test.ts --update`.
  it('has every command and flag as they are defined', async () => {
    const page = join(projectFolder, 'docs', 'commands.md');
    const style = await resolveConfig(page);
    const text = await format(commandReference(sources.commands), { ...style, parser: 'markdown' });
    await expect(text).toMatchFileSnapshot(page);
  });
});

describe('the README', () => {
  const readme = texts[3] ?? '';

  it('has a row for every command, in one table', () => {
    const rows = [...readme.matchAll(/^\| `restaple ([a-z ]+?)(?: [A-Z[].*)?` +\|/gm)].map(([, name]) => name);
    expect(rows.sort()).toEqual(
      Object.keys(commands)
        .map((id) => id.replaceAll(':', ' '))
        .sort(),
    );
  });

  it('has every exit code', () => {
    const table = /^## Exit codes\n([^]*?)^## /m.exec(readme)?.[1] ?? '';
    const codes = [...table.matchAll(/\| (\d+(?:, \d+)?) +(?=\|)/g)].flatMap(([, codes = '']) => codes.split(', '));
    // 0 is one of them.
    expect(codes.map(Number).sort()).toEqual(Object.values(exitCodes).sort());
  });
});
