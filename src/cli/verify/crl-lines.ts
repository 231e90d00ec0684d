import { formatDuration, formatTime } from '../../core/time.js';
import type { CrlReport } from '../../pipeline/verify/crl-check.js';
import type { VerifyReport } from '../../pipeline/verify/verify-report.js';
import type { Output } from '../output.js';
import { errorRecord } from '../render/trouble.js';
import { definedOnly } from '../../core/defined-only.js';

/** Of two sources the graver counts, whatever the response says. */
export function isRevokedByCrl({ crl }: Pick<VerifyReport, 'crl'>): boolean {
  return crl?.kind === 'revoked';
}

/**
 * What a CRL adds to the JSON line of a verification: `crl`; and where it alone says revoked, the verdict with its
 * revocation, since the graver of two sources counts.
 */
export function crlFields(crl: CrlReport, now: Date, isRevokedByResponse: boolean): Record<string, unknown> {
  switch (crl.kind) {
    case 'none':
      return { crl: { status: 'none' } };
    case 'unusable':
      return {
        crl: definedOnly({
          status: 'unusable',
          error: errorRecord(crl.trouble),
          moreErrors: crl.more?.map(errorRecord),
        }),
      };
    case 'good':
      return { crl: { status: 'good', ...evidenceFields(crl, now) } };
    case 'revoked': {
      const { revocationTime, revocationReason } = crl;
      const revocation = definedOnly({
        revocationTime: formatTime(revocationTime),
        revocationReason,
      });
      const own = { crl: { status: 'revoked', ...evidenceFields(crl, now), ...revocation } };
      // An absent reason is written over the one of a response that does not count.
      return isRevokedByResponse ? own : { verdict: 'revoked', ...revocation, revocationReason, ...own };
    }
  }
}

type WithEvidence = Extract<CrlReport, { readonly source: string }>;

function evidenceFields(crl: WithEvidence, now: Date): Record<string, unknown> {
  const { source, thisUpdate, nextUpdate } = crl;
  return {
    source,
    thisUpdate: formatTime(thisUpdate),
    nextUpdate: nextUpdate === undefined ? null : formatTime(nextUpdate),
    ...(isStale(crl, now) ? { stale: true } : {}),
  };
}

function isStale({ nextUpdate }: WithEvidence, now: Date): boolean {
  return nextUpdate !== undefined && nextUpdate <= now;
}

/** The same for a reader. */
export function crlText(crl: CrlReport, now: Date): string {
  switch (crl.kind) {
    case 'none':
      return crl.schemes.length === 0
        ? 'the certificate names none'
        : `the certificate names none over HTTP, only by ${[...new Set(crl.schemes)].join(', ')}`;
    case 'unusable':
      return `unusable (${crl.trouble.code})`;
    case 'good':
      return `not listed by ${crl.source} (${timesText(crl, now)})`;
    case 'revoked':
      return `${revokedText(crl)} by ${crl.source} (${timesText(crl, now)})`;
  }
}

/** What to tell whoever has this certificate, and the next step. */
export function sayRevokedByCrl(
  output: Output,
  name: string,
  crl: Extract<CrlReport, { readonly kind: 'revoked' }>,
): void {
  output.say(`${name}: the certificate is REVOKED${revokedText(crl).slice('revoked'.length)} by the CRL ${crl.source}`);
  output.hint('replace the certificate now');
}

function revokedText({
  revocationTime,
  revocationReason,
}: Pick<Extract<CrlReport, { readonly kind: 'revoked' }>, 'revocationTime' | 'revocationReason'>): string {
  const reason = revocationReason === undefined ? '' : ` (${revocationReason})`;
  return `revoked since ${formatTime(revocationTime)}${reason}`;
}

function timesText(crl: WithEvidence, now: Date): string {
  const { thisUpdate, nextUpdate } = crl;
  const from = `this update ${formatTime(thisUpdate)}`;
  if (nextUpdate === undefined) return from;
  const left = formatDuration(nextUpdate.getTime() - now.getTime());
  return `${from}, next update ${isStale(crl, now) ? `${left} overdue` : `in ${left}`}`;
}
