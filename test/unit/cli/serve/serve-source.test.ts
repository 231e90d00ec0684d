import { describe, expect, it, onTestFinished } from 'vitest';

import type { Output } from '../../../../src/cli/output.js';
import type { ServeFlags } from '../../../../src/cli/serve/serve-flags.js';
import { parseListenAddress } from '../../../../src/system/network/host-and-port.js';
import { openServeSource, serveSourceReader } from '../../../../src/cli/serve/serve-source.js';
import { decodeCertificate } from '../../../../src/core/index.js';
import type { StatusSource } from '../../../../src/source/status-source.js';
import { buildCrl, crlTimes } from '../../../support/crl.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { createTemporaryFolder } from '../../../support/temporary-folder.js';

const authority = createCertificateAuthority();
const issuer = decodeCertificate(authority.certificate.der);
const { now, nextUpdate } = crlTimes;
const afterTheEnd = new Date(nextUpdate.getTime() + 1000);

/** An output that keeps what was said. */
function listener(): { readonly said: string[]; readonly output: Output } {
  const said: string[] = [];
  const keep = (line: string): void => void said.push(line);
  const output = { say: keep, hint: keep, mention: keep, warn: keep } as unknown as Output;
  return { said, output };
}

async function openCrl(allowStale: boolean): Promise<(now: Date) => Promise<StatusSource>> {
  const folder = createTemporaryFolder();
  onTestFinished(() => folder.remove());
  const crl = folder.write('ca.crl', buildCrl({ issuer: authority, entries: [{ serialNumber: 1n }] }).pem);
  const flags = { crl, 'allow-stale-crl': allowStale } as unknown as ServeFlags;
  const { output } = listener();
  return openServeSource(flags, serveSourceReader(flags, output), issuer, now, output);
}

describe('the source of serve', () => {
  it('ends with its CRL', async () => {
    const current = await openCrl(false);
    expect((await current(now)).nextUpdate).toEqual(nextUpdate);
    expect((await current(afterTheEnd)).nextUpdate).toEqual(nextUpdate);
  });

  it('goes on beyond the end of its CRL where stale ones are allowed, as one object while nothing changes', async () => {
    const current = await openCrl(true);
    expect((await current(now)).nextUpdate).toEqual(nextUpdate);
    const source = await current(afterTheEnd);
    expect(source.nextUpdate).toBeUndefined();
    expect(source.thisUpdate).toEqual(crlTimes.thisUpdate);
    expect(source.statusOf('01')).toMatchObject({ revokedAt: crlTimes.revokedAt });
    expect(source.statusOf('02')).toBe('good');
    expect(await current(afterTheEnd)).toBe(source);
  });

  it('tells of a change that it cannot read, with the next step, and goes on with what it had', async () => {
    const folder = createTemporaryFolder();
    onTestFinished(() => folder.remove());
    const index = folder.write('index.txt', 'V\t351231235959Z\t\t0A\tunknown\t/CN=a\n');
    const flags = { index } as unknown as ServeFlags;
    const { said, output } = listener();
    const current = await openServeSource(flags, serveSourceReader(flags, output), issuer, now, output);
    folder.write('index.txt', 'X\n');
    const source = await current(afterTheEnd);
    expect(source.statusOf('0a')).toBe('good');
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/index\.txt line 1: .*; the statuses read earlier are still served$/);
  });
});

describe('--listen', () => {
  it.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['[fe80::1%eth0]:80', { host: 'fe80::1%eth0', port: 80 }],
    ['ocsp.example:65535', { host: 'ocsp.example', port: 65_535 }],
  ])('takes %s', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  it.each(['', ':80', '80', 'host', 'host:', 'host:65536', 'host:-1', '::1:80', '[host]:80', 'a b:80', 'host:80 '])(
    'does not take "%s"',
    (text) => {
      expect(parseListenAddress(text)).toBeUndefined();
    },
  );
});
