import { createPrivateKey } from 'node:crypto';

import { createCertIdForSerialNumber, createRequest, decodeCertificate } from '../../../../src/core/index.js';
import type { CertId, HashAlgorithm, ResponseSigner, StatementStatus } from '../../../../src/core/index.js';
import { createResponder, type Responder, type ResponderOptions } from '../../../../src/pipeline/serve/responder.js';
import type { Answer, RefusedAnswer, SignedAnswer } from '../../../../src/pipeline/serve/answer.js';
import type { StatusSource } from '../../../../src/source/status-source.js';
import { createCertificateAuthority } from '../../../support/pki.js';

export const now = new Date('2026-03-01T12:00:00.400Z');
export const hour = 3_600_000;

const authority = createCertificateAuthority();
export const issuer = decodeCertificate(authority.certificate.der);
export const otherIssuer = decodeCertificate(createCertificateAuthority().certificate.der);

export const signer: ResponseSigner = {
  certificate: issuer,
  key: createPrivateKey(authority.keyPem),
  responderId: 'name',
  embeddedCertificates: [],
};

export const later = (milliseconds: number): Date => new Date(now.getTime() + milliseconds);

/** Good for 0a, revoked for 0b, unknown for all others. */
export function sourceOf(more: Partial<StatusSource> = {}): StatusSource {
  const statuses: Readonly<Record<string, StatementStatus>> = {
    '0a': 'good',
    '0b': { revokedAt: new Date('2026-02-01T00:00:00Z'), reason: 'keyCompromise' },
  };
  return { statusOf: (serialNumber) => statuses[serialNumber] ?? 'unknown', ...more };
}

export function responderOf(options: Partial<ResponderOptions> = {}): Responder {
  const source = sourceOf();
  return createResponder({ issuer, signer, source: () => source, validityMilliseconds: 24 * hour, ...options });
}

export function certIdOf(serialNumber: string, hash: HashAlgorithm = 'sha1', of = issuer): CertId {
  return createCertIdForSerialNumber(serialNumber, of, hash);
}

export function requestOf(serialNumbers: readonly string[], nonce?: Uint8Array): Uint8Array {
  const certIds = serialNumbers.map((serialNumber) => certIdOf(serialNumber));
  return createRequest({ certIds, ...(nonce === undefined ? {} : { nonce }) });
}

export function signed(answer: Answer): SignedAnswer {
  if (answer.kind !== 'signed') throw new Error(`refused: ${answer.refusal.status}, ${answer.refusal.reason}`);
  return answer;
}

export function refused(answer: Answer): RefusedAnswer {
  if (answer.kind !== 'refused') throw new Error('a signed answer');
  return answer;
}
