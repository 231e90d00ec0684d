import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { readManifest } from '../contract/manifest.js';
import { runRestaple } from '../support/run-program.js';
import { runInTerminal } from '../support/run-in-terminal.js';

const commands = Object.entries(readManifest().commands).map(([id, command]) => ({
  words: id.split(':'),
  name: id.replaceAll(':', ' '),
  command,
}));

async function helpOf(...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runRestaple(words);
  expect({ exitCode, stderr }, words.join(' ')).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

describe.each(commands)('the help of $name', ({ words, name, command }) => {
  it('has the usual flags on one screen with -h', async () => {
    const lines = (await helpOf(...words, '-h')).trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(24);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(lines.join('\n')).toContain(`Usage: restaple ${name}`);
    expect(lines.join('\n')).toContain(`restaple ${name} --help`);
  });

  it('has everything with --help, in groups, in 80 columns', async () => {
    const text = await helpOf(...words, '--help');
    for (const { name: flag, helpGroup = '' } of Object.values(command.flags)) {
      const start = text.indexOf(`\n${helpGroup.toUpperCase()}: `);
      expect(start, `${flag} in ${helpGroup}`).toBeGreaterThan(0);
      const end = text.indexOf('\n\n', start);
      expect(text.slice(start, end), helpGroup).toMatch(new RegExp(`^  (?:-\\w, )?--(?:\\[no-\\])?${flag}\\b`, 'm'));
    }
    const manual = text
      .slice(text.indexOf('\nMANUAL\n') + '\nMANUAL\n'.length)
      .trim()
      .split(/\s+/);
    expect(manual.length).toBeGreaterThan(0);
    for (const page of manual) expect(existsSync(page), page).toBe(true);
    for (const line of text.slice(0, text.indexOf('\nMANUAL')).split('\n')) {
      expect(line.length, line).toBeLessThanOrEqual(80);
    }
    expect(text).toMatch(/^EXIT CODES.*\n {2}0 +all is well/m);
    expect(text).toContain(`EXAMPLES\n  `);
    expect(text).not.toMatch(/\[default: \]|undefined|<%/);
  });

  it('has text for every exit code', () => {
    expect(command.exits).not.toEqual([]);
    expect(command.usage).not.toEqual([]);
  });
});

describe('the help', () => {
  it.each([
    ['help fetch', 'fetch --help'],
    ['help:fetch', 'fetch --help'],
    ['help:config:check', 'config check --help'],
    ['help:config check', 'config check --help'],
    ['help config check', 'config check --help'],
    ['help config:check', 'config check --help'],
    ['help config', 'config --help'],
    ['help', '--help'],
    ['help help', '--help'],
    ['help help fetch', 'fetch --help'],
    ['help --help', '--help'],
    ['-h', '--help'],
    ['help -h', '--help'],
    ['fetch --timeout -h site.pem', 'fetch -h'],
    ['verify site.pem --help', 'verify --help'],
    ['', '--help'],
  ])('is the same for "restaple %s" and "restaple %s"', async (one, other) => {
    const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
    expect(await helpOf(...words(one))).toBe(await helpOf(...words(other)));
  });

  it('lists every command, and of a topic its own', async () => {
    const all = await helpOf('--help');
    for (const { name } of commands) expect(all).toMatch(new RegExp(`^  ${name} `, 'm'));
    const own = await helpOf('config');
    expect(own).toMatch(/^ {2}config check /m);
    expect(own).not.toMatch(/^ {2}fetch /m);
  });

  it('is as wide as the terminal, wrapped once, with examples that can be pasted', async () => {
    for (const columns of [60, 120]) {
      const { lines } = await runInTerminal(['fetch', '--help'], { columns });
      const body = lines.slice(0, lines.indexOf('MANUAL'));
      const longest = Math.max(...body.map((line) => line.length));
      expect(longest).toBeLessThanOrEqual(columns);
      expect(longest).toBeGreaterThan(columns - 10);
      const text = lines.join('\n').replace(/ \\\n\s+/g, ' ');
      expect(text).toContain(
        '  restaple fetch --reload haproxy:/run/haproxy/admin.sock --confirm 127.0.0.1:443 site.pem\n',
      );
    }
  });

  it('of a command that is not there is an error', async () => {
    for (const words of [
      ['help', 'fetsch'],
      ['fetsch', '--help'],
      ['fetsch', '-h'],
    ]) {
      expect(await runRestaple(words)).toMatchObject({
        exitCode: 2,
        stdout: '',
        stderr: 'restaple: there is no command "fetsch"\n  hint: did you mean: restaple fetch\n',
      });
    }
  });
});

describe('the version', () => {
  it.each([['-V'], ['--version'], ['fetch --version'], ['fetch -V'], ['config check -V'], ['fetch site.pem -V']])(
    'is the answer to "restaple %s"',
    async (line) => {
      expect(await helpOf(...line.split(' '))).toMatch(/^restaple\/\d+\.\d+\.\d+ \S+ node-v\S+\n$/);
    },
  );

  it('is not the answer to a file of that name', async () => {
    expect((await runRestaple(['uri', '--', '-V'])).stderr).toContain('-V does not exist');
  });
});
