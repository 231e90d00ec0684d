import { DerError, DerReader, Tag, contextTag, readWhole } from './der/der.js';
import { findExtension, readExtensions, type Extension } from './extension.js';
import { Oid } from './oid.js';

/** The bits of keyUsage in their order (RFC 5280 §4.2.1.3). */
export const keyUsageBits = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

export type KeyUsage = (typeof keyUsageBits)[number];

/** What a certificate's extensions say. URIs stand as the certificate writes them, unchecked, duplicates once. */
export interface CertificateExtensions {
  readonly extensions: readonly Extension[];
  /** Responder URIs of authorityInfoAccess (RFC 5280 §4.2.2.1). */
  readonly ocspUris: readonly string[];
  readonly caIssuersUris: readonly string[];
  /** URIs of the cRLDistributionPoints (RFC 5280 §4.2.1.13). */
  readonly crlUris: readonly string[];
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  /** id-pkix-ocsp-nocheck is there (RFC 6960 §4.2.2.2.1). */
  readonly ocspNoCheck: boolean;
  /** The TLS feature status_request is there (RFC 7633 §4.2.3.1), known as Must-Staple. */
  readonly mustStaple: boolean;
  /** Critical extensions that this project does not know and so may not overlook (RFC 5280 §4.2). */
  readonly unknownCriticalExtensions: readonly string[];
}

/** Extensions that are processed here, or whose restrictions do not bear on signing OCSP responses. */
const knownExtensions: ReadonlySet<string> = new Set([
  Oid.subjectKeyIdentifier,
  Oid.keyUsage,
  Oid.subjectAlternativeName,
  Oid.issuerAlternativeName,
  Oid.basicConstraints,
  Oid.nameConstraints,
  Oid.crlDistributionPoints,
  Oid.certificatePolicies,
  Oid.policyMappings,
  Oid.authorityKeyIdentifier,
  Oid.policyConstraints,
  Oid.extendedKeyUsage,
  Oid.inhibitAnyPolicy,
  Oid.authorityInformationAccess,
  Oid.ocspNoCheck,
  Oid.tlsFeature,
]);

const tlsFeatureStatusRequest = 5;

/** Reads the `[3] extensions` of a certificate; `explicit` undefined when it has none. Throws DerError. */
export function readCertificateExtensions(explicit: DerReader | undefined): CertificateExtensions {
  const extensions = readList(explicit);
  const access = readAuthorityInformationAccess(extensions);
  const constraints = readBasicConstraints(extensions);
  return {
    extensions,
    ocspUris: urisOf(access, Oid.accessMethodOcsp),
    caIssuersUris: urisOf(access, Oid.accessMethodCaIssuers),
    crlUris: readCrlUris(extensions),
    extendedKeyUsage: readExtendedKeyUsage(extensions),
    keyUsage: readKeyUsage(extensions),
    isCa: constraints.isCa,
    pathLength: constraints.pathLength,
    ocspNoCheck: findExtension(extensions, Oid.ocspNoCheck) !== undefined,
    mustStaple: readTlsFeatures(extensions).includes(tlsFeatureStatusRequest),
    unknownCriticalExtensions: unknownCritical(extensions),
  };
}

function unknownCritical(extensions: readonly Extension[]): string[] {
  const unknown: string[] = [];
  for (const { oid, critical } of extensions) if (critical && !knownExtensions.has(oid)) unknown.push(oid);
  return unknown;
}

function readList(explicit: DerReader | undefined): Extension[] {
  if (explicit === undefined) return [];
  const extensions = readExtensions(explicit.sequence('extensions'), 'the certificate', { unique: true });
  explicit.end('extensions');
  return extensions;
}

interface AccessDescription {
  readonly method: string;
  readonly uri: string | undefined;
}

