import { formatDuration, formatTime } from '../../core/time.js';
import { revokedSince } from '../../pipeline/fetch/revocation.js';
import type { CrlEvidence, CrlReport } from '../../pipeline/crl-check.js';
import { errorRecord } from '../render/trouble.js';

/**
 * What a CRL adds to the JSON line of a verification: `crl`; and where only it says revoked, the verdict with its
 * revocation, since the graver of two sources counts.
 */
export function crlFields(crl: CrlReport, now: Date, isRevokedByResponse: boolean): Record<string, unknown> {
  switch (crl.kind) {
    case 'unusable':
      return { crl: { status: crl.kind, error: errorRecord(crl.trouble), moreErrors: crl.more?.map(errorRecord) } };
    case 'good':
      return { crl: { status: 'good', ...evidenceFields(crl, now) } };
    case 'revoked': {
      const { revocationTime, revocationReason } = crl;
      const revocation = { revocationTime, revocationReason };
      const own = { crl: { status: 'revoked', ...evidenceFields(crl, now), ...revocation } };
      // An absent reason is written over the one of a response that does not count.
      return isRevokedByResponse ? own : { verdict: 'revoked', ...revocation, ...own };
    }
  }
}

function evidenceFields(crl: CrlEvidence, now: Date): Record<string, unknown> {
  const { source, thisUpdate, nextUpdate = null } = crl;
  return { source, thisUpdate, nextUpdate, stale: isStale(crl, now) || undefined };
}

function isStale({ nextUpdate }: CrlEvidence, now: Date): boolean {
  return nextUpdate !== undefined && nextUpdate <= now;
}

/** The same for a reader. */
export function crlText(crl: CrlReport, now: Date): string {
  switch (crl.kind) {
    case 'unusable':
      return `unusable (${crl.trouble.code})`;
    case 'good':
      return `not listed by ${crl.source} (${timesText(crl, now)})`;
    case 'revoked':
      return `revoked since ${revokedSince(crl)} by ${crl.source} (${timesText(crl, now)})`;
  }
}

function timesText(crl: CrlEvidence, now: Date): string {
  const { thisUpdate, nextUpdate } = crl;
  const from = `this update ${formatTime(thisUpdate)}`;
  if (nextUpdate === undefined) return from;
  const left = formatDuration(nextUpdate.getTime() - now.getTime());
  return `${from}, next update ${isStale(crl, now) ? `${left} overdue` : `in ${left}`}`;
}
