import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { runRestaple } from '../support/run-program.js';
import { testRow } from './support/fetch-row.js';
import {
  bundleOf,
  fetchJson,
  fetchSite,
  minute,
  namesIn,
  snapshot,
  storeStaple,
  unprivileged,
  withScene,
} from './support/fetch-scene.js';

const unwritable = { exitCode: 9, outcome: 'store-error' } as const;

testRow({
  ...unwritable,
  title: 'a folder in which this user may not write',
  arrange: (scene) => chmodSync(scene.folder.path, 0o555),
  user: unprivileged,
  code: 'staple-unwritable',
  message: /^cannot write .*site\.pem\.ocsp: permission denied; what was stored is untouched$/,
  hint: /run as a user that may write in .*--out$/,
});

testRow({
  ...unwritable,
  title: 'an --out in a folder that does not exist',
  flagsOf: (scene) => ['--out', scene.folder.at('nowhere', 'site.ocsp')],
  verdictOfStored: null,
  code: 'staple-unwritable',
  message: /its folder does not exist/,
  hint: /^create .*nowhere, or choose another place with --out$/,
});

it('ends with exit 9 when a folder has the name of the staple', async () => {
  await withScene(async (scene) => {
    mkdirSync(scene.staple);
    const before = snapshot(scene.folder.path);
    const { exitCode, record, stderr } = await fetchSite(scene);
    expect(exitCode).toBe(9);
    expect(record).toMatchObject({ outcome: 'store-error', written: false, error: { code: 'staple-unwritable' } });
    expect(stderr).toContain('it is a folder; what was stored is untouched\n  hint: name another file with --out');
    expect(snapshot(scene.folder.path)).toEqual(before);
    expect(readdirSync(scene.staple)).toEqual([]);
  });
});

it('ends with exit 9 when the staple is a dangling link, and makes nothing at its end', async () => {
  await withScene(async (scene) => {
    symlinkSync('elsewhere.ocsp', scene.staple);
    const before = snapshot(scene.folder.path);
    const { exitCode, record, stderr } = await fetchSite(scene);
    expect(exitCode).toBe(9);
    expect(record).toMatchObject({ outcome: 'store-error', written: false, error: { code: 'staple-unsafe' } });
    expect(stderr).toMatch(/it is a dangling link to .*elsewhere\.ocsp\n {2}hint: create an empty file there/);
    expect(snapshot(scene.folder.path)).toEqual(before);
  });
});

it('never replaces the end of a link that is not an OCSP response', async () => {
  await withScene(async (scene) => {
    const precious = scene.folder.write('precious.conf', 'listen 443');
    symlinkSync('precious.conf', scene.staple);
    const { exitCode, record } = await fetchSite(scene);
    expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 9, code: 'staple-unsafe' });
    expect(readFileSync(precious, 'utf8')).toBe('listen 443');
  });
});

it('replaces the end of a link to an empty file, and the link stays', async () => {
  await withScene(async (scene) => {
    const target = scene.folder.write('real.ocsp', '');
    symlinkSync('real.ocsp', scene.staple);
    const { exitCode, record } = await fetchSite(scene);
    expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
    expect(readFileSync(target).length).toBeGreaterThan(100);
    expect(snapshot(scene.folder.path)['site.pem.ocsp']).toMatch(/real\.ocsp$/);
  });
});

it.each([
  ['a file', 'staples/site.der', 'staples/site.der'],
  ['a folder that exists', 'staples', 'staples/site.pem.ocsp'],
  ['a folder by its slash', 'staples/', 'staples/site.pem.ocsp'],
  ['a template', 'staples/{name}.der', 'staples/site.der'],
  ['a template with the whole name', 'staples/{base}.staple', 'staples/site.pem.staple'],
])('writes where --out says: %s', async (_form, out, expected) => {
  await withScene(async (scene) => {
    mkdirSync(scene.folder.at('staples'));
    const { exitCode, record } = await fetchSite(scene, ['--out', scene.folder.at() + '/' + out]);
    expect({ exitCode, outcome: record.outcome, staple: record.staple }).toEqual({
      exitCode: 0,
      outcome: 'updated',
      staple: scene.folder.at(expected),
    });
    expect(existsSync(scene.folder.at(expected))).toBe(true);
    expect(namesIn(scene)).toEqual(['site.pem', 'staples']);
    const verified = await runRestaple(['verify', '--out', scene.folder.at() + '/' + out, scene.certificate]);
    expect(verified.exitCode).toBe(0);
  });
});

it('fills {dir}, {serial} and {fingerprint} of a template', async () => {
  await withScene(async (scene) => {
    const { record } = await fetchSite(scene, ['--out', '{dir}/{serial}-{fingerprint}.der']);
    const name = record.staple?.replace(`${scene.folder.path}/`, '') ?? '';
    expect(name).toMatch(new RegExp(`^${scene.site.serialNumber}-[0-9a-f]{64}\\.der$`));
    expect(namesIn(scene)).toEqual([name, 'site.pem'].sort());
  });
});

