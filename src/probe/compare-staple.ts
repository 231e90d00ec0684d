import {
  decodeCertificate,
  decodeResponse,
  isResponse,
  serialNumbersEqual,
  type CertId,
  type Certificate,
  type SingleResponse,
} from '../core/index.js';
import { bytesEqual, toHex } from '../core/bytes.js';
import { unlessOcspError } from '../core/ocsp-error.js';
import { digest, isHashName } from '../core/hash.js';
import { dnsNames } from '../core/certificate/subject-alternative-names.js';
import { formatTime } from '../core/time.js';

/** How a handshake differs from what the files say: closed, stable for scripts, each also a code of a reload. */
export type StapleFaultCode = 'nothing-stapled' | 'other-staple' | 'other-certificate';

/** The first difference: a sentence for people and the repair. */
export interface StapleFault {
  readonly code: StapleFaultCode;
  readonly message: string;
  readonly hint: string;
}

function otherCertificate(message: string, hint: string): StapleFault {
  return { code: 'other-certificate', message, hint };
}

function otherStaple(message: string, hint: string): StapleFault {
  return { code: 'other-staple', message, hint };
}

/** What a server sent, and what it should have sent as far as that is known. */
export interface StapleComparison {
  /** DER, the server's own first. */
  readonly sentCertificates: readonly Uint8Array[];
  readonly sentStaple?: Uint8Array | undefined;
  readonly expectedCertificate?: Certificate;
  /** The exact bytes of the staple file. */
  readonly expectedStaple?: Uint8Array;
  /** The present time, to tell a staple that is over from one that is only older. */
  readonly now: Date;
}

/**
 * Whether a server sent the expected certificate and these very bytes as its staple; where nothing is expected, whether it
 * stapled a response about the certificate it sent. Signatures are not looked at.
 *
 * @returns undefined when it did, else the first fault
 */
export function compareStaple(comparison: StapleComparison): StapleFault | undefined {
  const [own] = comparison.sentCertificates;
  const sentCertificate = own === undefined ? undefined : unlessOcspError(() => decodeCertificate(own));
  return (
    certificateFault(sentCertificate, comparison) ??
    missingFault(sentCertificate, comparison) ??
    stapleFault(sentCertificate, comparison)
  );
}

function certificateFault(
  sent: Certificate | undefined,
  { sentCertificates: [sentBytes], expectedCertificate: expected }: StapleComparison,
): StapleFault | undefined {
  if (expected !== undefined && sentBytes !== undefined && bytesEqual(sentBytes, expected.der)) return undefined;
  if (sentBytes === undefined) {
    return otherCertificate('the server sent no certificate', 'check that this port serves TLS with certificates');
  }
  if (sent === undefined) {
    return otherCertificate(
      'the server sent a certificate that cannot be read',
      'look at it with: openssl s_client -showcerts',
    );
  }
  if (expected === undefined) return undefined;
  if (bytesEqual(sent.subject, expected.subject) || sharesName(sent, expected)) {
    return sameNameFault(sent, expected);
  }
  return otherCertificate(
    `the server sent the certificate ${sent.serialNumber}, which is for another name, instead of ${expected.serialNumber}`,
    'give the server name that selects this certificate: #SERVERNAME after HOST:PORT, or --servername',
  );
}

/** Two certificates of one server: its other key type, or one before or after a renewal. */
function sameNameFault(sent: Certificate, expected: Certificate): StapleFault {
  if (sent.publicKey.algorithm.oid !== expected.publicKey.algorithm.oid) {
    return otherCertificate(
      `the server sent a certificate of another key type, ${sent.serialNumber} instead of ${expected.serialNumber}`,
      'the server does not have this certificate for this name, or has not loaded it: check its configuration, then reload it',
    );
  }
  if (sent.notBefore < expected.notBefore) {
    return otherCertificate(
      `the server still runs an older certificate: ${sent.serialNumber} from ${formatTime(sent.notBefore)}, the file has ${expected.serialNumber} from ${formatTime(expected.notBefore)}`,
      'reload the server so that it reads its certificates again',
    );
  }
  return otherCertificate(
    `the server runs another certificate for this name: ${sent.serialNumber} from ${formatTime(sent.notBefore)}, the file has ${expected.serialNumber} from ${formatTime(expected.notBefore)}`,
    "check which certificate file the server's configuration names",
  );
}

