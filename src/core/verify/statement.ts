import {
  certIdsEqual,
  createCertId,
  createCertIdForSerialNumber,
  serialNumbersEqual,
  type CertId,
} from '../cert-id.js';
import type { Certificate } from '../certificate/certificate.js';
import { isHashName, type HashAlgorithm } from '../hash.js';
import type { BasicResponse, SingleResponse } from '../response.js';
import { failure } from './failure.js';
import type { Failure } from './verdict.js';

/** What is asked about: a certificate, the serial number of one (lower-case hex of the INTEGER contents), or a CertID as it stands. */
export type Subject =
  { readonly certificate: Certificate } | { readonly serialNumber: string } | { readonly certId: CertId };

/** The order in which two statements about one certificate that disagree are believed. */
const gravity = { good: 0, unknown: 1, revoked: 2 } as const;

/**
 * RFC 6960 §3.2 item 1: the statement about our certificate, in whichever hash its CertID comes. Of several the gravest
 * counts, and of equally grave ones the newest.
 */
export function statementFor(
  basic: BasicResponse,
  subject: Subject,
  issuer: Certificate | undefined,
): { readonly statement: SingleResponse } | { readonly failure: Failure } {
  const expected = new Map<string, CertId | undefined>();
  let gravest: SingleResponse | undefined;
  for (const statement of basic.responses) {
    const { certId } = statement;
    const { hashAlgorithm } = certId;
    if (!expected.has(hashAlgorithm)) expected.set(hashAlgorithm, certIdFor(subject, issuer, hashAlgorithm));
    const known = expected.get(hashAlgorithm);
    if (known !== undefined && certIdsEqual(known, certId))
      gravest = gravest === undefined ? statement : graver(gravest, statement);
  }
  return gravest === undefined ? { failure: mismatch(basic, serialNumberOf(subject)) } : { statement: gravest };
}

/** Whether this is how a responder says that its CA never issued such a certificate (RFC 6960 §2.2, extended revoke). */
export function isNeverIssued({ revocationTime, revocationReason }: Omit<SingleResponse, 'extensions'>): boolean {
  return revocationTime?.getTime() === 0 && revocationReason === 'certificateHold';
}

/** The CertID of the subject in this hash; undefined where there is none by what is known. */
export function certIdFor(subject: Subject, issuer: Certificate, hash: HashAlgorithm): CertId;
export function certIdFor(subject: Subject, issuer: Certificate | undefined, hash: string): CertId | undefined;
export function certIdFor(subject: Subject, issuer: Certificate | undefined, hash: string): CertId | undefined {
  if ('certId' in subject) return subject.certId;
  if (issuer === undefined || !isHashName(hash)) return undefined;
  return 'certificate' in subject
    ? createCertId(subject.certificate, issuer, hash)
    : createCertIdForSerialNumber(subject.serialNumber, issuer, hash);
}

function serialNumberOf(subject: Subject): string {
  if ('certId' in subject) return subject.certId.serialNumber;
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
    return failure('cert-id-mismatch', 'the response contains no statement', {
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
      `the response is about serial number ${found.serialNumber}, not ${serialNumber}`,
      values,
    );
  }
  const message = isHashName(found.hashAlgorithm)
    ? `the response is about serial number ${serialNumber} of another issuer`
    : `the CertID of the response uses the hash ${found.hashAlgorithm}, which is not supported`;
  return failure('cert-id-mismatch', message, values);
}
