import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { httpStatus } from '../support/behaviours.js';
import { certificatesOnlyBundle } from '../support/bundles.js';
import type { Behaviour } from '../support/misbehaving-responder.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runCommand, runRestaple } from '../support/run-program.js';
import { haproxyConfig } from '../support/servers/haproxy.js';
import { fetchJson, fetchSite, namesIn, unprivileged, withScene, type Scene } from './support/fetch-scene.js';

const withDownload = {
  certificate: (url: string) => ({ ocspUris: [`${url}/ocsp`], caIssuersUris: [`${url}/ca.crt`] }),
};

/** Only the certificate is on disk, and the CA is served as these bytes. */
function serveIssuer(scene: Scene, issuer: Behaviour): void {
  writeFileSync(scene.certificate, scene.site.certificate.pem);
  scene.responder.routes.set('/ocsp', answer(scene.authority));
  scene.responder.routes.set('/ca.crt', issuer);
}

const issuerOf = ({ certificate }: Scene): string => `${certificate}.issuer`;

function file(bytes: string | Uint8Array): Behaviour {
  return httpStatus(200, { 'content-type': 'application/octet-stream' }, bytes);
}

it.each([
  ['in DER', ({ authority }: Scene) => file(authority.certificate.der)],
  ['in PEM', ({ authority }: Scene) => file(authority.certificate.pem)],
  ['in a PKCS#7', ({ authority }: Scene) => file(certificatesOnlyBundle([authority]).der)],
  [
    'in a PKCS#7 beside namesakes',
    ({ authority }: Scene) => file(certificatesOnlyBundle([createCertificateAuthority(), authority]).der),
  ],
])('downloads a missing issuer by caIssuers, %s', async (_form, serve) => {
  await withScene(async (scene) => {
    serveIssuer(scene, serve(scene));
    const { exitCode, record, stderr } = await fetchSite(scene);
    expect({ exitCode, outcome: record.outcome, stderr }).toEqual({ exitCode: 0, outcome: 'updated', stderr: '' });
    expect(scene.responder.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /ca.crt',
      'POST /ocsp',
    ]);
    expect(namesIn(scene)).toEqual(['site.pem', 'site.pem.issuer', 'site.pem.ocsp']);
    expect(readFileSync(issuerOf(scene), 'utf8')).toBe(scene.authority.certificate.pem);
  }, withDownload);
});

it('downloads nothing with --no-fetch-issuer, and says what would help', async () => {
  await withScene(async (scene) => {
    serveIssuer(scene, file(scene.authority.certificate.der));
    const { exitCode, record } = await fetchSite(scene, ['--no-fetch-issuer']);
    expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 8, code: 'issuer-not-found' });
    expect(record.error?.hint).toMatch(/or allow its download \(without --no-fetch-issuer\)$/);
    expect(scene.responder.requests).toEqual([]);
  }, withDownload);
});

it.each([
  ['another CA', () => file(createCertificateAuthority().certificate.der), /serves did not issue it\)$/],
  [
    'DER with more behind it',
    (scene: Scene) => file(Buffer.concat([scene.authority.certificate.der, Buffer.from('\n')])),
    /\/ca\.crt: .*data after the end of certificate/,
  ],
  ['an HTTP error', () => httpStatus(404), /HTTP status 404 to the download of the issuer\)$/],
  ['something that is not a certificate', () => file('<html>'), /it is neither PEM nor DER\)$/],
])('says what came instead of the issuer: %s', async (_what, serve, message) => {
  await withScene(async (scene) => {
    serveIssuer(scene, serve(scene));
    const { exitCode, record } = await fetchSite(scene);
    expect({ exitCode, code: record.error?.code, outcome: record.outcome }).toEqual({
      exitCode: 8,
      code: 'issuer-not-found',
      outcome: 'input-error',
    });
    expect(record.error?.message).toMatch(message);
    expect(namesIn(scene)).toEqual(['site.pem']);
  }, withDownload);
});

