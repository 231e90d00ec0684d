import type { BelievedEvidence, Statement } from '../../core/index.js';
import { formatTime } from '../../core/time.js';
import { isNeverIssued } from '../../core/verify/statement.js';
import type { Ending, Revocation } from './outcome.js';
import type { Trouble } from '../trouble.js';
import { definedOnly } from '../../core/defined-only.js';

/** The time and reason that a revoked answer states, as part of an outcome. */
export function revocationOf({ statement }: BelievedEvidence): Revocation {
  const { revocationTime: time, revocationReason: reason } = statement;
  return time === undefined ? {} : { revocation: definedOnly({ time, reason }) };
}

/** How the work on a revoked certificate ends. */
export function revokedEnding(evidence: BelievedEvidence, trouble: Trouble): Ending {
  return { outcome: 'revoked', ...revocationOf(evidence), trouble };
}

/** Since when, and why: `2026-03-01T12:00:00Z (keyCompromise)`. */
export function revokedSince({
  revocationTime,
  revocationReason,
}: Pick<Statement, 'revocationTime' | 'revocationReason'>): string {
  const reason = revocationReason === undefined ? '' : ` (${revocationReason})`;
  return `${revocationTime === undefined ? 'a time that is not known' : formatTime(revocationTime)}${reason}`;
}

/** The sentence for whoever has the certificate. */
export function revokedSentence(revocation: Parameters<typeof revokedSince>[0]): string {
  return `the certificate has been REVOKED since ${revokedSince(revocation)}`;
}

/** The next step for whoever has it. */
export function revokedHint(statement: Statement): string {
  if (!isNeverIssued(statement)) return 'replace the certificate now';
  return 'the CA never issued this serial number, its responder says (RFC 6960 §2.2): check that the issuer and the responder are those of this certificate, and replace it';
}

/** What to say of a revoked certificate; `isStored`: the staple on disk says so by now. */
export function revokedTrouble({ statement }: BelievedEvidence, isStored = false): Trouble {
  return {
    kind: 'status',
    code: 'revoked',
    message: revokedSentence(statement),
    hint: `${revokedHint(statement)}; the staple on disk ${isStored ? 'says revoked too' : 'is left as it was'}`,
  };
}

/** An answer that does not end the revocation that stands beside the staple. */
export function stillRevokedTrouble(mark: BelievedEvidence): Trouble {
  return {
    kind: 'status',
    code: 'revoked',
    message: `${revokedSentence(mark.statement)}, says the signed answer of ${formatTime(mark.statement.thisUpdate)}; what the responder says now does not change that`,
    hint: 'only a good answer with a later thisUpdate, or another certificate, changes this',
  };
}

/** What to say when the responder does not know the certificate. */
export const unknownTrouble: Trouble = {
  kind: 'status',
  code: 'unknown',
  message: 'the responder does not know the certificate (status unknown)',
  hint: 'issued minutes ago: try later; otherwise check that the issuer belongs to this certificate, and check --url',
};
