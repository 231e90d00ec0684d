import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { generateKey } from '../support/keys.js';
import type { Behaviour } from '../support/misbehaving-responder.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';
import {
  counted,
  dueStaple,
  fetchFleet,
  good,
  leftoversIn,
  withFleet,
  type FleetScene,
} from './support/fleet-under-faults.js';
import { day, fetchJson, unprivileged } from './support/fetch-scene.js';

const isRoot = process.getuid?.() === 0;

/** Mounts a file system of so many KiB; false where that is not allowed. */
function mountSmall(folder: string, kibibytes: number): boolean {
  return isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', folder]).status === 0;
}

function mayMount(): boolean {
  const folder = createTemporaryFolder();
  const isMounted = mountSmall(folder.path, 16);
  if (isMounted) spawnSync('umount', [folder.path]);
  folder.remove();
  return isMounted;
}

describe.runIf(mayMount())('on a full disk', () => {
  it('what fits is stored, the rest is an error that names the disk, and no old staple is touched', async () => {
    await withFleet(async (fleet) => {
      const mounted = fleet.folder.path;
      // A page for each certificate and each old staple, and some for what is under way; no room for forty new staples.
      expect(mountSmall(mounted, (40 + 20 + 12) * 4)).toBe(true);
      try {
        const members = Array.from({ length: 40 }, (_, index) => fleet.add(`site${String(index).padStart(2, '0')}`));
        const old = members.slice(20).map(({ staple, issued }) => {
          const bytes = dueStaple(fleet.authority, issued);
          writeFileSync(staple, bytes);
          return { staple, bytes };
        });
        const { exitCode, records } = await fetchFleet(fleet, ['--concurrency', '4']);
        expect(exitCode).toBe(9);
        const outcomes = counted(records);
        expect(Object.keys(outcomes).sort()).toEqual(['store-error', 'updated']);
        const failed = records.filter(({ outcome }) => outcome === 'store-error');
        for (const { error } of failed) expect(error?.message).toContain('no space left');
        const untouched = new Set(failed.map(({ staple }) => staple));
        for (const { staple, bytes } of old) {
          if (untouched.has(staple)) expect(readFileSync(staple).equals(bytes), staple).toBe(true);
        }
        expect(leftoversIn(mounted)).toEqual([]);
      } finally {
        spawnSync('umount', ['-l', mounted]);
      }
    });
  });
});

it.runIf(isRoot)(
  'in a folder that may not be written every staple is an error of its own, and nothing changes',
  async () => {
    await withFleet(async (fleet) => {
      fleet.add('a');
      const { staple, issued } = fleet.add('b');
      writeFileSync(staple, dueStaple(fleet.authority, issued));
      const names = readdirSync(fleet.folder.path);
      chmodSync(fleet.folder.path, 0o555);
      chmodSync(fleet.issuer.replace(/\/[^/]*$/, ''), 0o755);
      const words = ['--issuer', fleet.issuer, fleet.folder.path];
      const { exitCode, records } = await fetchJson(words, unprivileged);
      chmodSync(fleet.folder.path, 0o700);
      expect({ exitCode, counts: counted(records) }).toEqual({ exitCode: 9, counts: { 'store-error': 2 } });
      expect(readdirSync(fleet.folder.path)).toEqual(names);
    });
  },
);

it('a folder in the place of one staple is an error of that one alone', async () => {
  await withFleet(async (fleet) => {
    fleet.add('a');
    mkdirSync(fleet.add('b').staple);
    fleet.add('c');
    const { exitCode, records } = await fetchFleet(fleet);
    expect({ exitCode, counts: counted(records) }).toEqual({ exitCode: 9, counts: { updated: 2, 'store-error': 1 } });
    expect(records.find(({ outcome }) => outcome === 'store-error')?.error?.message).toContain('folder');
  });
});