it('passes over namesakes in the bundle, in CERT.issuer and in chain.pem until one fits', async () => {
  await withScene(async (scene) => {
    const namesake = (): string => createCertificateAuthority().certificate.pem;
    writeFileSync(scene.certificate, scene.site.certificate.pem + namesake());
    writeFileSync(`${scene.certificate}.issuer`, namesake());
    scene.folder.write('chain.pem', namesake() + scene.authority.certificate.pem);
    const { exitCode, record } = await fetchSite(scene);
    expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
  });
});

it('finds the issuer in an --issuer folder that also holds other files', async () => {
  await withScene(async (scene) => {
    writeFileSync(scene.certificate, scene.site.certificate.pem);
    scene.folder.write('cas/namesake.pem', createCertificateAuthority().certificate.pem);
    scene.folder.write('cas/notes.txt', 'the CAs of this house');
    scene.folder.write('cas/real.crt', scene.authority.certificate.der);
    const { exitCode, record } = await fetchSite(scene, ['--issuer', scene.folder.at('cas')]);
    expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
  });
});

it('says of an --issuer FILE that it did not issue the certificate', async () => {
  await withScene(async (scene) => {
    writeFileSync(scene.certificate, scene.site.certificate.pem);
    const other = scene.folder.write('other.pem', createCertificateAuthority({ name: 'Other CA' }).certificate.pem);
    const { exitCode, record } = await fetchSite(scene, ['--issuer', other]);
    expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 8, code: 'issuer-not-found' });
    expect(record.error?.message).toContain(`(--issuer ${other} did not issue it)`);
  });
});

it('says of an --issuer folder that may not be listed why', async () => {
  await withScene(async (scene) => {
    mkdirSync(scene.folder.at('closed'), { mode: 0 });
    chmodSync(scene.folder.path, 0o755);
    const { exitCode, stderr } = await fetchSite(scene, ['--issuer', scene.folder.at('closed')], unprivileged);
    expect(exitCode).toBe(8);
    expect(stderr).toContain('closed cannot be listed: permission denied');
  });
});

it('warns of an expired issuer and goes on', async () => {
  await withScene(
    async (scene) => {
      const { exitCode, record, stderr } = await fetchSite(scene);
      expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
      expect(stderr).toBe(
        `restaple: warning: ${scene.certificate}: the issuer CN=Test Root CA expired at 2024-01-01T00:00:00Z\n`,
      );
    },
    { authority: { notAfter: new Date('2024-01-01T00:00:00Z') } },
  );
});

describe('an issuer that haproxy lacks', () => {
  it('is the warning issuer-missing with the command that keeps it, where a local file has it', async () => {
    await withScene(async (scene) => {
      writeFileSync(scene.certificate, scene.site.certificate.pem + scene.site.keyPem);
      const ca = scene.folder.write(".the ca's.pem", scene.authority.certificate.pem);
      const command = `cp -- '${ca.replace("'", String.raw`'\''`)}' '${issuerOf(scene)}'`;
      // Where nobody says that haproxy has it, a cron job is not told.
      const quiet = await fetchSite(scene, ['--issuer', ca]);
      expect(quiet).toMatchObject({ exitCode: 0, stderr: '' });
      expect(quiet.record.findings).toMatchObject([{ rule: 'issuer-missing', severity: 'info' }]);
      const haproxy = ['--reload', `haproxy:${scene.folder.at('none.sock')}`];
      const { exitCode, record, stderr } = await fetchSite(scene, ['--force', '--issuer', ca, ...haproxy]);
      expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 10, outcome: 'updated' });
      expect(record.findings).toMatchObject([{ rule: 'issuer-missing', severity: 'warning' }]);
      expect(stderr).toMatch(
        /^restaple: warning: .*haproxy does not start with this staple, since the issuer is neither/,
      );
      expect(stderr).toContain(`copy it: ${command} (`);
      expect((await runCommand('sh', ['-c', command])).exitCode).toBe(0);
      const again = await fetchSite(scene, ['--force', '--issuer', ca]);
      expect(again).toMatchObject({ stderr: '', exitCode: 0 });
    });
  });

  it('is one without a command where no file begins with it, and none where only other servers are told', async () => {
    await withScene(async (scene) => {
      writeFileSync(scene.certificate, scene.site.certificate.pem);
      const folder = scene.folder.at('.cas');
      scene.folder.write('.cas/ca.pem', scene.authority.certificate.pem);
      const { stderr } = await fetchSite(scene, ['--verbose', '--issuer', folder]);
      expect(stderr).toContain(`append the CA certificate to ${scene.certificate}, or save it as ${issuerOf(scene)}`);
      const pid = scene.folder.at('none.pid');
      const told = await fetchSite(scene, ['--force', '--issuer', folder, '--reload', `nginx:${pid}`]);
      expect(told.record.findings).toBeUndefined();
      const out = await fetchSite(scene, ['--force', '--issuer', folder, '--out', scene.folder.at('site.der')]);
      expect(out.record.findings).toBeUndefined();
      const bundled = scene.site.certificate.pem + scene.authority.certificate.pem;
      writeFileSync(scene.certificate, bundled);
      expect((await fetchSite(scene, ['--force'])).record.findings).toBeUndefined();
    });
  });
});

