import {
  decodeCertificate,
  verifyResponse,
  type Certificate,
  type Verdict,
  type VerifyOptions,
} from '../../../src/core/index.js';
import type { IssuedCertificate } from '../../support/certificate.js';
import { buildOcspResponse, responseTimes, type OcspResponseOptions } from '../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../support/pki.js';

/** One authority and one server certificate that all tests share; a test names only what differs. */
export const authority = createCertificateAuthority();
export const server = authority.issue({ commonName: 'server.example' });
export const issuer = decode(authority);
export const certificate = decode(server);
export const certId = { issuer: authority, serialNumber: server.serialNumber };
export const { now } = responseTimes;

/** Five minutes. */
export const skewMilliseconds = 300_000;

export function decode(issued: Pick<IssuedCertificate, 'certificate'>): Certificate {
  return decodeCertificate(issued.certificate.der);
}

/** A good response about the server certificate, signed by the authority. */
export function respond(options: Partial<OcspResponseOptions> = {}): Buffer {
  return buildOcspResponse({ signer: authority, responses: [{ certId }], ...options });
}

/** Verifies for the server certificate at a time well inside the response's window. */
export function verify(response: Uint8Array, options: Partial<VerifyOptions> = {}): Verdict {
  return verifyResponse(response, { subject: { certificate }, issuer, now, skewMilliseconds, ...options });
}

/** The code of the failure, or the kind of a verdict without one. */
export function codeOf(verdict: Verdict): string {
  return 'failure' in verdict ? verdict.failure.code : verdict.kind;
}

/** The rules of the findings. */
export function findingsOf(verdict: Verdict): string[] {
  return verdict.findings.map(({ rule }) => rule);
}

/** A time so many seconds after another. */
export function secondsAfter(time: Date, seconds: number): Date {
  return new Date(time.getTime() + seconds * 1000);
}
