import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';

import { optionGroups } from '../../src/cli/ocsp/option-table.js';
import { projectFolder } from '../support/run-program.js';
import { readManifest } from './manifest.js';

function opensslSpellings(rows: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(rows).map((option) => `-${option}`);
}

const snapshot = join(import.meta.dirname, 'command-surface.json');

describe('the manifest', () => {
  it('is there and lists every command, so that oclif loads none to find one', () => {
    expect(existsSync(join(projectFolder, 'oclif.manifest.json'))).toBe(true);
    const sources = readdirSync(join(projectFolder, 'src', 'commands'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => name.replace(/\.ts$/, '').replaceAll('/', ':'));
    expect(Object.keys(readManifest().commands).sort()).toEqual(sources.sort());
  });

  it('has a description and an example for every command, and a description for every flag', () => {
    for (const [name, command] of Object.entries(readManifest().commands)) {
      expect(command.description, name).toMatch(/\S/);
      expect(command.examples, name).not.toEqual([]);
      for (const flag of Object.values(command.flags)) expect(flag.description, `${name} --${flag.name}`).toMatch(/\S/);
    }
  });

  it('has examples that use only flags that exist', () => {
    for (const [name, command] of Object.entries(readManifest().commands)) {
      const known = Object.values(command.flags).flatMap((flag) => [
        `--${flag.name}`,
        ...(flag.allowNo === true ? [`--no-${flag.name}`] : []),
        ...(flag.char === undefined ? [] : [`-${flag.char}`]),
      ]);
      // What `ocsp` takes is openssl's.
      if (name === 'ocsp') known.push(...Object.values(optionGroups).flatMap(opensslSpellings));
      for (const example of command.examples) {
        const words = /<%= config\.bin %> ([^|]*)/.exec(example)?.[1]?.split(/\s+/) ?? [];
        const own = name.split(':');
        expect(words.slice(0, own.length), example).toEqual(own);
        for (const word of words) {
          if (/^--?[a-z0-9]/.test(word)) expect(known, example).toContain(word);
        }
      }
    }
  });
});

describe('the command surface', () => {
  // A change that is meant: `npx vitest run test/contract/command-surface.test.ts --update`, and a line in CHANGELOG.md.
  it('is the committed one: a flag that is renamed, retyped or gone is heard of', async () => {
    const surface = Object.fromEntries(
      Object.entries(readManifest().commands)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { args, flags }]) => [
          name,
          {
            arguments: Object.values(args).map((argument) => ({
              name: argument.name,
              required: argument.required ?? false,
            })),
            flags: Object.values(flags)
              .sort((a, b) => (a.name < b.name ? -1 : 1))
              .map(({ name: flag, char, type, options, default: byDefault, multiple, allowNo, exclusive, env }) => ({
                name: flag,
                ...(char === undefined ? {} : { char }),
                type,
                ...(options === undefined ? {} : { options }),
                ...(byDefault === undefined ? {} : { default: byDefault }),
                ...(multiple === true ? { multiple } : {}),
                ...(allowNo === true ? { allowNo } : {}),
                ...(exclusive === undefined ? {} : { exclusive }),
                ...(env === undefined ? {} : { env }),
              })),
          },
        ]),
    );
    const style = await resolveConfig(snapshot);
    await expect(await format(JSON.stringify(surface), { ...style, parser: 'json' })).toMatchFileSnapshot(snapshot);
  });
});
