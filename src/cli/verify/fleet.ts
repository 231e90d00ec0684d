import type { FilePath } from '../../core/file-path.js';
import { isNeverIssued } from '../../core/verify/statement.js';
import { revokedHint, revokedSentence } from '../../pipeline/fetch/revocation.js';
import type { CertificateLife } from '../../pipeline/certificate-life.js';
import type { Trouble } from '../../pipeline/trouble.js';
import { stapleStates, stateOfVerdict, windowOfVerdict, type StapleState } from '../../pipeline/fetch/staple-state.js';
import type { VerifyReport } from '../../pipeline/verify/verify-report.js';
import { shownHostAndPort } from '../../system/network/host-and-port.js';
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
  readonly alertFrom?: Date;
  /** Of the certificate itself. */
  readonly life?: CertificateLife;
  readonly trouble?: Trouble;
  /** The server or responder that should have sent it cannot be reached. */
  readonly isUnreachable?: true;
  /** What the CA says against the certificate, or the handshake shows about the server, with the next step. */
  readonly objection?: string;
  /** Why the second source, a CRL, could not say anything. */
  readonly unheard?: Trouble;
}

/** @param ownHint what of a hint the command can say */
export function fleetMember(report: VerifyReport, ownHint: (hint: string) => string): FleetMember {
  const { certificate, response, place, verdict, nextRefresh, alertFrom, trouble, crl, life } = report;
  const said = <One extends { readonly hint: string }>(one: One | undefined): One | undefined =>
    one === undefined ? undefined : { ...one, hint: ownHint(one.hint) };
  const window = verdict === undefined ? undefined : windowOfVerdict(verdict);
  return definedOnly({
    path: certificate ?? response ?? (place === undefined ? '' : shownHostAndPort(place)),
    state: stateOfReport(report),
    thisUpdate: window?.start,
    validUntil: window?.end,
    nextRefresh,
    alertFrom,
    life,
    isUnreachable: isUnreachable(report) ? true : undefined,
    trouble: said(trouble),
    objection: objectionOf(report, ownHint),
    unheard: crl?.kind === 'unusable' ? said(crl.trouble) : undefined,
  });
}

/** What went wrong, and the next step where there is one. */
export function inOneLine({ message, hint }: Pick<Trouble, 'message' | 'hint'>): string {
  return hint === '' ? message : `${message}; ${hint}`;
}

function isUnreachable({ place, asked, trouble }: VerifyReport): boolean {
  return (place ?? asked) !== undefined && trouble?.kind === 'error' && trouble.errorKind === 'unavailable';
}

function objectionOf({ verdict, crl, fault }: VerifyReport, ownHint: (hint: string) => string): string | undefined {
  if (crl?.kind === 'revoked') return `${revokedSentence(crl)} by the CRL ${crl.source}; replace it now`;
  if (verdict?.kind === 'unknown') return 'the responder does not know this certificate; ask the CA';
  if (verdict?.kind !== 'revoked')
    return fault === undefined ? undefined : inOneLine({ ...fault, hint: ownHint(fault.hint) });
  const { statement } = verdict;
  return `${revokedSentence(statement)}; ${isNeverIssued(statement) ? revokedHint(statement) : 'replace it now'}`;
}

function stateOfReport({ verdict, noResponder, trouble, crl, fault }: VerifyReport): StapleState {
  if (crl?.kind === 'revoked') return 'revoked';
  if (fault !== undefined && (verdict === undefined || verdict.kind === 'good')) {
    return fault.code === 'nothing-stapled' ? 'missing' : 'invalid';
  }
  if (verdict !== undefined) return stateOfVerdict(verdict);
  if (noResponder) return 'no-responder';
  if (trouble?.kind === 'server') return 'invalid';
  return trouble?.code === 'response-missing' || trouble?.code === 'no-responder' ? 'missing' : 'unjudged';
}

/** Milliseconds until the staple ends, negative afterwards; undefined without an end. */
export function timeLeft({ validUntil }: FleetMember, now: Date): number | undefined {
  return validUntil === undefined ? undefined : validUntil.getTime() - now.getTime();
}

/** Trouble first, the gravest at the top, then by the time left; certificates that need no staple last. */
export function byUrgency(now: Date): (a: FleetMember, b: FleetMember) => number {
  const rank = ({ state }: FleetMember): number => stapleStates.indexOf(state);
  const left = (member: FleetMember): number => timeLeft(member, now) ?? Number.MAX_SAFE_INTEGER;
  return (a, b) => rank(a) - rank(b) || left(a) - left(b) || Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}
