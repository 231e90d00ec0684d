import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { refuseSharedStaples } from '../../../../src/pipeline/fleet/shared-staples.js';
import { listCertificates } from '../../../../src/source/certificate-list.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';
import { failureOf } from '../../transport/loopback.js';

const authority = createCertificateAuthority();
const pem = () => authority.issue().certificate.pem;

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
  folder.write('a.pem', pem());
});
afterEach(() => folder.remove());

const check = async (out: string) => await refuseSharedStaples(await listCertificates([{ path: folder.path }]), out);

it('names both certificates and the staple they would share', async () => {
  folder.write('b.pem', pem());
  const error = await failureOf(check(folder.at('one.der')));
  expect(error.code).toBe('usage');
  for (const name of ['a.pem', 'b.pem', 'one.der']) expect(error.message).toContain(folder.at(name));
});

it('does not count what lies in a folder and is no certificate of ours', async () => {
  folder.write('ca.pem', authority.certificate.pem);
  folder.write('README', 'no certificate');
  await check(folder.at('one.der'));
});

it('does not take the staple of the last run for a certificate, whatever its ending', async () => {
  folder.write('a.pem.staple', 'bytes of a staple');
  await check('{dir}/{base}.staple');
});

it('refuses a staple in the place of a certificate, of a damaged one too', async () => {
  folder.write('b.pem', '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n');
  for (const name of ['a.pem', 'b.pem']) expect((await failureOf(check(`{dir}/${name}`))).code).toBe('usage');
});

it('does not wait for a pipe that lies in the folder', async () => {
  expect(spawnSync('mkfifo', [folder.at('pipe')]).status).toBe(0);
  await check('{dir}/{base}.staple');
});