function missingFault(
  sent: Certificate | undefined,
  { sentStaple, expectedCertificate }: StapleComparison,
): StapleFault | undefined {
  if (sentStaple !== undefined && sentStaple.length > 0) return undefined;
  const mustStaple = (expectedCertificate ?? sent)?.mustStaple === true;
  return {
    code: 'nothing-stapled',
    message: mustStaple
      ? 'the server staples nothing, though its certificate is Must-Staple: clients refuse it'
      : 'the server staples nothing',
    hint: 'check that its configuration names this staple file; reload it, and read in its log why the file was not loaded. A server may also staple nothing shortly before a response ends or, with OpenSSL 3.6, where it is for another certificate',
  };
}

function stapleFault(
  sentCertificate: Certificate | undefined,
  { sentStaple, expectedStaple, expectedCertificate, now }: StapleComparison,
): StapleFault | undefined {
  if (sentStaple === undefined) return undefined;
  if (expectedStaple !== undefined && bytesEqual(sentStaple, expectedStaple)) return undefined;
  const sent = decodeResponse(sentStaple);
  if (!isResponse(sent)) {
    return otherStaple(
      'the server staples bytes that are not an OCSP response',
      'check which file the server staples from',
    );
  }
  if (sent.status !== 'successful') {
    return otherStaple(
      `the server staples a refusal (${sent.status}) instead of a response`,
      'the server fetches staples itself, or its staple file holds a refusal: restaple fetch --force, then reload it',
    );
  }
  const certificate = expectedCertificate ?? sentCertificate;
  const statement =
    certificate === undefined
      ? sent.basic.responses[0]
      : sent.basic.responses.find(({ certId }) => isAbout(certId, certificate));
  if (statement === undefined) {
    return otherStaple(
      `the server staples the response of another certificate, ${sent.basic.responses[0]?.certId.serialNumber ?? 'none'}`,
      'give each certificate its own staple: nginx takes one file per server block, dnsdist takes them in the order of the certificates',
    );
  }
  return expectedStaple === undefined ? undefined : otherBytesFault(statement, expectedStaple, now);
}

/** Another response about the same certificate. */
function otherBytesFault(sent: SingleResponse, expectedStaple: Uint8Array, now: Date): StapleFault {
  const file = thisUpdateOf(expectedStaple, sent.certId);
  const sentTime = formatTime(sent.thisUpdate);
  if (file === undefined) {
    return otherStaple(
      `the server staples a response from ${sentTime} for its certificate, and the file holds none for it`,
      'the file belongs to another certificate or is damaged: restaple fetch --force',
    );
  }
  if (sent.thisUpdate.getTime() === file.getTime()) {
    return otherStaple(
      `the server staples different bytes from the file, both from ${sentTime}`,
      'check that the server reads this very file, then reload it',
    );
  }
  if (sent.thisUpdate > file) {
    return otherStaple(
      `the server staples a newer response, from ${sentTime}, than the file, from ${formatTime(file)}`,
      'the server fetches staples itself, or reads another file: let only one of the two refresh the staple',
    );
  }
  const isOver = sent.nextUpdate !== undefined && sent.nextUpdate < now;
  return otherStaple(
    `the server still staples ${isOver ? 'an expired' : 'an older'} response, from ${sentTime}, the file is from ${formatTime(file)}`,
    'reload the server; after a reload an old worker may answer for a moment, so try again',
  );
}

function thisUpdateOf(staple: Uint8Array, sent: CertId): Date | undefined {
  const response = decodeResponse(staple);
  if (!isResponse(response) || response.status !== 'successful') return undefined;
  return response.basic.responses.find(({ certId }) => serialNumbersEqual(certId.serialNumber, sent.serialNumber))
    ?.thisUpdate;
}

/** As far as a certificate on its own can tell: its serial number and the name of its issuer (RFC 6960 §4.1.1). */
function isAbout(certId: CertId, certificate: Certificate): boolean {
  if (!serialNumbersEqual(certId.serialNumber, certificate.serialNumber)) return false;
  const { hashAlgorithm, issuerNameHash } = certId;
  return !isHashName(hashAlgorithm) || toHex(digest(hashAlgorithm, certificate.issuer)) === issuerNameHash;
}

/** Whether both have a DNS name in common. */
export function sharesName(a: Certificate, b: Certificate): boolean {
  const names = new Set(namesOf(a));
  return namesOf(b).some((name) => names.has(name));
}

/** The server's own extension may be broken; then it shares no name. */
function namesOf(certificate: Certificate): string[] {
  return unlessOcspError(() => dnsNames(certificate)) ?? [];
}
