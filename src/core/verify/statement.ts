import {
  certIdsEqual,
  createCertId,
  createCertIdForSerialNumber,
  serialNumbersEqual,
  type CertId,
} from '../cert-id.js';
import type { Certificate } from '../certificate.js';
import { isHashName, type HashAlgorithm } from '../hash.js';
import type { BasicResponse, SingleResponse } from '../response.js';
import { failure } from './failure.js';
import type { Failure } from './verdict.js';

/** What is asked about: a certificate, or the serial number of one (lower-case hex of the INTEGER contents). */
export type Subject = { readonly certificate: Certificate } | { readonly serialNumber: string };

/** The order in which two statements about one certificate that disagree are believed. */
const gravity = { good: 0, unknown: 1, revoked: 2 } as const;

/**
 * RFC 6960 §3.2 item 1: the statement about our certificate, in whichever hash its CertID comes. Of several the gravest
 * counts, and of equally grave ones the newest.
 */
export function statementFor(
  basic: BasicResponse,
  subject: Subject,
  issuer: Certificate,
): { readonly statement: SingleResponse } | { readonly failure: Failure } {
  const expected = new Map<HashAlgorithm, CertId>();
  let gravest: SingleResponse | undefined;
  for (const statement of basic.responses) {
    const { certId } = statement;
    if (!isHashName(certId.hashAlgorithm)) continue;
    const known = expected.get(certId.hashAlgorithm) ?? certIdFor(subject, issuer, certId.hashAlgorithm);
    expected.set(certId.hashAlgorithm, known);
    if (certIdsEqual(known, certId)) gravest = gravest === undefined ? statement : graver(gravest, statement);
  }
  return gravest === undefined ? { failure: mismatch(basic, serialNumberOf(subject)) } : { statement: gravest };
}

/** The CertID of the subject in this hash. */
export function certIdFor(subject: Subject, issuer: Certificate, hash: HashAlgorithm): CertId {
  return 'certificate' in subject
    ? createCertId(subject.certificate, issuer, hash)
    : createCertIdForSerialNumber(subject.serialNumber, issuer, hash);
}

function serialNumberOf(subject: Subject): string {
  return 'certificate' in subject ? subject.certificate.serialNumber : subject.serialNumber;
}

function graver(a: SingleResponse, b: SingleResponse): SingleResponse {
  const difference = gravity[b.status] - gravity[a.status];
  if (difference !== 0) return difference > 0 ? b : a;
  return b.thisUpdate > a.thisUpdate ? b : a;
}

function mismatch(basic: BasicResponse, serialNumber: string): Failure {
  const [only] = basic.responses;
  if (only === undefined) {
    return failure('cert-id-mismatch', 'the response makes no statement at all', {
      expectedSerialNumber: serialNumber,
    });
  }
  const sameSerial = basic.responses.find(({ certId }) => serialNumbersEqual(certId.serialNumber, serialNumber));
  const found = (sameSerial ?? only).certId;
  const values = {
    expectedSerialNumber: serialNumber,
    serialNumber: found.serialNumber,
    hashAlgorithm: found.hashAlgorithm,
  };
  if (sameSerial === undefined) {
    return failure(
      'cert-id-mismatch',
      `the response speaks of serial number ${found.serialNumber}, not of ${serialNumber}`,
      values,
    );
  }
  const message = isHashName(found.hashAlgorithm)
    ? `the response speaks of serial number ${serialNumber} of another issuer`
    : `the CertID of the response uses the hash ${found.hashAlgorithm}, which is not supported`;
  return failure('cert-id-mismatch', message, values);
}