describe('a certificate that is replaced while its responder is asked', () => {
  /** Replaces a.pem by a new certificate, as a deploy script does, before the answer to the first so many requests goes out. */
  function replacing(fleet: FleetScene, times: number): { readonly serials: string[]; readonly behaviour: Behaviour } {
    const serials: string[] = [];
    const served = good(fleet.authority);
    const key = generateKey();
    const behaviour: Behaviour = async (exchange) => {
      if (exchange.request.url.startsWith('/a') && serials.length < times) {
        const issued = fleet.authority.issue({ commonName: 'a.example', key, ocspUris: [`${fleet.responder.url}/a`] });
        serials.push(issued.serialNumber);
        writeFileSync(fleet.folder.at('.new'), issued.certificate.pem);
        renameSync(fleet.folder.at('.new'), fleet.folder.at('a.pem'));
      }
      await served(exchange);
    };
    return { serials, behaviour };
  }

  it('gets its own staple in the same run, never that of the one before', async () => {
    await withFleet(async (fleet) => {
      const { certificate, staple } = fleet.add('a');
      fleet.add('b');
      const { serials, behaviour } = replacing(fleet, 1);
      fleet.responder.behaviour = behaviour;
      const { exitCode, records } = await fetchFleet(fleet);
      expect({ exitCode, counts: counted(records) }).toEqual({ exitCode: 0, counts: { updated: 2 } });
      expect(serials).toHaveLength(1);
      expect(readFileSync(staple).includes(Buffer.from(serials[0]!, 'hex'))).toBe(true);
      const again = await fetchJson(['--issuer', fleet.issuer, certificate]);
      expect(again.record).toMatchObject({ outcome: 'fresh', verdict: 'good' });
    });
  });

  it('each time anew has no staple of another written over its own, and is said to be at no rest', async () => {
    await withFleet(async (fleet) => {
      const { staple, issued } = fleet.add('a');
      const old = dueStaple(fleet.authority, issued);
      writeFileSync(staple, old);
      const { serials, behaviour } = replacing(fleet, 100);
      fleet.responder.behaviour = behaviour;
      const { exitCode, record } = await fetchFleet(fleet);
      expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 8, outcome: 'input-error' });
      expect(record.error?.message).toContain('was replaced 3 times while its responder was asked');
      expect(serials).toHaveLength(3);
      expect(readFileSync(staple).equals(old)).toBe(true);
    });
  });

  it('by nothing is passed over where its folder was named, and missing where it was named itself', async () => {
    await withFleet(async (fleet) => {
      const { certificate } = fleet.add('a');
      fleet.add('b');
      const pem = readFileSync(certificate);
      const served = good(fleet.authority);
      fleet.responder.behaviour = async (exchange) => {
        if (exchange.request.url === '/a') rmSync(certificate);
        await served(exchange);
      };
      const ofFolder = await fetchFleet(fleet);
      expect({ exitCode: ofFolder.exitCode, counts: counted(ofFolder.records) }).toEqual({
        exitCode: 0,
        counts: { updated: 1 },
      });
      writeFileSync(certificate, pem);
      const named = await fetchJson(['--issuer', fleet.issuer, certificate]);
      expect({ exitCode: named.exitCode, code: named.record.error?.code }).toEqual({
        exitCode: 8,
        code: 'file-not-found',
      });
      expect(readdirSync(fleet.folder.path).sort()).toEqual(['b.pem', 'b.pem.ocsp']);
    });
  });
});

it('a clock that steps back a day loses no staple: what is dated in the future stays as it is', async () => {
  await withFleet(async (fleet) => {
    const { staple } = fleet.add('a');
    await fetchFleet(fleet);
    const before = readFileSync(staple);
    const yesterday = Date.now() - day;
    fleet.responder.behaviour = answer(fleet.authority);
    const { exitCode, records } = await fetchFleet(fleet, ['--at', String(Math.floor(yesterday / 1000))]);
    expect(exitCode).not.toBe(0);
    expect(counted(records)).toEqual({ invalid: 1 });
    expect(records[0]?.error?.code).toBe('not-yet-valid');
    expect(readFileSync(staple).equals(before)).toBe(true);
    const later = await fetchFleet(fleet);
    expect(later.record).toMatchObject({ outcome: 'fresh', verdict: 'good' });
  });
});

it('finds the certificates in a folder of ten thousand files, and is silent about the others', async () => {
  await withFleet(async (fleet) => {
    for (let index = 0; index < 9990; index += 1) writeFileSync(fleet.folder.at(`note-${index}.txt`), 'no certificate');
    for (let index = 0; index < 10; index += 1) fleet.add(`site-${index}`);
    const { exitCode, records, stderr } = await fetchFleet(fleet);
    expect({ exitCode, counts: counted(records), stderr }).toEqual({
      exitCode: 0,
      counts: { updated: 10 },
      stderr: '',
    });
  });
}, 90_000);

it('takes file names with blanks, line feeds, terminal codes and bytes that are not UTF-8', async () => {
  await withFleet(async (fleet) => {
    const { certificate } = fleet.add('model');
    const pem = readFileSync(certificate);
    const names = ['with blank.pem', 'line\nfeed.pem', '\u001b[31mred.pem', '-dash.pem', '$(id).pem'].map((name) =>
      Buffer.from(name),
    );
    const bytes = Buffer.concat([Buffer.from('caf'), Buffer.from([0xe9, 0xff]), Buffer.from('.pem')]);
    const folder = Buffer.from(`${fleet.folder.path}/`);
    for (const name of [...names, bytes]) writeFileSync(Buffer.concat([folder, name]), pem);
    const { exitCode, records, stderr } = await fetchFleet(fleet);
    expect({ exitCode, counts: counted(records), stderr }).toEqual({ exitCode: 0, counts: { updated: 7 }, stderr: '' });
    const found = readdirSync(fleet.folder.path, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
    for (const name of [...names, bytes]) expect(found).toContain(`${name.toString('latin1')}.ocsp`);
  });
});
