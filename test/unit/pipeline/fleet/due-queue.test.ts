import { describe, expect, it } from 'vitest';
import { decodeCertificate } from '../../../../src/core/index.js';
import { createDueQueue, turnOf } from '../../../../src/pipeline/fleet/due-queue.js';
import type { DueCertificate } from '../../../../src/pipeline/fetch/fetch-job.js';
import { createCertificateAuthority } from '../../../support/pki.js';

const authority = createCertificateAuthority();
const ordinary = decodeCertificate(authority.issue().certificate.der);
const mustStaple = decodeCertificate(authority.issue({ mustStaple: true }).certificate.der);

function dueAt(host: string, certificate = ordinary): DueCertificate {
  const path = '/certificates/site.pem';
  return {
    listed: { path, named: true },
    file: { path, certificate, others: [], warnings: [], version: undefined },
    staple: `${path}.ocsp`,
    responders: { urls: [`http://${host}/ocsp`], origin: 'certificate' },
  };
}

function positionsAfter(added: readonly DueCertificate[]): number[] {
  const queue = createDueQueue();
  for (const [position, due] of added.entries()) queue.add(position, turnOf(due), due);
  return [...queue.take()].map(({ position }) => position);
}

describe('the queue of what is due', () => {
  it('has the Must-Staple certificates first, whichever responder they name', () => {
    const added = [dueAt('a'), dueAt('b', mustStaple), dueAt('a'), dueAt('a', mustStaple), dueAt('b')];
    expect(positionsAfter(added).slice(0, 2).sort()).toEqual([1, 3]);
  });

  it('takes the responders in turn, and of each the certificates in their order', () => {
    const added = ['a', 'a', 'a', 'b', 'c', 'c', 'a'].map((host) => dueAt(host));
    expect(positionsAfter(added)).toEqual([0, 3, 4, 1, 5, 2, 6]);
  });

  it('tells the ports of one host apart', () => {
    expect(positionsAfter([dueAt('a:81'), dueAt('a:81'), dueAt('a:82')])).toEqual([0, 2, 1]);
  });

  it('keeps what was read of the first thousand, and of the others the place alone', () => {
    const queue = createDueQueue();
    for (let position = 0; position < 3000; position += 1) queue.add(position, turnOf(dueAt('a')), dueAt('a'));
    const entries = [...queue.take()];
    expect(entries.map(({ position }) => position)).toEqual(Array.from({ length: 3000 }, (_, position) => position));
    const kept = entries.filter(({ due }) => due !== undefined).length;
    expect(kept).toBe(1024);
  });

  it('is empty when nothing is due, and takes a URI that is none', () => {
    expect(positionsAfter([])).toEqual([]);
    expect(
      positionsAfter([{ ...dueAt('a'), responders: { urls: ['http://['], origin: 'certificate' } }, dueAt('a')]),
    ).toEqual([0, 1]);
  });
});
