import { expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import type { Behaviour } from '../support/misbehaving-responder.js';
import { runRestaple, type RunResult } from '../support/run-program.js';
import { withScene, type Scene, type SceneOptions } from './support/fetch-scene.js';

/** Clears the screen, sets the title, turns text around, and starts lines of its own. */
const hostile = '\u001b[2J\u001b]0;owned\u0007\u202egood\u2066\u009b31m\r\nrestaple: updated';

// eslint-disable-next-line no-control-regex -- what a terminal would act on; the line feed ends our own lines
const raw = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

interface Case extends SceneOptions {
  readonly what: string;
  readonly arrange?: (scene: Scene) => void;
  readonly exitCode: number;
}

function replying(text: string): Behaviour {
  return ({ socket }) => void socket.end(Buffer.from(text, 'latin1'));
}

const cases: readonly Case[] = [
  {
    what: 'the name of an issuer that was not found',
    authority: { name: hostile },
    arrange: (scene) => scene.folder.write('site.pem', scene.site.certificate.pem),
    exitCode: 8,
  },
  { what: 'a responder URI', certificate: (url) => ({ ocspUris: [`${url}/${hostile}`] }), exitCode: 7 },
  {
    what: 'the scheme of a responder URI',
    certificate: () => ({ ocspUris: [`${hostile}://x`], mustStaple: true }),
    exitCode: 11,
  },
  {
    what: 'a caIssuers URI',
    certificate: (url) => ({ caIssuersUris: [`${url}/${hostile}`] }),
    arrange: (scene) => scene.folder.write('site.pem', scene.site.certificate.pem),
    exitCode: 8,
  },
  {
    what: 'a content type',
    arrange: (scene) => {
      scene.responder.behaviour = answer(scene.authority, 'good', { headers: { 'content-type': 'text/\u009b31m' } });
    },
    exitCode: 0,
  },
  {
    what: 'the place of a redirect',
    arrange: (scene) => {
      scene.responder.behaviour = replying('HTTP/1.1 302 Found\r\nlocation: http://x/\u009b31m\u0085\r\n\r\n');
    },
    exitCode: 7,
  },
  {
    what: 'the status line',
    arrange: (scene) => {
      scene.responder.behaviour = replying('HTTP/1.1 500 \u001b[2J\u009b31m\r\ncontent-length: 0\r\n\r\n');
    },
    exitCode: 7,
  },
  {
    what: 'what is not HTTP',
    arrange: (scene) => {
      scene.responder.behaviour = replying('\u001b[2J\u009b31m\u0007 welcome\r\n\r\n');
    },
    exitCode: 7,
  },
];

function expectHarmless({ stdout, stderr }: RunResult): void {
  expect(stdout).not.toMatch(raw);
  expect(stderr).not.toMatch(raw);
  // Each line is ours: a line feed in a hostile text starts no new one.
  expect(stderr.split('\n').filter((line) => line.startsWith('restaple: updated'))).toEqual([]);
}

it.each(cases)('never prints control characters from $what', async ({ arrange, exitCode, ...options }) => {
  await withScene(async (scene) => {
    arrange?.(scene);
    const words = ['fetch', '--verbose', '--allow-private', '--retries', '0', '--timeout', '5s'];
    for (const form of [[], ['--json']]) {
      const result = await runRestaple([...words, '--force', ...form, scene.certificate]);
      expect(result.exitCode).toBe(exitCode);
      if (exitCode !== 0) expectHarmless(result);
      else expect(result.stdout + result.stderr).not.toMatch(raw);
      if (form.length > 0) expect(result.lines()).toHaveLength(2);
    }
  }, options);
});

it('never prints control characters from a file name', async () => {
  await withScene(async (scene) => {
    const name = `site${hostile.replaceAll('/', '')}.pem`;
    const bad = scene.folder.write(name, 'no certificate');
    const result = await runRestaple(['fetch', '--json', bad]);
    expect(result.exitCode).toBe(8);
    expectHarmless(result);
    // In JSON the name is whole, once it has been parsed.
    expect(result.lines()[0]).toMatchObject({ certificate: bad });
  });
});

it('never prints control characters from a flag', async () => {
  const result = await runRestaple(['fetch', '--timeout', hostile, 'site.pem']);
  expect(result.exitCode).toBe(2);
  expectHarmless(result);
});

it('keeps names and serial numbers of any length out of its messages', async () => {
  const longest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));
  await withScene(
    async (scene) => {
      const alone = scene.folder.write('alone.pem', scene.site.certificate.pem);
      const { exitCode, stderr } = await runRestaple(['fetch', '--verbose', '--allow-private', alone]);
      expect(exitCode).toBe(8);
      expect(stderr).toMatch(/the issuer CN=xxx.*\[…\].*x /);
      expect(longest(stderr)).toBeLessThan(1200);
      const [record] = (await runRestaple(['fetch', '--json', alone])).lines();
      expect((record?.['error'] as { message: string }).message.length).toBeLessThan(1200);
      for (const words of [['fetch', '--verbose', '--allow-private'], ['verify'], ['verify', '--lint']]) {
        const result = await runRestaple([...words, scene.certificate]);
        expect([words, longest(result.stderr) < 1200]).toEqual([words, true]);
      }
    },
    {
      authority: { name: 'x'.repeat(15_000) },
      certificate: (url) => ({ ocspUris: [url], serialNumber: `4${'2'.repeat(59_999)}` }),
    },
  );
});
