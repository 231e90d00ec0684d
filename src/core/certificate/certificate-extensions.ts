import { DerError, Tag, contextTag, wholeElement, type DerReader } from '../der/der.js';
import { enterExtension, findExtension, readExplicitExtensions, unknownCritical, type Extension } from './extension.js';
import { Oid } from '../oid.js';
import { readUniformResource, type ReadUri } from './uniform-resource.js';

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

/** What a certificate's extensions say. URIs are unchecked, in ASCII and without blanks around them, duplicates once. */
export interface CertificateExtensions {
  readonly extensions: readonly Extension[];
  /** Responder URIs of authorityInfoAccess (RFC 5280 §4.2.2.1). */
  readonly ocspUris: readonly string[];
  readonly caIssuersUris: readonly string[];
  /** URIs of the cRLDistributionPoints (RFC 5280 §4.2.1.13). */
  readonly crlUris: readonly string[];
  /** Those of all these URIs that the certificate writes with blanks or line ends around them. */
  readonly paddedUris: readonly string[];
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
  const extensions = readExplicitExtensions(explicit, 'extensions', 'the certificate', { unique: true });
  const enter = (oid: string, what: string): DerReader | undefined => enterExtension(extensions, oid, what);
  const access = enter(Oid.authorityInformationAccess, 'authorityInfoAccess')?.all(readAccessDescription) ?? [];
  const { isCa, pathLength } = readBasicConstraints(enter(Oid.basicConstraints, 'basicConstraints'));
  const crlUris = enter(Oid.crlDistributionPoints, 'cRLDistributionPoints')?.all(readPointUris) ?? [];
  const extendedKeyUsage = enter(Oid.extendedKeyUsage, 'extKeyUsage')?.all((list) =>
    list.objectIdentifier('key purpose'),
  );
  const keyUsage = readKeyUsage(findExtension(extensions, Oid.keyUsage));
  const tlsFeatures = enter(Oid.tlsFeature, 'TLS feature')?.all((list) => list.smallInteger('TLS feature'));
  const pointUris = crlUris.flat();
  const uris = [...access.map(({ uri }) => uri), ...pointUris];
  return {
    extensions,
    ocspUris: urisOf(access, Oid.accessMethodOcsp),
    caIssuersUris: urisOf(access, Oid.accessMethodCaIssuers),
    crlUris: distinctUris(pointUris),
    paddedUris: distinctUris(uris.filter((uri) => uri?.isPadded === true)),
    extendedKeyUsage,
    keyUsage,
    isCa,
    pathLength,
    ocspNoCheck: findExtension(extensions, Oid.ocspNoCheck) !== undefined,
    mustStaple: tlsFeatures?.includes(tlsFeatureStatusRequest) === true,
    unknownCriticalExtensions: unknownCritical(extensions, knownExtensions),
  };
}

interface AccessDescription {
  readonly method: string;
  readonly uri: ReadUri | undefined;
}

function readAccessDescription(list: DerReader): AccessDescription {
  const description = list.sequence('access description');
  const method = description.objectIdentifier('access method');
  const uri = readUri(description);
  description.end('access description');
  return { method, uri };
}

/** A GeneralName: a uniformResourceIdentifier, undefined for the other choices. */
function readUri(reader: DerReader): ReadUri | undefined {
  const name = reader.any('general name');
  return name.tag === contextTag(6, 'primitive') ? readUniformResource(name.contents) : undefined;
}

function urisOf(descriptions: readonly AccessDescription[], method: string): string[] {
  return distinctUris(descriptions.map((description) => (description.method === method ? description.uri : undefined)));
}

function distinctUris(uris: readonly (ReadUri | undefined)[]): string[] {
  const distinct = new Set<string>();
  for (const one of uris) if (one !== undefined) distinct.add(one.uri);
  return [...distinct];
}

/** The URIs of the points of freshestCRL, where the deltas of a CRL are (RFC 5280 §4.2.1.15, §5.2.6), each point's separately. */
export function freshestCrlUris(extensions: readonly Extension[]): string[][] {
  const points = enterExtension(extensions, Oid.freshestCrl, 'freshestCRL')?.all(readPointUris) ?? [];
  return points.map(distinctUris).filter((uris) => uris.length > 0);
}

function readPointUris(points: DerReader): (ReadUri | undefined)[] {
  const pointName = points.sequence('distribution point').enterOptional(contextTag(0), 'distribution point name');
  return pointName?.enterOptional(contextTag(0), 'full name')?.all(readUri) ?? [];
}

function readKeyUsage(extension: Extension | undefined): ReadonlySet<KeyUsage> | undefined {
  if (extension === undefined) return undefined;
  const { contents } = wholeElement(extension.value, Tag.bitString, 'keyUsage');
  if (contents.length === 0 || contents.length > 3 || (contents[0] ?? 8) > 7) {
    throw new DerError('value', 'keyUsage is not a BIT STRING of at most 9 bits', 0);
  }
  const bits = ((contents[1] ?? 0) << 8) | (contents[2] ?? 0);
  return new Set(keyUsageBits.filter((_usage, bit) => ((bits >> (15 - bit)) & 1) === 1));
}

function readBasicConstraints(reader: DerReader | undefined): Pick<CertificateExtensions, 'isCa' | 'pathLength'> {
  if (reader === undefined) return { isCa: false, pathLength: undefined };
  const isCa = reader.peekTag() === Tag.boolean ? reader.boolean('cA') : false;
  const pathLength = reader.peekTag() === Tag.integer ? reader.smallInteger('pathLenConstraint') : undefined;
  reader.end('basicConstraints');
  return { isCa, pathLength };
}