describe('a downloaded issuer', () => {
  /** Only the certificate and its key are on disk. */
  function serveForHaproxy(scene: Scene): void {
    serveIssuer(scene, file(scene.authority.certificate.der));
    writeFileSync(scene.certificate, scene.site.certificate.pem + scene.site.keyPem);
  }

  /** Whether haproxy starts with the folder as it is, and takes the staple. */
  async function checkWithHaproxy(scene: Scene): Promise<string> {
    const config = scene.folder.write('.haproxy.cfg', haproxyConfig({ port: 9, certificate: `${scene.folder.path}/` }));
    const { exitCode, stdout, stderr } = await runCommand('haproxy', ['-c', '-f', config]);
    return `${exitCode} ${/ignored|not an issuer|impossible to compute/.exec(stdout + stderr)?.[0] ?? ''}`;
  }

  it(
    'is kept, so that haproxy starts with the staple and the next run needs no download',
    { tags: 'haproxy' },
    async () => {
      await withScene(async (scene) => {
        serveForHaproxy(scene);
        expect((await fetchSite(scene, ['--no-store-issuer'])).record.outcome).toBe('updated');
        expect(namesIn(scene)).toEqual(['site.pem', 'site.pem.ocsp']);
        expect(await checkWithHaproxy(scene)).toBe('1 impossible to compute');
        const judgement = ['verify', '--json', '--for', 'haproxy', '--issuer'];
        const ca = scene.folder.write('.ca.pem', scene.authority.certificate.pem);
        expect(await runRestaple([...judgement, ca, scene.certificate])).toMatchObject({
          exitCode: 10,
          stdout: expect.stringContaining('"code":"issuer-missing"') as string,
        });
        // The staple is fresh, and the issuer is kept all the same.
        expect((await fetchSite(scene)).record).toMatchObject({ outcome: 'fresh', written: false });
        expect(await checkWithHaproxy(scene)).toBe('0 ');
        expect((await runRestaple(['verify', '--for', 'haproxy', scene.certificate])).exitCode).toBe(0);
        scene.responder.routes.set('/ca.crt', httpStatus(404));
        expect((await fetchSite(scene, ['--force'])).exitCode).toBe(0);
        // A folder means certificates: the issuer beside one is none.
        const { records } = await fetchJson([scene.folder.path]);
        expect(records.map(({ certificate }) => certificate)).toEqual([scene.certificate]);
      }, withDownload);
    },
  );

  it.each([
    ['a certificate of another CA', () => createCertificateAuthority().certificate.pem],
    ['it in DER, which haproxy cannot read', ({ authority }: Scene) => authority.certificate.der],
    ['nothing', () => ''],
  ])('takes the place of %s', { tags: 'haproxy' }, async (_what, contents) => {
    await withScene(async (scene) => {
      serveForHaproxy(scene);
      const before = Buffer.from(contents(scene));
      writeFileSync(issuerOf(scene), before);
      const dry = await fetchSite(scene, ['--dry-run']);
      expect(dry.exitCode).toBe(0);
      expect(readFileSync(issuerOf(scene))).toEqual(before);
      expect((await fetchSite(scene)).record).toMatchObject({ outcome: 'updated' });
      expect(readFileSync(issuerOf(scene), 'utf8')).toBe(scene.authority.certificate.pem);
      expect(await checkWithHaproxy(scene)).toBe('0 ');
    }, withDownload);
  });

  it.each([
    ['a key', ({ site }: Scene) => site.keyPem],
    ['a key and a certificate', ({ site }: Scene) => site.keyPem + site.certificate.pem],
    ['text', () => 'issuer = CN=Test'],
  ])('does not take the place of %s, which is a warning and no failure', async (_what, contents) => {
    await withScene(async (scene) => {
      serveForHaproxy(scene);
      writeFileSync(issuerOf(scene), contents(scene));
      const { exitCode, record, stderr } = await fetchSite(scene);
      expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
      expect(stderr).toMatch(
        /warning: .*site\.pem: the issuer could not be kept: refused to replace .*site\.pem\.issuer /,
      );
      expect(readFileSync(issuerOf(scene), 'utf8')).toBe(contents(scene));
    }, withDownload);
  });

  it('is not written through a link, which may lead to the issuer of others', async () => {
    await withScene(async (scene) => {
      serveForHaproxy(scene);
      const shared = scene.folder.write('.shared.pem', createCertificateAuthority().certificate.pem);
      const before = readFileSync(shared);
      symlinkSync(shared, issuerOf(scene));
      const { exitCode, stderr } = await fetchSite(scene);
      expect(exitCode).toBe(0);
      expect(stderr).toContain('the issuer could not be kept');
      expect(readFileSync(shared)).toEqual(before);
    }, withDownload);
  });

  it('is not kept where the staple is elsewhere', async () => {
    await withScene(async (scene) => {
      serveForHaproxy(scene);
      const out = scene.folder.at('other.ocsp');
      expect((await fetchSite(scene, ['--out', out])).exitCode).toBe(0);
      expect(namesIn(scene)).toEqual(['other.ocsp', 'site.pem']);
    }, withDownload);
  });

  it('of before is told of where the bundle has the chain itself', { tags: 'haproxy' }, async () => {
    await withScene(async (scene) => {
      const stale = createCertificateAuthority().certificate.pem;
      writeFileSync(issuerOf(scene), stale);
      const { exitCode, record, stderr } = await fetchSite(scene);
      expect(exitCode).toBe(0);
      expect(record).toMatchObject({ outcome: 'updated', findings: [{ rule: 'issuer-stale', severity: 'warning' }] });
      expect(stderr).toContain(`${issuerOf(scene)} does not begin with the issuer of the certificate`);
      expect(readFileSync(issuerOf(scene), 'utf8')).toBe(stale);
      expect(await checkWithHaproxy(scene)).toBe('1 not an issuer');
      const plain = await runRestaple(['verify', '--json', scene.certificate]);
      expect(plain.exitCode).toBe(0);
      expect(plain.lines()).toMatchObject([{ verdict: 'good', findings: [{ rule: 'issuer-stale' }] }]);
      const judged = await runRestaple(['verify', '--for', 'haproxy', scene.certificate]);
      expect(judged).toMatchObject({ exitCode: 10, stdout: `${scene.certificate}: not served (issuer-stale)\n` });
      expect(judged.stderr).toContain(`hint: remove ${issuerOf(scene)}: the file of the certificate has its issuer`);
    });
  });
});
