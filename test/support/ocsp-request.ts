import { readElement, readElements, readObjectIdentifier, readSequence, type DerElement } from './der-reader.js';
import { hashByIdentifier, type HashName } from './signatures.js';

/** A CertID of a request, hex in lower case. */
export interface RequestedCertId {
  /** The name of the hash; the dotted OID where it is none of ours. */
  readonly hashAlgorithm: HashName | `${number}.${string}`;
  readonly issuerNameHash: string;
  readonly issuerKeyHash: string;
  /** The exact contents octets. */
  readonly serialNumber: string;
  /** The CertID as it came. */
  readonly der: Uint8Array;
}

export interface ParsedOcspRequest {
  readonly certIds: readonly RequestedCertId[];
  /** The nonce inside its inner OCTET STRING; undefined where there is no nonce. */
  readonly nonce?: string;
}

const nonceIdentifier = '1.3.6.1.5.5.7.48.1.2';

/** Reads an OCSPRequest (RFC 6960 §4.1.1); throws an Error for bytes that are none. */
export function parseOcspRequest(der: Uint8Array): ParsedOcspRequest {
  const body = readSequence(der)[0];
  if (body === undefined) throw new Error('an empty OCSPRequest');
  const fields = readSequence(body.der);
  const list = fields.find(({ tag }) => tag === 0x30);
  if (list === undefined) throw new Error('an OCSPRequest without requestList');
  const certIds = readElements(list.contents).map((request) => parseCertId(elementAt(readSequence(request.der), 0)));
  const extensions = fields.find(({ tag }) => tag === 0xa2);
  const nonce = extensions === undefined ? undefined : findNonce(extensions);
  return { certIds, ...(nonce === undefined ? {} : { nonce }) };
}

function parseCertId(element: DerElement): RequestedCertId {
  const fields = readSequence(element.der);
  const identifier = readObjectIdentifier(elementAt(readSequence(elementAt(fields, 0).der), 0).contents);
  return {
    hashAlgorithm: hashByIdentifier(identifier) ?? (identifier as `${number}.${string}`),
    issuerNameHash: hexOf(elementAt(fields, 1)),
    issuerKeyHash: hexOf(elementAt(fields, 2)),
    serialNumber: hexOf(elementAt(fields, 3)),
    der: element.der,
  };
}

function findNonce(extensions: DerElement): string | undefined {
  for (const extension of readSequence(extensions.contents)) {
    const fields = readSequence(extension.der);
    if (readObjectIdentifier(elementAt(fields, 0).contents) !== nonceIdentifier) continue;
    const value = elementAt(fields, fields.length - 1);
    return hexOf(readElement(value.contents));
  }
  return undefined;
}

function elementAt(elements: readonly DerElement[], index: number): DerElement {
  const element = elements[index];
  if (element === undefined) throw new Error('a field is missing');
  return element;
}

function hexOf(element: DerElement): string {
  return Buffer.from(element.contents).toString('hex');
}
