import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import type { KeyType } from '../support/keys.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runOpenssl, runRestaple } from '../support/run-program.js';
import type { Daemon } from '../support/servers/daemon.js';
import { dnsdistConfig, startDnsdist } from '../support/servers/dnsdist.js';
import { freePort } from '../support/servers/free-port.js';
import { haproxyConfig, startHaproxy } from '../support/servers/haproxy.js';
import { probeStaple } from '../support/servers/probe-staple.js';
import {
  createGenerateScene,
  day,
  delegateFlags,
  generate,
  minute,
  type GenerateScene,
} from './support/generate-scene.js';

let scene: GenerateScene;

afterEach(() => scene.folder.remove());

/** The servers know no time but the present. */
const asOfNow = (): readonly string[] => ['--at', new Date().toISOString()];

function untilTheEnd(daemon: Daemon): Daemon {
  onTestFinished(() => daemon.stop());
  return daemon;
}

/** The bundle that haproxy wants: certificate, CA and key; a folder of its own, for it reads every file beside it. */
function writeBundle({ folder, site, authority }: GenerateScene): string {
  return folder.write('crt/site.pem', site.certificate.pem + authority.certificate.pem + site.keyPem);
}

async function sClient(port: number, ...more: readonly string[]): Promise<string> {
  const target = ['-connect', `127.0.0.1:${port}`, '-servername', 'server.example'];
  const { stdout, stderr } = await runOpenssl(['s_client', ...target, '-status', ...more], '');
  return stdout + stderr;
}

const kinds: readonly { keyType: KeyType; isDelegated: boolean; who: string }[] = [
  { keyType: 'ec-p256', isDelegated: false, who: 'an ECDSA CA' },
  { keyType: 'ec-p256', isDelegated: true, who: 'an ECDSA delegate' },
  { keyType: 'rsa-2048', isDelegated: false, who: 'an RSA CA' },
  { keyType: 'rsa-2048', isDelegated: true, who: 'an RSA delegate' },
];

describe.each(kinds)('a file that generate signed with the key of $who', ({ keyType, isDelegated }) => {
  let flags: readonly string[];

  beforeEach(() => {
    scene = createGenerateScene({
      authority: createCertificateAuthority({ name: 'Served CA', keyType }),
      site: { keyType },
    });
    flags = isDelegated ? delegateFlags(scene, scene.authority.issueResponder({ keyType })) : scene.caFlags;
  });

  it('is stapled by haproxy, byte for byte', { tags: ['haproxy', 'openssl'] }, async () => {
    const bundle = writeBundle(scene);
    const { exitCode } = await generate([...flags, ...asOfNow(), bundle]);
    expect(exitCode).toBe(0);
    const port = await freePort();
    const config = haproxyConfig({ port, certificate: scene.folder.at('crt') });
    const haproxy = untilTheEnd(await startHaproxy({ config, folder: scene.folder.path, ports: [port] }));
    expect(haproxy.log()).not.toContain('ignored');
    const staple = readFileSync(`${bundle}.ocsp`);
    for (const tlsVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      expect(await probeStaple({ port, serverName: 'server.example', tlsVersion })).toEqual(staple);
    }
    const shown = await sClient(port, '-CAfile', scene.folder.at('ca.pem'));
    expect(shown).toContain('OCSP Response Status: successful (0x0)');
    expect(shown).toContain('Cert Status: good');
    expect(shown).toContain('Serial Number: 0A01');
  });

  it('is stapled by dnsdist, byte for byte', { tags: ['dnsdist', 'openssl'] }, async () => {
    const key = scene.folder.write('site.key', scene.site.keyPem);
    const { exitCode } = await generate([...flags, ...asOfNow(), scene.certificate]);
    expect(exitCode).toBe(0);
    const [port, tlsPort] = [await freePort(), await freePort()];
    const config = dnsdistConfig({
      port,
      tls: { port: tlsPort, certificate: scene.certificate, key, staple: scene.staple },
    });
    untilTheEnd(await startDnsdist({ config, folder: scene.folder.path, ports: [port, tlsPort] }));
    expect(await probeStaple({ port: tlsPort })).toEqual(readFileSync(scene.staple));
    expect(await sClient(tlsPort)).toContain('Cert Status: good');
  });
});