it('refuses a placeholder that does not exist with exit 2, before anybody is asked', async () => {
  await withScene(async (scene) => {
    const result = await runRestaple(['fetch', '--allow-private', '--out', '{subject}.der', scene.certificate]);
    expect({ exitCode: result.exitCode, stdout: result.stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(/there is no placeholder \{subject\}\n {2}hint: use \{dir\} \{base\}/);
    expect(scene.responder.requests).toEqual([]);
  });
});

it.each([
  ['one file for both', (folder: string) => `${folder}/staple.der`],
  ['a template that is the same for both', () => '{dir}/staple.der'],
])('gives one of two certificates the staple that both would have, and goes on: %s', async (_what, out) => {
  await withScene(async (scene) => {
    const other = scene.authority.issue({ ocspUris: [scene.responder.url] });
    const second = scene.folder.write('other.pem', bundleOf(other, scene.authority));
    const words = ['fetch', '--json', '--allow-private', '--out', out(scene.folder.path), scene.certificate, second];
    for (const outcome of ['updated', 'fresh']) {
      const result = await runRestaple(words);
      expect(result.exitCode).toBe(8);
      const records = result.lines().filter((line) => 'outcome' in line);
      expect(records).toHaveLength(2);
      expect(records).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ certificate: scene.certificate, outcome }),
          expect.objectContaining({
            certificate: second,
            outcome: 'input-error',
            error: expect.objectContaining({
              code: 'staple-path-taken',
              hint: expect.stringMatching(/^use \{name\} in --out/) as string,
            }) as object,
          }),
        ]),
      );
      expect(result.stderr).toMatch(/other\.pem: its staple .*staple\.der is that of .*site\.pem\n {2}hint: /);
    }
    expect(namesIn(scene)).toEqual(['other.pem', 'site.pem', 'staple.der']);
    // The one that the stored staple is about keeps it, although the other is named first.
    const turned = await runRestaple([...words.slice(0, -2), second, scene.certificate]);
    expect(turned.lines().find(({ certificate }) => certificate === scene.certificate)).toMatchObject({
      outcome: 'fresh',
    });
  });
});

it('sees through two spellings of one staple path', async () => {
  await withScene(async (scene) => {
    const words = ['fetch', '--json', '--allow-private', '--out', '{dir}/staple.der', './a/site.pem', 'a/other.pem'];
    const other = scene.authority.issue({ ocspUris: [scene.responder.url] });
    scene.folder.write('a/site.pem', bundleOf(scene.site, scene.authority));
    scene.folder.write('a/other.pem', bundleOf(other, scene.authority));
    const result = await runRestaple(words, { cwd: scene.folder.path });
    expect(result.exitCode).toBe(8);
    expect(result.lines().at(-1)).toMatchObject({ summary: { updated: 1, 'input-error': 1 } });
  });
});

it('takes the same certificate in two files for one job where they have one staple', async () => {
  await withScene(async (scene) => {
    const copy = scene.folder.write('copy/site.crt', bundleOf(scene.site, scene.authority));
    for (const token of ['serial', 'fingerprint', 'name']) {
      const out = scene.folder.at(`{${token}}.der`);
      const result = await fetchJson(['--out', out, scene.certificate, copy]);
      expect(result.summary).toMatchObject({ total: 1, updated: 1 });
      expect(result.exitCode).toBe(0);
    }
  });
});

it('fetches and verifies with --dry-run and writes nothing', async () => {
  await withScene(async (scene) => {
    const before = snapshot(scene.folder.path);
    const { exitCode, record, stderr } = await fetchSite(scene, ['--dry-run', '--verbose']);
    expect(exitCode).toBe(0);
    expect(record).toMatchObject({ outcome: 'updated', written: false, verdict: null });
    expect(stderr).toContain(`restaple: would update ${scene.staple}`);
    expect(scene.responder.requests).toHaveLength(1);
    expect(snapshot(scene.folder.path)).toEqual(before);
  });
});