function readAuthorityInformationAccess(extensions: readonly Extension[]): AccessDescription[] {
  const extension = findExtension(extensions, Oid.authorityInformationAccess);
  if (extension === undefined) return [];
  const list = readWhole(extension.value, Tag.sequence, 'authorityInfoAccess');
  const descriptions: AccessDescription[] = [];
  while (!list.isAtEnd) {
    const description = list.sequence('access description');
    const method = description.objectIdentifier('access method');
    const uri = readUri(description);
    description.end('access description');
    descriptions.push({ method, uri });
  }
  return descriptions;
}

/** A GeneralName: the text of a uniformResourceIdentifier, undefined for the other choices. */
function readUri(reader: DerReader): string | undefined {
  const name = reader.any('general name');
  return name.tag === contextTag(6, 'primitive') ? Buffer.from(name.contents).toString('latin1') : undefined;
}

function urisOf(descriptions: readonly AccessDescription[], method: string): string[] {
  const uris = new Set<string>();
  for (const description of descriptions) {
    if (description.method === method && description.uri !== undefined) uris.add(description.uri);
  }
  return [...uris];
}

function readCrlUris(extensions: readonly Extension[]): string[] {
  const extension = findExtension(extensions, Oid.crlDistributionPoints);
  if (extension === undefined) return [];
  const points = readWhole(extension.value, Tag.sequence, 'cRLDistributionPoints');
  const uris = new Set<string>();
  while (!points.isAtEnd) {
    const pointName = points.sequence('distribution point').enterOptional(contextTag(0), 'distribution point name');
    const fullName = pointName?.enterOptional(contextTag(0), 'full name');
    while (fullName !== undefined && !fullName.isAtEnd) {
      const uri = readUri(fullName);
      if (uri !== undefined) uris.add(uri);
    }
  }
  return [...uris];
}

function readExtendedKeyUsage(extensions: readonly Extension[]): string[] | undefined {
  const extension = findExtension(extensions, Oid.extendedKeyUsage);
  if (extension === undefined) return undefined;
  const list = readWhole(extension.value, Tag.sequence, 'extKeyUsage');
  const purposes: string[] = [];
  while (!list.isAtEnd) purposes.push(list.objectIdentifier('key purpose'));
  return purposes;
}

function readKeyUsage(extensions: readonly Extension[]): ReadonlySet<KeyUsage> | undefined {
  const extension = findExtension(extensions, Oid.keyUsage);
  if (extension === undefined) return undefined;
  const reader = new DerReader(extension.value);
  const { contents } = reader.element(Tag.bitString, 'keyUsage');
  reader.end('keyUsage');
  if (contents.length === 0 || contents.length > 3 || (contents[0] ?? 8) > 7) {
    throw new DerError('value', 'keyUsage is no BIT STRING of at most 9 bits', 0);
  }
  const bits = ((contents[1] ?? 0) << 8) | (contents[2] ?? 0);
  const usages = new Set<KeyUsage>();
  for (const [bit, usage] of keyUsageBits.entries()) if (((bits >> (15 - bit)) & 1) === 1) usages.add(usage);
  return usages;
}

function readBasicConstraints(extensions: readonly Extension[]): { isCa: boolean; pathLength: number | undefined } {
  const extension = findExtension(extensions, Oid.basicConstraints);
  if (extension === undefined) return { isCa: false, pathLength: undefined };
  const reader = readWhole(extension.value, Tag.sequence, 'basicConstraints');
  const isCa = reader.peekTag() === Tag.boolean ? reader.boolean('cA') : false;
  const pathLength = reader.peekTag() === Tag.integer ? reader.smallInteger('pathLenConstraint') : undefined;
  reader.end('basicConstraints');
  return { isCa, pathLength };
}

function readTlsFeatures(extensions: readonly Extension[]): number[] {
  const extension = findExtension(extensions, Oid.tlsFeature);
  if (extension === undefined) return [];
  const list = readWhole(extension.value, Tag.sequence, 'TLS feature');
  const features: number[] = [];
  while (!list.isAtEnd) features.push(list.smallInteger('TLS feature'));
  return features;
}
