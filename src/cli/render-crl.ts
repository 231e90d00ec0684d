import { formatDuration, formatTime } from '../core/time.js';
import type { CrlReport } from '../pipeline/crl-check.js';
import type { VerifyReport } from '../pipeline/verify-report.js';
import { errorRecord } from './render-trouble.js';

/** Of two sources the graver counts, whatever the response says. */
export function isRevokedByCrl({ crl }: Pick<VerifyReport, 'crl'>): boolean {
  return crl?.kind === 'revoked';
}

/** What a CRL adds to the JSON line of a verification: `crl`, and where it says so the verdict. */
export function crlFields(crl: CrlReport): Record<string, unknown> {
  switch (crl.kind) {
    case 'none':
      return { crl: { status: 'none' } };
    case 'unusable':
      return { crl: { status: 'unusable', error: errorRecord(crl.trouble) } };
    case 'good':
      return { crl: { status: 'good', ...evidenceFields(crl) } };
    case 'revoked': {
      const { revocationTime, revocationReason } = crl;
      const revocation = {
        revocationTime: formatTime(revocationTime),
        ...(revocationReason === undefined ? {} : { revocationReason }),
      };
      return { verdict: 'revoked', ...revocation, crl: { status: 'revoked', ...evidenceFields(crl), ...revocation } };
    }
  }
}

function evidenceFields({
  source,
  thisUpdate,
  nextUpdate,
}: Extract<CrlReport, { readonly source: string }>): Record<string, unknown> {
  return {
    source,
    thisUpdate: formatTime(thisUpdate),
    nextUpdate: nextUpdate === undefined ? null : formatTime(nextUpdate),
  };
}

/** The same for a reader. */
export function crlText(crl: CrlReport, now: Date): string {
  switch (crl.kind) {
    case 'none':
      return 'the certificate names none over HTTP';
    case 'unusable':
      return `unusable (${crl.trouble.code})`;
    case 'good':
      return `not listed by ${crl.source} (${timesText(crl, now)})`;
    case 'revoked': {
      const reason = crl.revocationReason === undefined ? '' : ` (${crl.revocationReason})`;
      return `revoked ${formatTime(crl.revocationTime)}${reason} by ${crl.source} (${timesText(crl, now)})`;
    }
  }
}

function timesText({ thisUpdate, nextUpdate }: Extract<CrlReport, { readonly source: string }>, now: Date): string {
  const from = `this update ${formatTime(thisUpdate)}`;
  if (nextUpdate === undefined) return from;
  return `${from}, next update in ${formatDuration(nextUpdate.getTime() - now.getTime())}`;
}
