import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { programPath, projectFolder, runCommand } from '../support/run-program.js';
import { freePort, isListening } from '../support/servers/free-port.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

/** The one thing changed in the page's commands: two runs at a time must not want the same port. */
const pagePort = '8443';

interface Block {
  readonly language: string;
  readonly text: string;
}

function readBlocks(port: number): Block[] {
  const page = readFileSync(join(projectFolder, 'docs', 'private-pki.md'), 'utf8');
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text: text.replaceAll(pagePort, String(port)),
  }));
}

let folder: TemporaryFolder;
let port: number;

beforeEach(async () => {
  folder = createTemporaryFolder();
  mkdirSync(folder.at('bin'));
  mkdirSync(folder.at('work'));
  symlinkSync(programPath, folder.at('bin', 'restaple'));
  port = await freePort();
});

afterEach(() => {
  endHaproxy();
  folder.remove();
});

/** The page's last command ends it; a page that fails before that must not leave it behind. */
function endHaproxy(): void {
  try {
    process.kill(Number(readFileSync(folder.at('work', 'haproxy.pid'), 'utf8')), 'SIGTERM');
  } catch {
    // It never started, or it has ended.
  }
}

/** Runs one block in the folder of the page; a failed line ends it. */
async function runBlock(text: string, timeoutMilliseconds = 40_000): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand('bash', ['-euo', 'pipefail', '-c', text], {
    timeoutMilliseconds,
    cwd: folder.at('work'),
    env: { PATH: `${folder.at('bin')}:${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
  if (exitCode !== 0) throw new Error(`a block of the page ended with ${exitCode}:\n${text}\n${stdout}${stderr}`);
  return stdout + stderr;
}

function missingLines(expected: string, output: string): string[] {
  return expected
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !output.includes(line));
}

/** What a reader does who looks again while haproxy is still loading. */
async function runUntilShown(text: string, expected: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const output = await runBlock(text);
    const missing = missingLines(expected, output);
    if (missing.length === 0) return;
    if (performance.now() > deadline) expect(output, `the output of\n${text}`).toContain(missing[0]);
    await wait(200);
  }
}

describe('docs/private-pki.md', () => {
  it(
    'leads by its own commands from openssl ca to a haproxy that staples good and then revoked',
    { timeout: 120_000, tags: ['bash', 'haproxy', 'openssl'] },
    async () => {
      const blocks = readBlocks(port);
      const commands = blocks.filter(({ language }) => language === 'sh');
      expect(commands.length).toBeGreaterThanOrEqual(8);
      expect(blocks.filter(({ language }) => language === 'text').length).toBeGreaterThanOrEqual(3);
      for (const [position, { language, text }] of blocks.entries()) {
        if (language !== 'sh') continue;
        const next = blocks[position + 1];
        if (next?.language === 'text') await runUntilShown(text, next.text);
        else await runBlock(text);
      }
      // Its last command has ended the server.
      await expect.poll(() => isListening(port), { timeout: 20_000, interval: 100 }).toBe(false);
    },
  );

  it(
    'is one script too, which nobody has to run slowly',
    { timeout: 120_000, tags: ['bash', 'haproxy', 'openssl'] },
    async () => {
      const blocks = readBlocks(port);
      const script = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
      const output = await runBlock(script.join('\n'), 90_000);
      for (const { language, text } of blocks) {
        if (language === 'text') expect(missingLines(text, output)).toEqual([]);
      }
      await expect.poll(() => isListening(port), { timeout: 20_000, interval: 100 }).toBe(false);
    },
  );

  it('has every block in a language that says whether it is run', () => {
    const languages = new Set(readBlocks(port).map(({ language }) => language));
    expect([...languages].sort()).toEqual(['cron', 'sh', 'text']);
    const page = readFileSync(join(projectFolder, 'docs', 'private-pki.md'), 'utf8');
    expect(page.match(/^```/gm)).toHaveLength(2 * readBlocks(port).length);
  });
});
