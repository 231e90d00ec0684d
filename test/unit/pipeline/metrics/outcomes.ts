import type { FilePath } from '../../../../src/core/file-path.js';
import type { BelievedEvidence, Failure, Verdict } from '../../../../src/core/index.js';
import type { FailedName, Outcome } from '../../../../src/pipeline/fetch/outcome.js';
import { troubleOfFailure } from '../../../../src/pipeline/trouble.js';
import { failedOutcome, freshOutcome } from '../../../support/outcomes.js';

export const thisUpdate = new Date('2026-01-01T00:00:00Z');
export const now = new Date('2026-01-02T00:00:00Z');
export const nextUpdate = new Date('2026-01-08T00:00:00Z');

const evidence = {
  responseStatus: 'successful',
  producedAt: thisUpdate,
  signatureAlgorithm: 'ecdsa-with-SHA256',
  responder: { kind: 'issuer', name: 'CN=CA', keyHash: '00', notAfter: new Date('2049-01-01T00:00:00Z') },
  statementCount: 1,
  findings: [],
} as const;
const certId = { hashAlgorithm: 'sha1', issuerNameHash: '00', issuerKeyHash: '00', serialNumber: '01' } as const;

export function believed(status: 'good' | 'revoked' | 'unknown', more: Partial<BelievedEvidence> = {}): Verdict {
  return { kind: status, ...evidence, statement: { certId, status, thisUpdate, nextUpdate }, ...more };
}

export function invalid(code: Failure['code']): Verdict {
  const failure = { code, message: 'it is not to be believed', values: {} };
  return { ...believed('good'), kind: 'invalid', failure };
}

/** What is known where a good staple is on disk. */
export function stapledFacts(certificate: FilePath) {
  return {
    staple: Buffer.isBuffer(certificate) ? Buffer.concat([certificate, Buffer.from('.ocsp')]) : `${certificate}.ocsp`,
    verdict: believed('good'),
    nextRefresh: new Date('2026-01-04T00:00:00Z'),
  };
}

/** A certificate with a good staple that is not due. */
export function stapledOutcome(certificate: FilePath, facts: Parameters<typeof freshOutcome>[1] = {}): Outcome {
  return freshOutcome(certificate, { ...stapledFacts(certificate), ...facts });
}

/** A certificate with trouble of this code and without a staple, but for what is given. */
export function troubledOutcome(
  certificate: FilePath,
  code: Failure['code'],
  name: FailedName = 'unavailable',
  facts: Parameters<typeof failedOutcome>[3] = {},
): Outcome {
  const trouble = troubleOfFailure({ code, message: 'no', values: {} });
  return failedOutcome(certificate, name, { trouble }, { staple: `${certificate.toString()}.ocsp`, ...facts });
}
