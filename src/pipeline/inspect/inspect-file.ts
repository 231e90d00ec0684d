import { OcspError, decodePem, looksLikePem, type PemBlock } from '../../core/index.js';
import { Tag } from '../../core/der/der.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { kindOfDer, type DerKind } from '../../core/kind-of-der.js';
import { certificateLabels, certificateOf } from '../../source/certificate-file.js';
import { readPkcs7Certificates } from '../../source/pkcs7.js';
import { readInputFile, type InputHints } from '../../source/input-file.js';
import { describeCertificate } from './certificate.js';
import { describeCertificateRequest } from './certificate-request.js';
import type { Inspected } from './record.js';
import { inspectRequest } from './request.js';
import { inspectResponse } from './response.js';
import { describeCrl } from './revocation-list.js';
import { decodeSavedText } from './saved-text.js';
import { troubleOfError } from '../trouble.js';

/** A CA bundle is 250 KiB; what is larger than this is none of what is inspected here. */
const largestFile = 4 * 1024 * 1024;

const whatIsShown = 'name a request, a response, a certificate or a CRL';

const hints: InputHints = {
  empty: 'an empty staple was never fetched: restaple fetch',
  tooLarge: 'requests, responses and certificates are a few KiB; a larger CRL is for openssl crl -text',
};

/**
 * Describes whatever requests, responses, certificates and CRLs a file holds: DER, PEM (each block of a bundle separately,
 * private keys named and never decoded), or the base64 of a request's URL. Nothing is verified.
 *
 * @returns at least one thing, in the order of the file; what cannot be read or decoded is in the result and never
 *   thrown, with the codes `file-not-found`, `file-unreadable`, `file-empty`, `file-too-large`, `malformed-pem`,
 *   `malformed-der`, `malformed-certificate`, `malformed-crl`, `unsupported-response-type`, `no-certificate`; messages name the file
 */
export async function inspectFile(path: FilePath): Promise<readonly Inspected[]> {
  let bytes: Uint8Array;
  try {
    bytes = readInputFile(path, largestFile, hints);
  } catch (error) {
    return [{ trouble: troubleOfError(error) }];
  }
  const inspected = await orTrouble(() => inspectBytes(bytes));
  return inspected.map((one) => nameFile(one, shownPath(path)));
}

/** As {@link inspectFile}, for bytes that are at hand; throws OcspError for those that are nothing at all. */
export async function inspectBytes(bytes: Uint8Array): Promise<readonly Inspected[]> {
  if (isPem(bytes)) return inspectPem(decodePem(bytes));
  const der = bytes[0] === Tag.sequence ? bytes : decodeSavedText(bytes);
  if (der === undefined) {
    throw new OcspError(
      'malformed-der',
      `it is neither DER nor PEM nor base64${looksLikeMarkup(bytes) ? ', but looks like HTML or XML' : ''}`,
      `${whatIsShown}; an error page of a proxy is none of them`,
    );
  }
  return inspectDer(der, kindOfDer(der));
}

/** Text before the first PEM block may begin with the octet that begins a SEQUENCE, which is the digit 0. */
function isPem(bytes: Uint8Array): boolean {
  const second = bytes[1] ?? 0xff;
  const isText = bytes[0] !== Tag.sequence || (second >= 0x09 && second < 0x80);
  return isText && looksLikePem(bytes);
}

function looksLikeMarkup(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 64)).toString('latin1').trimStart().startsWith('<');
}

type Inspector = (der: Uint8Array) => Promise<readonly Inspected[]> | readonly Inspected[];

const inspectors: Readonly<Partial<Record<DerKind, Inspector>>> = {
  response: (der) => [inspectResponse(der)],
  request: (der) => [inspectRequest(der)],
  certificate: (der) => [{ record: describeCertificate(der) }],
  pkcs7: inspectPkcs7,
  'certificate request': (der) => [{ record: describeCertificateRequest(der) }],
  'certificate revocation list': (der) => [{ record: describeCrl(der) }],
};

function inspectDer(der: Uint8Array, kind: DerKind | undefined): ReturnType<Inspector> {
  const inspect = kind === undefined ? undefined : inspectors[kind];
  if (inspect !== undefined) return inspect(der);
  throw new OcspError(
    kind === undefined ? 'malformed-der' : 'no-certificate',
    kind === undefined ? 'it is not a request, response, certificate or CRL' : `it is a ${kind}`,
    whatIsShown,
  );
}

async function inspectPkcs7(der: Uint8Array): Promise<readonly Inspected[]> {
  const found: Inspected[] = [];
  for (const certificate of readPkcs7Certificates(der)) {
    found.push(...(await orTrouble(() => [{ record: describeCertificate(certificate) }])));
  }
  if (found.length === 0) throw new OcspError('no-certificate', 'there is no certificate in this PKCS#7');
  return found;
}

async function inspectPem(blocks: readonly PemBlock[]): Promise<readonly Inspected[]> {
  const found: Inspected[] = [];
  for (const [index, block] of blocks.entries()) {
    const warnings: string[] = [];
    const inspected = await orTrouble(() => inspectBlock(block, index + 1, warnings));
    const more = { block: index + 1, ...(warnings.length === 0 ? {} : { warnings }) };
    found.push(...inspected.map((one) => ({ ...more, ...one })));
  }
  if (found.some(({ record, trouble }) => trouble !== undefined || (record !== undefined && !('label' in record)))) {
    return found;
  }
  const labels = [...new Set(blocks.map(({ label }) => label))].join(', ');
  throw new OcspError(
    'no-certificate',
    `there is no request, response, certificate or CRL in it${labels === '' ? '' : `, only ${labels}`}`,
    whatIsShown,
  );
}

/** What is in a PEM block: PKCS#7 stands under the labels of certificates too, and a certificate under those of PKCS#7. */
function kindOfBlock({ label, der }: PemBlock): DerKind | undefined {
  if (label === 'OCSP RESPONSE') return 'response';
  if (label === 'OCSP REQUEST') return 'request';
  if (label === 'X509 CRL') return 'certificate revocation list';
  if (/^(?:NEW )?CERTIFICATE REQUEST$/.test(label)) return 'certificate request';
  if (!certificateLabels.has(label)) return undefined;
  const found = kindOfDer(der);
  const isFoundByLabel = found !== 'pkcs7' && found !== 'certificate';
  return isFoundByLabel ? (/^(?:PKCS|CMS)/.test(label) ? 'pkcs7' : 'certificate') : found;
}

function inspectBlock(block: PemBlock, number: number, warnings: string[]): ReturnType<Inspector> {
  const { label, der } = block;
  const kind = kindOfBlock(block);
  if (kind === 'certificate') {
    return inspectDer(
      certificateOf(block, number, (warning) => warnings.push(warning)),
      kind,
    );
  }
  if (kind !== undefined) return inspectDer(der, kind);
  return [{ record: { kind: label.endsWith('PRIVATE KEY') ? 'private-key' : 'other', label } }];
}

/** What `inspect` finds, or what it throws as the trouble of the only thing found. */
async function orTrouble(inspect: () => ReturnType<Inspector>): Promise<readonly Inspected[]> {
  try {
    return await inspect();
  } catch (error) {
    return [{ trouble: troubleOfError(error) }];
  }
}

/** The message with the file before it, as those of files that could not be read have it. */
function nameFile(inspected: Inspected, file: string): Inspected {
  const { trouble, block } = inspected;
  if (trouble === undefined) return inspected;
  const place = block === undefined ? file : `${file}: block ${block}`;
  return { ...inspected, trouble: { ...trouble, message: `${place}: ${trouble.message}` } };
}
