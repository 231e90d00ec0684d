import { chmodSync, existsSync, mkdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { certificateRequest } from '../support/bundles.js';
import { buildCrl } from '../support/crl.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { bundleOf, fetchJson, storeStaple, unprivileged, withScene, type Scene } from './support/fetch-scene.js';

const config = 'defaults: { allow-private: true, timeout: 5s, retries: 0 }\n';

/** Sources that lead to no file, each with the words of its error. */
function badSources({ folder }: Scene): Record<string, RegExp> {
  folder.write('not-a-list', '-----BEGIN CERTIFICATE-----\n');
  return {
    [folder.at('*.none')]: /\*\.none: no file matches$/,
    [folder.at('missing/')]: /missing\/ does not exist$/,
    [folder.at('missing.pem')]: /missing\.pem does not exist$/,
  };
}

describe('a source that leads to no file', () => {
  it('is an input error of its own on the command line, and stops no other', async () => {
    await withScene(async (scene) => {
      const bad = badSources(scene);
      const { exitCode, records, summary } = await fetchJson([...Object.keys(bad), scene.certificate]);
      expect(exitCode).toBe(8);
      expect(existsSync(scene.staple)).toBe(true);
      expect(summary).toMatchObject({ total: 4, updated: 1, 'input-error': 3 });
      for (const [certificate, message] of Object.entries(bad)) {
        const record = records.find((one) => one.certificate === certificate);
        expect(record).toMatchObject({ outcome: 'input-error', staple: null, error: { code: 'file-not-found' } });
        expect(record?.error?.message).toMatch(message);
      }
      const shown = await runRestaple(['fetch', scene.folder.at('*.none'), scene.certificate]);
      expect(shown.stderr).toMatch(/^restaple: input-error .*\*\.none: no file matches\n {2}hint: check the pattern/);
    });
  });

  it('is one in a configuration, a crt-list that is missing or is none included', { tags: 'flock' }, async () => {
    await withScene(async (scene) => {
      const { folder } = scene;
      const bad = Object.keys(badSources(scene)).map((path) => `  - '${path}'\n`);
      const lists = ['gone', 'not-a-list'].map((name) => `  - crt-list: ${name}\n`);
      const text = ['certificates:\n', ...bad, ...lists, '  - site.pem\n', config].join('');
      const file = folder.write('restaple.yaml', text);
      const result = await runRestaple(['fetch', '--json', '--config', file]);
      expect(result.exitCode).toBe(8);
      expect(
        result.lines().map((line) => [line['outcome'], (line['error'] as { code?: string } | undefined)?.code]),
      ).toEqual(
        expect.arrayContaining([
          ['input-error', 'malformed-crt-list'],
          ['updated', undefined],
        ]),
      );
      expect(result.lines().at(-1)).toMatchObject({ summary: { total: 6, updated: 1, 'input-error': 5 } });
    });
  });

  it('is one for verify, uri, generate and reload too', async () => {
    await withScene(async (scene) => {
      storeStaple(scene);
      const { folder, authority } = scene;
      const none = folder.at('*.none');
      const words = [none, scene.certificate];
      const verified = await runRestaple(['verify', '--json', ...words]);
      expect(verified.exitCode).toBe(8);
      expect(verified.lines()).toMatchObject([
        { certificate: none, error: { code: 'file-not-found' } },
        { verdict: 'good' },
      ]);
      const checked = await runRestaple(['verify', '--nagios', ...words]);
      expect(checked).toMatchObject({ exitCode: 3 });
      expect(checked.stdout).toMatch(/^OCSP UNKNOWN - 1 unjudged \(.*\*\.none\), 1 staple good/);
      const uris = await runRestaple(['uri', ...words]);
      expect(uris).toMatchObject({ exitCode: 8, stdout: `${scene.certificate}\t${scene.responder.url}\n` });
      const ca = [
        folder.write('ca.crt', authority.certificate.pem),
        folder.write('ca.key', authority.keyPem, 0o600),
      ] as const;
      const out = folder.at('{name}.der');
      const signed = await runRestaple([
        'generate',
        '--json',
        '--ca-cert',
        ca[0],
        '--ca-key',
        ca[1],
        '--out',
        out,
        ...words,
      ]);
      expect(signed.exitCode).toBe(8);
      expect(signed.lines()).toMatchObject([{ error: { code: 'file-not-found' } }, { status: 'good' }]);
      const told = await runRestaple(['reload', 'exec:true', ...words]);
      expect(told.exitCode).toBe(8);
      expect(told.stderr).toContain('no file matches');
    });
  });
});

describe('a lineage of certbot', () => {
  it('that cannot be read is an input error for fetch, verify and a monitor, whatever keeps it from being read', async () => {
    await withScene(async (scene) => {
      const { folder } = scene;
      chmodSync(folder.path, 0o755);
      const pem = bundleOf(scene.site, scene.authority);
      const good = folder.write('live/good/fullchain.pem', pem);
      folder.write('live/README', 'certbot wrote this');
      mkdirSync(folder.at('live/empty'));
      folder.write('live/leaf/cert.pem', pem);
      folder.write('live/chain/chain.pem', scene.authority.certificate.pem);
      folder.write('live/chain/privkey.pem', 'x');
      folder.write('live/hollow/fullchain.pem', '');
      folder.write('archive/fullchain1.pem', pem, 0o600);
      const link = (name: string, target: string): void => {
        mkdirSync(folder.at('live', name));
        symlinkSync(target, folder.at('live', name, 'fullchain.pem'));
      };
      link('dangling', '../../archive/gone.pem');
      link('secret', '../../archive/fullchain1.pem');
      link('circle', 'fullchain.pem');
      folder.write('live/halved/cert.pem', pem);
      folder.write('live/halved/privkey.pem', 'x');
      symlinkSync('../gone', folder.at('live/lost'));
      mkdirSync(folder.at('live/closed'), { mode: 0o000 });
      const { exitCode, records } = await fetchJson(['--dry-run', folder.at('live')], unprivileged);
      expect(exitCode).toBe(8);
      const outcomes = Object.fromEntries(
        records.map(({ certificate, outcome }) => [String(certificate.split('/').at(-2)), outcome]),
      );
      const error = 'input-error';
      expect(outcomes).toEqual({
        good: 'updated',
        ...{ dangling: error, secret: error, circle: error, halved: error, lost: error, closed: error },
        ...{ empty: error, leaf: error, chain: error, hollow: error },
      });
      expect(records.find(({ certificate }) => certificate.includes('dangling'))?.error?.message).toMatch(
        /is a dangling link to \.\.\/\.\.\/archive\/gone\.pem$/,
      );
      storeStaple({ ...scene, staple: `${good}.ocsp` });
      const checked = await runRestaple(['verify', '--nagios', folder.at('live')], unprivileged);
      expect(checked.exitCode).toBe(3);
      expect(checked.stdout).toMatch(/^OCSP UNKNOWN - 10 unjudged/);
      // The same lineage by its own folder, and by a glob.
      for (const path of ['live/dangling/fullchain.pem', 'live/d*/fullchain.pem', 'live/empty', 'live/chain/']) {
        expect((await fetchJson([folder.at(path)], unprivileged)).exitCode).toBe(8);
      }
      chmodSync(folder.at('live/closed'), 0o700);
    });
  });

  it('that is named by its folder is heard of with links that lead nowhere', async () => {
    await withScene(async ({ folder }) => {
      for (const name of ['privkey', 'fullchain', 'cert', 'chain']) {
        mkdirSync(folder.at('live/x'), { recursive: true });
        symlinkSync(`../../archive/x/${name}1.pem`, folder.at('live/x', `${name}.pem`));
      }
      const { exitCode, records } = await fetchJson([folder.at('live/x')]);
      expect({ exitCode, certificates: records.map(({ certificate }) => certificate) }).toEqual({
        exitCode: 8,
        certificates: [folder.at('live/x/fullchain.pem')],
      });
    });
  });
});

describe('a lineage of another client', () => {
  it('that its tree names is an input error where its certificate is empty, is none or is gone', async () => {
    await withScene(async (scene) => {
      const { folder, authority, site } = scene;
      const pem = bundleOf(site, authority);
      const issuer = authority.certificate.pem;
      const good = [
        folder.write('lego/certificates/good.example.crt', pem),
        folder.write('dehydrated/certs/good.example/fullchain.pem', pem),
        folder.write('.acme.sh/good.example/fullchain.cer', pem),
      ];
      const bad = [
        folder.write('lego/certificates/empty.example.crt', ''),
        folder.write('lego/certificates/text.example.crt', 'not yet\n'),
        folder.write('lego/certificates/key.example.crt', site.keyPem),
        folder.at('lego/certificates/gone.example.crt'),
        folder.at('dehydrated/certs/gone.example/fullchain.pem'),
        folder.at('dehydrated/certs/new.example/fullchain.pem'),
        folder.write('dehydrated/certs/text.example/fullchain.pem', 'not yet\n'),
        folder.at('.acme.sh/gone.example_ecc/gone.example.cer'),
        folder.write('.acme.sh/text.example/text.example.cer', 'not yet\n'),
      ];
      for (const name of ['good', 'empty', 'text', 'key', 'gone']) {
        folder.write(`lego/certificates/${name}.example.issuer.crt`, issuer);
        folder.write(`lego/certificates/${name}.example.json`, '{}');
      }
      for (const name of ['lego/accounts', 'dehydrated/accounts', 'dehydrated/certs/new.example']) {
        mkdirSync(folder.at(name), { recursive: true });
      }
      folder.write('dehydrated/certs/gone.example/privkey.pem', site.keyPem);
      folder.write('.acme.sh/account.conf', '');
      folder.write('.acme.sh/ca/acme.example/account.key', site.keyPem);
      folder.write('.acme.sh/gone.example_ecc/gone.example.conf', '');
      const trees = ['lego', 'dehydrated', '.acme.sh'].map((name) => folder.at(name));
      const { exitCode, records } = await fetchJson(['--dry-run', ...trees]);
      expect(exitCode).toBe(8);
      const ending = (wanted: boolean): string[] =>
        records.filter(({ outcome }) => (outcome === 'input-error') === wanted).map(({ certificate }) => certificate);
      expect(ending(true).sort()).toEqual(bad.toSorted());
      expect(ending(false).sort()).toEqual(good.toSorted());
      for (const path of good) storeStaple({ ...scene, staple: `${path}.ocsp` });
      const checked = await runRestaple(['verify', '--nagios', ...trees]);
      expect(checked.exitCode).toBe(3);
      expect(checked.stdout).toMatch(/^OCSP UNKNOWN - 9 unjudged/);
    });
  });

  it('is none in folders that only share a name with its tree', async () => {
    await withScene(async (scene) => {
      const { folder, site, authority } = scene;
      storeStaple({ ...scene, staple: `${folder.write('certificates/site.crt', bundleOf(site, authority))}.ocsp` });
      folder.write('certificates/notes.crt', 'no certificate yet\n');
      folder.write('certificates/site.json', '{}');
      folder.write('certificates/readme.json', '{}');
      storeStaple({ ...scene, staple: `${folder.write('certs/site.pem', bundleOf(site, authority))}.ocsp` });
      mkdirSync(folder.at('certs/empty'));
      folder.write('certs/roots/chain.pem', authority.certificate.pem);
      const result = await runRestaple(['verify', '--json', folder.at('certificates'), folder.at('certs')]);
      expect(result.lines()).toMatchObject([{ verdict: 'good' }, { verdict: 'good' }]);
    });
  });
});

describe('a named folder', () => {
  it('may hold files of other kinds, which are errors only where they are named themselves', async () => {
    await withScene(async (scene) => {
      const { folder, authority } = scene;
      storeStaple(scene);
      const key = createPrivateKey(scene.site.keyPem);
      const encrypted = key.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' });
      const crl = buildCrl({ issuer: authority });
      const others: Record<string, string | Uint8Array> = {
        'ca.srl': '0A1B2C3D4E5F60718293\n',
        serial: '01\n',
        'index.txt': 'V\t491231235959Z\t\t01\tunknown\t/CN=a\n',
        'index.txt.attr': 'unique_subject = no\n',
        'ca.crl': crl.der,
        'crl.pem': crl.pem,
        'crl-cut.der': crl.der.subarray(0, 100),
        'crl-broken.pem': crl.pem.replace(/\n/, '\n*'),
        'key.der': key.export({ format: 'der', type: 'pkcs8' }),
        'key.p8': encrypted,
        'public.der': createPublicKey(key).export({ format: 'der', type: 'spki' }),
        'request.csr': certificateRequest().pem,
        'request.der': certificateRequest().der,
        'zeros.txt': '0 certificates were issued today, 12 were not\n',
        'zeros.log': '0'.repeat(500),
        'binary.bin': Buffer.from([0x30, 0x80, 1, 2, 3, 4, 0xff, 0x30]),
        'more.bin': Buffer.from([0x30, 0x82, 0xff, 0xff, 9, 9, 9, 9]),
        'site.p12': Buffer.from([0x30, 0x08, 0x02, 0x01, 0x03, 0x30, 0x03, 0x06, 0x01, 0x2a]),
        'list.asc': '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n',
      };
      for (const [name, contents] of Object.entries(others)) folder.write(name, contents);
      const result = await runRestaple(['verify', '--json', folder.path]);
      expect({ stderr: result.stderr, exitCode: result.exitCode }).toEqual({ stderr: '', exitCode: 0 });
      expect(result.lines()).toMatchObject([{ certificate: scene.certificate, verdict: 'good' }]);
      const { summary, exitCode } = await fetchJson([folder.path]);
      expect({ exitCode, total: summary['total'] }).toEqual({ exitCode: 0, total: 1 });
      const names = Object.keys(others).map((name) => folder.at(name));
      const named = await fetchJson(names);
      expect({ exitCode: named.exitCode, failed: named.summary['input-error'] }).toEqual({
        exitCode: 8,
        failed: names.length,
      });
    });
  });

  it('may hold CA certificates, those of version 1 too', async () => {
    await withScene(async (scene) => {
      storeStaple(scene);
      const old = createCertificateAuthority({ name: 'Old CA', version: 1 });
      scene.folder.write('old-ca.pem', old.certificate.pem);
      scene.folder.write('ca.pem', scene.authority.certificate.pem);
      const result = await runRestaple(['verify', '--json', scene.folder.path]);
      expect(result.lines()).toMatchObject([{ certificate: scene.certificate, verdict: 'good' }]);
      // Named itself, it is looked at.
      const named = await runRestaple(['verify', '--json', scene.folder.at('old-ca.pem')]);
      expect(named.lines()).toMatchObject([{ certificate: scene.folder.at('old-ca.pem') }]);
    });
  });

  it('has damaged certificates, and links to certificates that are gone, as errors', async () => {
    await withScene(async (scene) => {
      const { folder, site } = scene;
      storeStaple(scene);
      const { der, pem } = site.certificate;
      const damaged = {
        'body.pem': pem.replace(/\nMII/, '\n*II'),
        'cut.pem': pem.slice(0, 300),
        'der-in-pem.crt': '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n',
        'cut.der': der.subarray(0, 200),
      };
      for (const [name, contents] of Object.entries(damaged)) folder.write(name, contents);
      symlinkSync('gone.pem', folder.at('renewed.pem'));
      symlinkSync('gone', folder.at('.hidden'));
      symlinkSync('gone', folder.at('socket'));
      const { exitCode, records } = await fetchJson([folder.path]);
      expect(exitCode).toBe(8);
      const failed = records.filter(({ outcome }) => outcome === 'input-error').map(({ certificate }) => certificate);
      expect(failed.sort()).toEqual([...Object.keys(damaged), 'renewed.pem'].map((name) => folder.at(name)).sort());
      unlinkSync(folder.at('renewed.pem'));
    });
  });
});
