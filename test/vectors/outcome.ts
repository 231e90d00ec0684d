import {
  OcspError,
  createCertId,
  createRequest,
  decodeCertificate,
  decodePem,
  decodeRequest,
  decodeResponse,
  isBelieved,
  isResponse,
  issuanceFailure,
  looksLikePem,
  parseSerialNumber,
  verifyResponse,
  type Certificate,
  type Failure,
  type Subject,
} from '../../src/core/index.js';
import { DerError } from '../../src/core/der/der.js';
import type { Corpus, FileRole, VectorCase } from './corpus.js';
import { requestFields, responseFields, type FieldValues } from './fields.js';

/** What restaple makes of a case: accepted, or refused for reasons in the corpora's words. */
export type Outcome =
  | { readonly ok: true; readonly status?: string; readonly fields?: FieldValues }
  | { readonly ok: false; readonly reasons: readonly string[]; readonly fields?: FieldValues };

/** Skew that the corpora's times were chosen for. */
const skewMilliseconds = 300_000;

/** What each of our codes says in the corpora's words. No catch-all: a code that is not here fails its case. */
const meanings: Readonly<Record<string, readonly string[]>> = {
  'signature-invalid': ['signature'],
  'responder-not-found': ['responder-not-found'],
  'responder-not-authorized: not issued by this issuer': ['responder-cert-signature', 'responder-not-trusted'],
  'responder-not-authorized: no OCSPSigning': ['responder-not-trusted'],
  'responder-not-authorized: expired': ['responder-not-trusted'],
  'responder-not-authorized: critical extension': ['responder-not-trusted'],
  'cert-id-mismatch: other certificate': ['certid-mismatch', 'no-matching-response'],
  // The serial number is ours, so it is the issuer that differs.
  'cert-id-mismatch: other issuer': ['certid-mismatch', 'no-matching-response', 'issuer-mismatch'],
  'issuer-mismatch': ['issuer-mismatch'],
  'critical-extension': ['unhandled-critical-extension'],
  expired: ['expired'],
  'not-yet-valid': ['not-yet-valid'],
  'unsupported-response-type': ['unsupported-responseType'],
  'malformed: trailing-data': ['trailing-data'],
  // Well-formed DER whose value RFC 6960 §4.2.1 gives no meaning.
  'malformed: value': ['successful-without-responseBytes', 'undefined-response-status'],
  'malformed: indefinite-length': ['indefinite-length'],
  'no-responder': ['no-responder'],
};

export function outcomeOf(corpus: Corpus, one: VectorCase): Outcome {
  switch (one.kind) {
    case 'verify':
      return verifyOutcome(corpus, one);
    case 'parse-response':
      return responseOutcome(corpus.read(one, 'response'));
    case 'parse-request':
      return requestOutcome(corpus, one);
    case 'cert':
      return certificateOutcome(corpus, one);
  }
}

function verifyOutcome(corpus: Corpus, one: VectorCase): Outcome {
  const issuers = certificatesOf(corpus, one, 'issuer');
  const subject = subjectOf(corpus, one);
  const issuer =
    'certificate' in subject
      ? issuers.find((candidate) => issuanceFailure(subject.certificate, candidate) === undefined)
      : issuers[0];
  const decoded = responseOutcome(corpus.read(one, 'response'));
  const fields = decoded.fields === undefined ? {} : { fields: decoded.fields };
  if (issuer === undefined) return { ok: false, reasons: meaningOf('issuer-mismatch'), ...fields };
  const verdict = verifyResponse(corpus.read(one, 'response'), {
    subject,
    issuer,
    trustedResponders: certificatesOf(corpus, one, 'responder'),
    untrusted: certificatesOf(corpus, one, 'other'),
    now: new Date((one.at ?? 0) * 1000),
    skewMilliseconds,
    ignoreTimes: one.checkUpdateTimes === false,
  });
  if (isBelieved(verdict)) return { ok: true, status: verdict.kind, ...fields };
  return { ok: false, reasons: meaningOf(codeOf(verdict.failure)), ...fields };
}

function subjectOf(corpus: Corpus, one: VectorCase): Subject {
  if (one.serial !== undefined) {
    const serialNumber = parseSerialNumber(one.serial);
    if (serialNumber === undefined) throw new Error(`${one.id}: ${one.serial} is not a serial number`);
    return { serialNumber };
  }
  const [certificate] = certificatesOf(corpus, one, 'cert');
  if (certificate === undefined) throw new Error(`${one.id} has no certificate`);
  return { certificate };
}

/** The failure's code, with the value that decides what it means where one code stands for several reasons. */
function codeOf({ code, values }: Failure): string {
  if (code === 'responder-not-authorized') return `${code}: ${values['why'] ?? ''}`;
  if (code === 'malformed-response') return malformed(values['rule']);
  if (code !== 'cert-id-mismatch') return code;
  const other = values['serialNumber'] === values['expectedSerialNumber'] ? 'issuer' : 'certificate';
  return `${code}: other ${other}`;
}

function responseOutcome(der: Uint8Array): Outcome {
  const response = decodeResponse(der);
  if (isResponse(response)) return { ok: true, fields: responseFields(response) };
  const code = response.code === 'malformed-response' ? malformed(response.rule) : response.code;
  return { ok: false, reasons: meaningOf(code) };
}

function malformed(rule: string | number | undefined): string {
  return `malformed: ${rule ?? ''}`;
}

function requestOutcome(corpus: Corpus, one: VectorCase): Outcome {
  try {
    return { ok: true, fields: requestFields(decodeRequest(corpus.read(one, 'request'))) };
  } catch (error) {
    if (!(error instanceof OcspError && error.cause instanceof DerError)) throw error;
    return { ok: false, reasons: meaningOf(malformed(error.cause.rule)) };
  }
}

/** Of a certificate only the responder URIs count; none of them means that the corpora say `ok: false`. */
function certificateOutcome(corpus: Corpus, one: VectorCase): Outcome {
  const [certificate] = certificatesOf(corpus, one, 'cert');
  if (certificate === undefined) throw new Error(`${one.id} has no certificate`);
  const fields = { ocspUris: certificate.ocspUris };
  if (certificate.ocspUris.length === 0) return { ok: false, reasons: meaningOf('no-responder'), fields };
  return { ok: true, fields };
}

/** The request that restaple makes for this case's certificate: SHA-1 CertID, no nonce. */
export function generatedRequest(corpus: Corpus, one: VectorCase): Uint8Array {
  const [certificate] = certificatesOf(corpus, one, 'cert');
  const [issuer] = certificatesOf(corpus, one, 'issuer');
  if (certificate === undefined || issuer === undefined) throw new Error(`${one.id} has no certificate or issuer`);
  return createRequest({ certIds: [createCertId(certificate, issuer, 'sha1')] });
}

export function certificatesOf(corpus: Corpus, one: VectorCase, role: FileRole): Certificate[] {
  if (one.files[role] === undefined) return [];
  const bytes = corpus.read(one, role);
  if (!looksLikePem(bytes)) return [decodeCertificate(bytes)];
  return decodePem(bytes)
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ der }) => decodeCertificate(der));
}

function meaningOf(code: string): readonly string[] {
  const meaning = meanings[code];
  if (meaning === undefined) throw new Error(`no meaning is written down for the failure "${code}"`);
  return meaning;
}
