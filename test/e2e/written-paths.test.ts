import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import { withScene } from './support/fetch-scene.js';

describe('a path that restaple writes to', () => {
  it('by fetch or generate keeps a key or certificate that is there', async () => {
    await withScene(async ({ authority, folder, certificate, site }) => {
      const ca = folder.write('ca.pem', authority.certificate.pem);
      const key = folder.write('ca.key', authority.keyPem, 0o600);
      const path = folder.at('site.ocsp');
      for (const text of [authority.keyPem, site.certificate.pem]) {
        writeFileSync(path, text);
        const fetched = await runRestaple(['fetch', '--allow-private', '--out', path, certificate]);
        expect(fetched.exitCode).toBe(9);
        expect(fetched.stderr).toContain(`refused to replace ${path}`);
        expect(fetched.stderr).toContain(`hint: name another file with --out, or move ${path} away\n`);
        const signed = ['--ca-cert', ca, '--ca-key', key, '--status', 'good', '--out', path, certificate];
        expect((await runRestaple(['generate', ...signed])).exitCode).toBe(9);
        expect(readFileSync(path, 'utf8')).toBe(text);
      }
    });
  });

  it('is refused for what a template, a request or metrics would cost as well', async () => {
    await withScene(async ({ authority, folder, certificate }) => {
      for (const words of [
        ['--out', '{dir}/{name}.key'],
        ['--request-out', folder.at('site.key')],
        ['--request-out', folder.at('site.req')],
        ['--metrics', folder.at('site.key')],
        ['--metrics', folder.at('site.prom')],
      ]) {
        const path = words[1]!.replace('{dir}', folder.path).replace('{name}', 'site');
        writeFileSync(path, authority.keyPem);
        const { exitCode, stderr } = await runRestaple(['fetch', '--allow-private', '--force', ...words, certificate]);
        expect([words, exitCode]).toEqual([words, 9]);
        expect(stderr).toMatch(/refused to replace .* PEM with a PRIVATE KEY/);
        expect(readFileSync(path, 'utf8')).toBe(authority.keyPem);
      }
    });
  });

  it('is replaced whatever is in it, truncated, garbage or empty, where its name stands for a staple', async () => {
    await withScene(async ({ folder, certificate }) => {
      for (const [name, bytes] of [
        ['out.ocsp', ''],
        ['out.der', 'garbage'],
        ['out.resp', '\u0030\u0003'],
      ] as const) {
        const path = folder.write(name, bytes);
        const { exitCode } = await runRestaple(['fetch', '--allow-private', '--out', path, certificate]);
        expect([name, bytes, exitCode]).toEqual([name, bytes, 0]);
        expect(readFileSync(path)[0]).toBe(0x30);
      }
    });
  });

  it('under another name is replaced only where an OCSP response is in it', async () => {
    await withScene(async ({ folder, certificate, staple }) => {
      const fetch = async (path: string): Promise<number | null> =>
        (await runRestaple(['fetch', '--allow-private', '--force', '--out', path, certificate])).exitCode;
      expect(await fetch(staple)).toBe(0);
      writeFileSync(folder.at('staple'), readFileSync(staple));
      expect(await fetch(folder.at('staple'))).toBe(0);
      for (const text of ['notes of mine\n', Buffer.alloc(2_000_000, 'x').toString()]) {
        const path = folder.write('notes.txt', text);
        expect(await fetch(path)).toBe(9);
        expect(readFileSync(path, 'utf8')).toBe(text);
      }
    });
  });
});
