import { isIPv4 } from 'node:net';

import {
  bitString,
  booleanTrue,
  contextConstructed,
  contextPrimitive,
  integer,
  namedBits,
  nullValue,
  objectIdentifier,
  octetString,
  sequence,
} from './der-writer.js';

/** An extension of a certificate, a response or a request. */
export interface Extension {
  readonly oid: string;
  readonly critical?: boolean;
  /** The contents of extnValue: usually DER, but any bytes may stand here. */
  readonly value: Uint8Array;
}

/** Key purposes for `extendedKeyUsage`. */
export const purposes = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  any: '2.5.29.37.0',
} as const;

const keyUsageBits = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
} as const;

export type KeyUsage = keyof typeof keyUsageBits;

/** Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }, DER. */
export function encodeExtension({ oid, critical = false, value }: Extension): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [booleanTrue()] : []), octetString(value));
}

export function encodeExtensions(extensions: readonly Extension[]): Buffer {
  return sequence(...extensions.map(encodeExtension));
}

export function basicConstraints(isCa: boolean, pathLength?: number): Extension {
  const fields = isCa ? [booleanTrue(), ...(pathLength === undefined ? [] : [integer(pathLength)])] : [];
  return { oid: '2.5.29.19', critical: true, value: sequence(...fields) };
}

export function keyUsage(usages: readonly KeyUsage[]): Extension {
  return { oid: '2.5.29.15', critical: true, value: namedBits(usages.map((usage) => keyUsageBits[usage])) };
}

export function extendedKeyUsage(oids: readonly string[]): Extension {
  return { oid: '2.5.29.37', value: sequence(...oids.map(objectIdentifier)) };
}

export function subjectKeyIdentifier(identifier: Uint8Array): Extension {
  return { oid: '2.5.29.14', value: octetString(identifier) };
}

export function authorityKeyIdentifier(identifier: Uint8Array): Extension {
  return { oid: '2.5.29.35', value: sequence(contextPrimitive(0, identifier)) };
}

/** The form without a key identifier: the name and serial of the issuer's own certificate. */
export function authorityIssuerAndSerial(issuerName: Uint8Array, serialContents: Uint8Array): Extension {
  return {
    oid: '2.5.29.35',
    value: sequence(contextConstructed(1, contextConstructed(4, issuerName)), contextPrimitive(2, serialContents)),
  };
}

export function authorityInformationAccess(ocspUris: readonly string[], caIssuersUris: readonly string[]): Extension {
  const access = (method: string, uri: string): Buffer => sequence(objectIdentifier(method), uniformResource(uri));
  return {
    oid: '1.3.6.1.5.5.7.1.1',
    value: sequence(
      ...ocspUris.map((uri) => access('1.3.6.1.5.5.7.48.1', uri)),
      ...caIssuersUris.map((uri) => access('1.3.6.1.5.5.7.48.2', uri)),
    ),
  };
}

export function crlDistributionPoints(uris: readonly string[]): Extension {
  const point = (uri: string): Buffer => sequence(contextConstructed(0, contextConstructed(0, uniformResource(uri))));
  return { oid: '2.5.29.31', value: sequence(...uris.map(point)) };
}

/** DNS names, IPv4 addresses as such. */
export function subjectAlternativeNames(names: readonly string[]): Extension {
  const general = (name: string): Buffer =>
    isIPv4(name)
      ? contextPrimitive(7, Buffer.from(name.split('.').map(Number)))
      : contextPrimitive(2, Buffer.from(name, 'latin1'));
  return { oid: '2.5.29.17', value: sequence(...names.map(general)) };
}

/** id-pe-tlsfeature with status_request: Must-Staple (RFC 7633). */
export function mustStaple(): Extension {
  return { oid: '1.3.6.1.5.5.7.1.24', value: sequence(integer(5)) };
}

/** id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1). */
export function ocspNoCheck(): Extension {
  return { oid: '1.3.6.1.5.5.7.48.1.5', value: nullValue() };
}

/** An extension that nobody knows, for critical-extension tests. */
export function unheardOf(critical: boolean): Extension {
  return { oid: '1.3.6.1.4.1.99999.1', critical, value: bitString(new Uint8Array([1])) };
}

function uniformResource(uri: string): Buffer {
  return contextPrimitive(6, Buffer.from(uri, 'latin1'));
}
