import type { Statement, Verdict } from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import { formatTime } from '../../core/time.js';
import type { Trouble } from '../../pipeline/trouble.js';
import { stapleStates, stateOfVerdict, windowOfVerdict, type StapleState } from '../../pipeline/fetch/staple-state.js';
import type { VerifyReport } from '../../pipeline/verify/verify-report.js';
import { definedOnly } from '../../core/defined-only.js';

/** What a table or a check has to know of one verified certificate. */
export interface FleetMember {
  /** The certificate, or the response where no certificate was named. */
  readonly path: FilePath;
  readonly state: StapleState;
  readonly thisUpdate?: Date;
  /** nextUpdate, or the end of the signer where that is sooner. */
  readonly validUntil?: Date;
  readonly nextRefresh?: Date;
  readonly trouble?: Trouble;
  /** What the CA says against the certificate, with the next step, where it is believed. */
  readonly objection?: string;
  /** Why the second source, a CRL, could not say anything. */
  readonly unheard?: Trouble;
}

export function fleetMember(report: VerifyReport): FleetMember {
  const { certificate, response, verdict, nextRefresh, trouble, crl } = report;
  const window = verdict === undefined ? undefined : windowOfVerdict(verdict);
  const objection = objectionOf(report);
  return definedOnly({
    path: certificate ?? response ?? '',
    state: stateOfReport(report),
    ...(window === undefined ? {} : { thisUpdate: window.start, validUntil: window.end }),
    nextRefresh,
    trouble,
    objection,
    ...(crl?.kind === 'unusable' ? { unheard: crl.trouble } : {}),
  });
}

function objectionOf({ verdict, crl }: VerifyReport): string | undefined {
  if (crl?.kind === 'revoked') return `${revokedText(crl)} by the CRL ${crl.source}; replace it now`;
  return verdict === undefined ? undefined : objectionOfVerdict(verdict);
}

function objectionOfVerdict(verdict: Verdict): string | undefined {
  if (verdict.kind === 'unknown') return 'the responder does not know this certificate; ask the CA';
  return verdict.kind === 'revoked' ? `${revokedText(verdict.statement)}; replace it now` : undefined;
}

function revokedText({
  revocationTime,
  revocationReason,
}: Pick<Statement, 'revocationTime' | 'revocationReason'>): string {
  const since = revocationTime === undefined ? '' : ` since ${formatTime(revocationTime)}`;
  const reason = revocationReason === undefined ? '' : ` (${revocationReason})`;
  return `the certificate is REVOKED${since}${reason}`;
}

function stateOfReport({ verdict, noResponder, trouble, crl }: VerifyReport): StapleState {
  if (crl?.kind === 'revoked') return 'revoked';
  if (verdict !== undefined) return stateOfVerdict(verdict);
  if (noResponder) return 'no-responder';
  return trouble?.code === 'response-missing' ? 'missing' : 'unjudged';
}

/** Milliseconds until the staple ends, negative afterwards; undefined without an end. */
export function timeLeft({ validUntil }: FleetMember, now: Date): number | undefined {
  return validUntil === undefined ? undefined : validUntil.getTime() - now.getTime();
}

/** Trouble first, the gravest at the top, then by the time left; certificates that need no staple last. */
export function byUrgency(now: Date): (a: FleetMember, b: FleetMember) => number {
  return (a, b) => rank(a) - rank(b) || left(a, now) - left(b, now) || Buffer.compare(bytesOf(a), bytesOf(b));
}

function rank({ state }: FleetMember): number {
  return stapleStates.indexOf(state);
}

function left(member: FleetMember, now: Date): number {
  return timeLeft(member, now) ?? Number.MAX_SAFE_INTEGER;
}

function bytesOf({ path }: FleetMember): Buffer {
  return Buffer.from(path);
}
