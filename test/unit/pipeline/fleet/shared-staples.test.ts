import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shownPath } from '../../../../src/core/file-path.js';
import { isResponseAbout, withOneStapleEach } from '../../../../src/pipeline/fleet/shared-staples.js';
import { listCertificates, pathsOf } from '../../../../src/source/certificate-list.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';
import { certId, certificate, issuer, now, respond, skewMilliseconds } from '../../core/scene.js';
import { failureOf } from '../../transport/loopback.js';

const authority = createCertificateAuthority();
const pem = () => authority.issue().certificate.pem;

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
  folder.write('a.pem', pem());
});
afterEach(() => folder.remove());

/** What the list says in the end; the stored staple is about the certificates of these names. */
async function settled(out: string, owners: readonly string[] = [], sources = [folder.path]) {
  const given = await listCertificates(sources.map((path) => ({ path })));
  const list = await withOneStapleEach(given, out, ({ path }) =>
    Promise.resolve(owners.some((name) => shownPath(path) === folder.at(name))),
  );
  return Array.from({ length: list.length }, (_, index) => list.at(index));
}

describe('different certificates that would have one staple', () => {
  it('fail but for the first, which their error names beside the staple, with the token that tells them apart', async () => {
    folder.write('b.pem', pem());
    const out = folder.at('one.der');
    const [a, b] = await settled(out);
    expect(a).toEqual({ path: folder.at('a.pem'), named: false });
    expect(b).toEqual({
      path: folder.at('b.pem'),
      named: false,
      failure: {
        code: 'staple-path-taken',
        message: `${folder.at('b.pem')}: its staple ${out} is that of ${folder.at('a.pem')}`,
        hint: 'use {name} in --out, which tells them apart',
      },
    });
  });

  it('fail but for the one that the stored staple is about', async () => {
    for (const name of ['b.pem', 'c.pem']) folder.write(name, pem());
    const failed = (await settled(folder.at('one.der'), ['b.pem'])).map(({ failure }) => failure?.code);
    expect(failed).toEqual(['staple-path-taken', undefined, 'staple-path-taken']);
  });

  it.each([
    ['{base}', ['a.pem', 'a.crt'], '{name}.der'],
    ['{serial}', ['one/a.pem', 'two/a.pem'], '{name}.der'],
    ['{lineage}', ['live/one/fullchain.pem', 'live/two/fullchain.pem'], '{name}.der'],
    ['{lineage}', ['x/fullchain.cer', 'x_ecc/fullchain.cer'], '{base}.der'],
  ])('are told apart by %s: %s', async (token, names, template) => {
    const sources = names.map((name) => folder.write(name, pem()));
    const [first, second] = await settled(folder.at(template), [], sources);
    expect(first?.failure).toBeUndefined();
    expect(second?.failure?.hint).toContain(`use ${token} in --out`);
  });

  it('are told apart by the fingerprint where two CAs gave one serial number', async () => {
    const other = createCertificateAuthority({ name: 'Another CA' });
    const names = ['one/s.pem', 'two/s.pem'];
    const sources = [authority, other].map((ca, index) =>
      folder.write(names[index]!, ca.issue({ serialNumber: '77' }).certificate.pem),
    );
    const [, second] = await settled(folder.at('{serial}.der'), [], sources);
    expect(second?.failure?.hint).toContain('use {fingerprint} in --out');
  });
});

describe('the same certificate in several files', () => {
  it('is one job where they would have one staple, and several where each has its own', async () => {
    const text = pem();
    for (const name of ['b.pem', 'b.crt', 'copy/b.pem']) folder.write(name, `${text}${name}\n`);
    const sources = ['b.pem', 'b.crt', 'copy/b.pem'].map((name) => folder.at(name));
    for (const template of ['{name}.der', '{serial}.der', '{fingerprint}.der']) {
      expect(await settled(folder.at(template), [], sources)).toEqual([{ path: sources[0], named: true }]);
    }
    expect(await settled(`{dir}/{base}.ocsp`, [], sources)).toHaveLength(3);
  });

  it('is one job beside another certificate that is in its way', async () => {
    const text = pem();
    const sources = ['x/s.pem', 'y/s.pem', 'z/s.pem'].map((name, index) =>
      folder.write(name, index === 1 ? pem() : text),
    );
    const found = await settled(folder.at('{name}.der'), [], sources);
    expect(found.map(({ path, failure }) => [path, failure?.code])).toEqual([
      [sources[0], undefined],
      [sources[1], 'staple-path-taken'],
    ]);
  });
});

it('leaves a list as it is where every certificate has its own staple', async () => {
  folder.write('b.pem', pem());
  const list = await listCertificates([{ path: folder.path }]);
  expect(await withOneStapleEach(list, folder.at('{base}.der'), () => Promise.resolve(false))).toBe(list);
  expect(pathsOf(list)).toHaveLength(2);
});

it('does not count what lies in a folder and is not a certificate of ours', async () => {
  folder.write('ca.pem', authority.certificate.pem);
  folder.write('README', 'no certificate');
  expect((await settled(folder.at('one.der'))).filter(({ failure }) => failure !== undefined)).toEqual([]);
});

it('does not take the staple of the last run for a certificate, whatever its ending', async () => {
  folder.write('a.pem.staple', 'bytes of a staple');
  await settled('{dir}/{base}.staple');
});

it('refuses a staple in the place of a certificate, of a damaged one too', async () => {
  folder.write('b.pem', '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n');
  for (const name of ['a.pem', 'b.pem']) expect((await failureOf(settled(`{dir}/${name}`))).code).toBe('usage');
});

it('does not wait for a pipe that lies in the folder', async () => {
  expect(spawnSync('mkfifo', [folder.at('pipe')]).status).toBe(0);
  await settled('{dir}/{base}.staple');
});

it('finds a staple to be about its certificate that verifies now, or did when it was made', () => {
  const hour = 3_600_000;
  const at = (hours: number): Date => new Date(now.getTime() + hours * hour);
  const isAbout = (bytes: Uint8Array): boolean =>
    isResponseAbout(bytes, { subject: { certificate }, issuer, now, skewMilliseconds });
  const responses = (from: number, to: number) => [{ certId, thisUpdate: at(from), nextUpdate: at(to) }];
  expect(isAbout(respond({ producedAt: at(-9), responses: responses(-1, 9) }))).toBe(true);
  expect(isAbout(respond({ producedAt: at(-9), responses: responses(-9, -1) }))).toBe(true);
  expect(isAbout(respond({ producedAt: at(-9), responses: responses(1, 9) }))).toBe(false);
  expect(isAbout(respond({ responses: [{ certId: { ...certId, serialNumber: '7f' } }] }))).toBe(false);
});