describe('haproxy', { tags: 'haproxy' }, () => {
  it('staples the new file after a reload', async () => {
    scene = createGenerateScene();
    const bundle = writeBundle(scene);
    await generate([...scene.caFlags, ...asOfNow(), bundle]);
    const port = await freePort();
    const masterSocket = scene.folder.at('master.sock');
    const config = haproxyConfig({ port, certificate: bundle });
    const options = { config, folder: scene.folder.path, ports: [port], masterSocket };
    const haproxy = untilTheEnd(await startHaproxy(options));
    const first = readFileSync(`${bundle}.ocsp`);
    expect(await probeStaple({ port })).toEqual(first);
    await generate([...scene.caFlags, ...asOfNow(), '--days', '3', bundle]);
    const second = readFileSync(`${bundle}.ocsp`);
    expect(second).not.toEqual(first);
    // A master that has only just started its worker may lose the signal.
    let toldAt = -Infinity;
    const probe = (): Promise<unknown> => {
      if (performance.now() - toldAt > 3000) {
        haproxy.signal('SIGUSR2');
        toldAt = performance.now();
      }
      return probeStaple({ port });
    };
    await expect.poll(probe, { timeout: 60_000, interval: 100 }).toEqual(second);
  });

  it('staples a revoked answer too, as it checks no status, and no SHA-256 CertID', async () => {
    scene = createGenerateScene();
    const bundle = writeBundle(scene);
    await generate([...scene.caFlags, ...asOfNow(), '--status', 'revoked', bundle]);
    const port = await freePort();
    const config = haproxyConfig({ port, certificate: bundle });
    const first = await startHaproxy({ config, folder: scene.folder.path, ports: [port] });
    untilTheEnd(first);
    expect(await probeStaple({ port })).toEqual(readFileSync(`${bundle}.ocsp`));
    await first.stop();

    await generate([...scene.caFlags, ...asOfNow(), '--hash', 'sha256', bundle]);
    const second = untilTheEnd(await startHaproxy({ config, folder: scene.folder.path, ports: [port] }));
    expect(await probeStaple({ port })).toBeNull();
    expect(second.log()).toContain('Certificate ID does not match');
  });
});

describe("dnsdist's own generateOCSPResponse", { tags: 'dnsdist' }, () => {
  it.each<[KeyType, number, number]>([
    ['ec-p256', 3, 30],
    ['rsa-2048', 0, 45],
  ])('says the same as generate, with a key of %s, %i days and %i minutes', async (keyType, days, minutes) => {
    scene = createGenerateScene({ authority: createCertificateAuthority({ name: 'Compared CA', keyType }) });
    const { folder, certificate } = scene;
    const theirs = folder.at('dnsdist.ocsp');
    const ours = folder.at('restaple.ocsp');
    const files = [certificate, folder.at('ca.pem'), folder.at('ca.key'), theirs];
    const call = `generateOCSPResponse(${files.map((file) => JSON.stringify(file)).join(', ')}, ${days}, ${minutes})`;
    const port = await freePort();
    mkdirSync(folder.at('dnsdist'));
    const before = Date.now();
    const config = dnsdistConfig({ port, before: call });
    const dnsdist = untilTheEnd(await startDnsdist({ config, folder: folder.at('dnsdist'), ports: [port] }));
    for (let tries = 0; tries < 100 && !existsSync(theirs); tries += 1) await wait(50);
    expect(existsSync(theirs), dnsdist.log()).toBe(true);
    const validity = ['--days', String(days), '--minutes', String(minutes)];
    await generate([...scene.caFlags, ...asOfNow(), ...validity, '--hash', 'sha256', '--out', ours, certificate]);
    const elapsed = Date.now() - before;

    const [their, our] = (await runRestaple(['inspect', '--json', theirs, ours])).lines() as unknown as Inspected[];
    const milliseconds = days * day + minutes * minute;
    for (const inspected of [their!, our!]) {
      const [single] = inspected.responses;
      expect(Date.parse(single!.nextUpdate) - Date.parse(single!.thisUpdate)).toBe(milliseconds);
      // Whole seconds are written: up to one is lost.
      expect(Date.parse(single!.thisUpdate)).toBeGreaterThan(before - 1001);
      expect(Date.parse(single!.thisUpdate)).toBeLessThanOrEqual(before + elapsed);
    }
    expect(comparable(our!)).toEqual(comparable(their!));
    // Ours is what a client believes, and theirs too.
    for (const response of [ours, theirs]) {
      const words = ['verify', '--issuer', folder.at('ca.pem'), '--response', response, certificate];
      expect((await runRestaple(words)).exitCode).toBe(0);
    }
  });
});

interface Inspected {
  readonly responseStatus: string;
  readonly responderId: unknown;
  readonly certificates: readonly unknown[];
  readonly signatureAlgorithm: unknown;
  readonly responses: readonly { certId: unknown; status: string; thisUpdate: string; nextUpdate: string }[];
}

/** All that does not depend on when it was made. */
function comparable({ responseStatus, responderId, certificates, responses, signatureAlgorithm }: Inspected): unknown {
  const statements = responses.map(({ certId, status }) => ({ certId, status }));
  return { responseStatus, responderId, certificates, statements, signatureAlgorithm };
}