describe('--dry-run says what it would do, whether anybody is watching or not', () => {
  it('of a staple that is due, the targets, the commands and the metrics; the times are those of the answer', async () => {
    await withScene(async (scene) => {
      const { responder, certificate, staple, folder } = scene;
      const words = [
        ...['fetch', '--allow-private', '--dry-run', '--reload', 'haproxy:/run/x.sock', '--reload', 'exec:true'],
        ...['--confirm', '127.0.0.1:1', '--on-updated', 'touch updated', '--metrics', folder.at('m.prom'), certificate],
      ];
      const before = snapshot(folder.path);
      const text = await runRestaple(words);
      expect(text).toMatchObject({ exitCode: 0, stdout: '' });
      expect(text.stderr.split('\n')).toEqual([
        expect.stringMatching(`^restaple: would update ${staple} \\(good until \\S+Z, due \\S+Z\\)$`),
        `restaple: would run --on-updated for ${certificate}: touch updated`,
        'restaple: would tell haproxy:/run/x.sock: 1 staple',
        'restaple: would tell exec:true: 1 staple',
        'restaple: would ask 127.0.0.1:1 for its staple by a handshake',
        `restaple: would write ${folder.at('m.prom')}`,
        '',
      ]);
      expect(await runRestaple([...words, '--quiet'])).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
      const json = await fetchSite(scene, ['--dry-run']);
      expect(json).toMatchObject({ exitCode: 0, stderr: '' });
      expect(json.record).toMatchObject({ outcome: 'updated', written: false, verdict: null });
      expect(snapshot(folder.path)).toEqual(before);
      // What the run then stores has these times, but for the seconds between.
      const { record } = await fetchSite(scene);
      for (const time of ['thisUpdate', 'nextUpdate', 'nextRefresh'] as const) {
        expect(Math.abs(Date.parse(json.record[time]!) - Date.parse(record[time]!))).toBeLessThan(minute);
      }
      expect(responder.requests.length).toBe(4);
    });
  });

  it('of a fresh one, a revoked one and one without a responder', async () => {
    await withScene(async (scene) => {
      storeStaple(scene);
      const none = scene.folder.write('none.pem', bundleOf(scene.authority.issue(), scene.authority));
      const flags = ['--allow-private', '--dry-run'];
      const { exitCode, stderr } = await runRestaple(['fetch', ...flags, scene.certificate, none]);
      expect(exitCode).toBe(0);
      expect(stderr).toMatch(`restaple: would leave ${scene.staple} (good until`);
      expect(stderr).toMatch(`restaple: no responder ${none}: `);

      const revokedAt = new Date('2026-01-05T10:00:00Z');
      scene.responder.behaviour = answer(scene.authority, { revokedAt });
      const revoked = await fetchSite(scene, ['--dry-run', '--force', '--on-revoked', 'false']);
      expect(revoked).toMatchObject({ exitCode: 3, record: { outcome: 'revoked', written: false, verdict: 'good' } });
      expect(revoked.record.thisUpdate).not.toBeNull();
      const text = await runRestaple(['fetch', ...flags, '--force', '--on-revoked', 'page me', scene.certificate]);
      expect(text.stderr).toContain(`would run --on-revoked for ${scene.certificate}: page me`);
    });
  });
});

it('clears away the temporary file of a run that died', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    writeFileSync(scene.folder.at('.site.pem.ocsp.restaple-tmp'), 'half a staple');
    const { record } = await fetchJson([scene.certificate]);
    expect(record.outcome).toBe('fresh');
    expect(namesIn(scene)).toEqual(['site.pem', 'site.pem.ocsp']);
  });
});

it('warns once of a staple that haproxy will not take for its size, where haproxy is told or would look for it', async () => {
  await withScene(async (scene) => {
    const padded = (octets: number) =>
      answer(scene.authority, 'good', {
        response: { extensions: [{ oid: '1.3.6.1.4.1.99999.1', value: Buffer.alloc(octets) }] },
      });
    const warning = /the response has \d+ octets, and haproxy ignores a file of more than 16384 octets/g;
    const forClients =
      /the response has \d+ octets, and clients of TLS 1\.2 abort the handshake on one of more than 16380/g;
    const warnings = async (...words: string[]): Promise<Record<string, number | null>> => {
      const { record, stderr, exitCode } = await fetchSite(scene, ['--force', ...words]);
      const [count, ofClients] = [warning, forClients].map((pattern) => stderr.match(pattern)?.length ?? 0) as [
        number,
        number,
      ];
      expect(record.warnings ?? []).toHaveLength(count + ofClients);
      return { count, exitCode, ...(ofClients === 0 ? {} : { ofClients }) };
    };
    const other = scene.folder.at('site.der');
    scene.responder.behaviour = padded(16_384);
    expect(await warnings()).toEqual({ count: 1, exitCode: 0 });
    // Any other server serves it.
    expect(await warnings('--out', other)).toEqual({ count: 0, exitCode: 0, ofClients: 1 });
    // Nothing is stored, and the target cannot be reached.
    expect(await warnings('--dry-run')).toEqual({ count: 0, exitCode: 0 });
    const target = `haproxy:${scene.folder.at('no.sock')}`;
    expect(await warnings('--out', scene.folder.at('told.der'), '--reload', target)).toEqual({
      count: 1,
      exitCode: 10,
    });
    scene.responder.behaviour = padded(15_000);
    expect(await warnings()).toEqual({ count: 0, exitCode: 0 });
  });
});
