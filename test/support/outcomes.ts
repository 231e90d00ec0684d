import type { FilePath } from '../../src/core/file-path.js';
import type { CertificateFacts, FailedAttempt, FailedName, Outcome } from '../../src/pipeline/fetch/outcome.js';
import { unknownTrouble } from '../../src/pipeline/fetch/revocation.js';
import { troubleOfFailure, type Trouble } from '../../src/pipeline/trouble.js';

/** What a test may say of a certificate beside how it ended. */
type Facts = Partial<Omit<CertificateFacts, 'certificate'>>;

function factsOf(certificate: FilePath, facts: Facts): CertificateFacts {
  return { certificate, written: false, mustStaple: false, warnings: [], findings: [], ...facts };
}

/** A responder that does not serve the certificate. */
export const refusal: Trouble = troubleOfFailure({ code: 'refused', message: 'no', values: {} });

const revokedTrouble: Trouble = { kind: 'status', code: 'revoked', message: 'REVOKED', hint: 'replace it' };

export function updatedOutcome(certificate: FilePath, facts: Facts = {}): Outcome {
  return { ...factsOf(certificate, { written: true, ...facts }), outcome: 'updated' };
}

export function freshOutcome(certificate: FilePath, facts: Facts = {}): Outcome {
  return { ...factsOf(certificate, facts), outcome: 'fresh' };
}

export function revokedOutcome(certificate: FilePath, facts: Facts = {}): Outcome {
  return { ...factsOf(certificate, facts), outcome: 'revoked', trouble: revokedTrouble };
}

export function unknownOutcome(certificate: FilePath, facts: Facts = {}): Outcome {
  return failedOutcome(certificate, 'unknown', { trouble: unknownTrouble }, facts);
}

/** Kept, unavailable, invalid and the like: each of them has its trouble. */
export function failedOutcome(
  certificate: FilePath,
  outcome: FailedName,
  attempt: FailedAttempt = { trouble: refusal },
  facts: Facts = {},
): Outcome {
  return { ...factsOf(certificate, facts), outcome, ...attempt };
}
