import { existsSync, writeFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { fixed, html, httpStatus, resetConnection, silent, slow } from '../support/behaviours.js';
import type { Behaviour } from '../support/misbehaving-responder.js';
import { buildErrorResponse, type CertificateStatus } from '../support/ocsp-response.js';
import type { CertificateAuthority } from '../support/pki.js';
import {
  dueStaple,
  fetchFleet,
  good,
  leftoversIn,
  readIfThere,
  withFleet,
  type Member,
} from './support/fleet-under-faults.js';

const revoked: CertificateStatus = { revokedAt: new Date('2026-01-05T10:00:00Z') };

/** What the responder does to a tenth of the fleet each, and how that ends without and with a good old staple. */
interface Fault {
  readonly behave: (authority: CertificateAuthority) => Behaviour;
  readonly outcome: string;
  /** With a good old staple; default the same. */
  readonly withOld?: string;
  readonly code: RegExp;
}

const unavailable = { outcome: 'unavailable', withOld: 'kept' };

const faults: Readonly<Record<string, Fault>> = {
  reset: { behave: resetConnection, ...unavailable, code: /^connection-failed$/ },
  timeout: { behave: silent, ...unavailable, code: /^timeout$/ },
  slow: { behave: () => slow(new Uint8Array(400), 50), ...unavailable, code: /^timeout$/ },
  error: { behave: () => httpStatus(500), ...unavailable, code: /^http-status$/ },
  garbage: { behave: html, outcome: 'invalid', code: /^malformed-response$/ },
  serial: {
    behave: (authority) =>
      answer(authority, 'good', {
        responses: (made) => made.map((one) => ({ ...one, certId: { issuer: authority, serialNumber: '77' } })),
      }),
    outcome: 'invalid',
    code: /^cert-id-mismatch$/,
  },
  revoked: { behave: (authority) => answer(authority, revoked), outcome: 'revoked', code: /^revoked$/ },
  busy: {
    behave: () => fixed(buildErrorResponse('tryLater'), { 'retry-after': '3600' }),
    ...unavailable,
    code: /^retry-after-too-long$/,
  },
};

/** A fifth is served well. */
const kinds = [...Object.keys(faults), 'good', 'fine'];

/** So many that several threads ask, which is from 500 on. */
const size = 600;
/** Enough for those that are answered among 300 at once, and less than the 20 s of the slow one. */
const timeoutSeconds = 12;

it('of six hundred certificates each ends as its own responder deserves, and no staple suffers for another', async () => {
  await withFleet(async (fleet) => {
    const { authority, responder, folder } = fleet;
    const sent = new Map<string, Buffer>();
    for (const kind of kinds) {
      const behaviour = faults[kind]?.behave(authority) ?? good(authority, (path, bytes) => sent.set(path, bytes));
      responder.routes.set(`/${kind}`, behaviour);
    }
    const members = Array.from({ length: size }, (_, index) => {
      const kind = kinds[index % kinds.length]!;
      const path = `/${kind}/${index}`;
      const member = fleet.add(`${String(index).padStart(4, '0')}-${kind}`, { url: responder.url + path });
      const old = Math.floor(index / kinds.length) % 2 === 0 ? dueStaple(authority, member.issued) : undefined;
      if (old !== undefined) writeFileSync(member.staple, old);
      return { ...member, kind, path, old };
    });

    const flags = ['--timeout', `${timeoutSeconds}s`, '--concurrency', '300', '--per-responder', '300'];
    const { exitCode, records, summary } = await fetchFleet(fleet, flags, 120_000);

    expect({ exitCode, total: summary['total'], records: records.length }).toEqual({
      exitCode: 3,
      total: size,
      records: size,
    });
    const byPath = new Map(records.map((record) => [record.certificate, record]));
    for (const { certificate, staple, kind, path, old } of members) {
      const record = byPath.get(certificate);
      const fault = faults[kind];
      const onDisk = readIfThere(staple);
      if (fault === undefined) {
        expect(record).toMatchObject({ outcome: 'updated', written: true, verdict: 'good' });
        expect(onDisk?.equals(sent.get(path)!), certificate).toBe(true);
      } else {
        const outcome = old === undefined ? fault.outcome : (fault.withOld ?? fault.outcome);
        expect(record).toMatchObject({ outcome, written: false });
        expect(record?.error?.code, certificate).toMatch(fault.code);
        expect(old === undefined ? onDisk === undefined : onDisk?.equals(old) === true, certificate).toBe(true);
      }
      expect(record?.responder?.attempts).toBe(1);
      // The deadline, and what a busy machine takes to notice it.
      expect(record?.responder?.milliseconds).toBeLessThan(timeoutSeconds * 1000 + 5000);
    }
    // A request on a kept-alive connection that is reset without an answer may go out once more (RFC 9112 §9.3.1).
    const asked = responder.requests.map(({ url }) => url).filter((url) => !url.startsWith('/reset/'));
    expect(asked.sort()).toEqual(members.flatMap(({ kind, path }) => (kind === 'reset' ? [] : [path])).sort());
    expect(leftoversIn(folder.path)).toEqual([]);
    expect(members.filter(({ kind }) => kind === 'revoked').every(hasRevokedMark)).toBe(true);
    expect(members.filter(({ kind }) => kind !== 'revoked').some(hasRevokedMark)).toBe(false);
  });
}, 180_000);

function hasRevokedMark({ staple }: Member): boolean {
  return existsSync(staple.replace(/([^/]+)$/, '.$1.restaple-revoked'));
}
