import type { Certificate } from './certificate.js';
import { DerError, Tag, contextTag, readWhole, type DerReader } from './der.js';
import { findExtension, type Extension } from './extension.js';
import { OcspError } from './ocsp-error.js';
import { Oid } from './oid.js';

/** Which of its CA's certificates a CRL speaks of (issuingDistributionPoint, RFC 5280 §5.2.5). */
export interface CrlScope {
  /** It lists end-entity certificates only, no CA certificates. */
  readonly onlyUserCertificates: boolean;
  /**
   * The URIs of the distribution point that it is for, as written; empty where that has another kind of name,
   * undefined where the CRL is for all of the CA's certificates.
   */
  readonly distributionPoint: readonly string[] | undefined;
}

/** Extensions that are processed here, or do not bear on what the CRL lists. */
const knownExtensions: ReadonlySet<string> = new Set([
  Oid.issuerAlternativeName,
  Oid.crlNumber,
  Oid.issuingDistributionPoint,
  Oid.authorityKeyIdentifier,
  Oid.freshestCrl,
  Oid.authorityInformationAccess,
]);

/**
 * The scope of a CRL. A CRL from whose silence nothing follows is refused.
 *
 * @throws OcspError `crl-unsupported`
 * @throws DerError
 */
export function readCrlScope(extensions: readonly Extension[]): CrlScope {
  for (const { oid, critical } of extensions) {
    if (oid === Oid.deltaCrlIndicator) {
      throw refusal('it is a delta CRL: it lists only what changed since another one', 'name the complete CRL');
    }
    // RFC 5280 §5.2: a CRL with such an extension must not be used.
    if (critical && !knownExtensions.has(oid)) throw refusal(`it has the unknown critical extension ${oid}`, '');
  }
  const point = findExtension(extensions, Oid.issuingDistributionPoint);
  return point === undefined
    ? { onlyUserCertificates: false, distributionPoint: undefined }
    : readIssuingDistributionPoint(point.value);
}

function readIssuingDistributionPoint(value: Uint8Array): CrlScope {
  const reader = readWhole(value, Tag.sequence, 'issuingDistributionPoint');
  const name = reader.enterOptional(contextTag(0), 'distributionPoint');
  const distributionPoint = name === undefined ? undefined : readUris(name);
  const onlyUserCertificates = readFlag(reader, 1, 'onlyContainsUserCerts');
  const onlyAuthorities = readFlag(reader, 2, 'onlyContainsCACerts');
  const someReasons = reader.optional(contextTag(3, 'primitive'), 'onlySomeReasons') !== undefined;
  const indirect = readFlag(reader, 4, 'indirectCRL');
  const onlyAttributes = readFlag(reader, 5, 'onlyContainsAttributeCerts');
  reader.end('issuingDistributionPoint');
  const hint = 'name the CRL that lists all revoked certificates of this CA';
  if (indirect) throw refusal('it is indirect: it lists certificates of other CAs (indirectCRL)', hint);
  if (someReasons) throw refusal('it lists certificates revoked for some reasons only (onlySomeReasons)', hint);
  if (onlyAuthorities) throw refusal('it lists CA certificates only (onlyContainsCACerts)', hint);
  if (onlyAttributes) throw refusal('it lists attribute certificates only (onlyContainsAttributeCerts)', hint);
  return { onlyUserCertificates, distributionPoint };
}

/** DistributionPointName (RFC 5280 §4.2.1.13): the URIs of a fullName; a name relative to the issuer has none. */
function readUris(name: DerReader): string[] {
  const uris: string[] = [];
  const fullName = name.enterOptional(contextTag(0), 'full name');
  if (fullName === undefined) name.element(contextTag(1), 'distribution point name');
  name.end('distributionPoint');
  while (fullName !== undefined && !fullName.isAtEnd) {
    const { tag, contents } = fullName.any('general name');
    if (tag === contextTag(6, 'primitive')) uris.push(Buffer.from(contents).toString('latin1'));
  }
  return uris;
}

/** An implicitly tagged BOOLEAN DEFAULT FALSE; an explicit FALSE is accepted, since deployed CAs write it. */
function readFlag(reader: DerReader, number: number, what: string): boolean {
  const element = reader.optional(contextTag(number, 'primitive'), what);
  if (element === undefined) return false;
  const [value] = element.contents;
  if (element.contents.length !== 1 || (value !== 0x00 && value !== 0xff)) {
    throw new DerError('boolean-value', `${what} is no DER BOOLEAN`, element.offset);
  }
  return value === 0xff;
}

function refusal(because: string, hint: string): OcspError {
  return new OcspError('crl-unsupported', `the CRL cannot say which certificates are good: ${because}`, hint);
}

/** Why a certificate is outside what a CRL speaks of. */
export type CrlScopeFailure = 'a-ca-certificate' | 'another-distribution-point' | 'no-distribution-point';

/**
 * Whether this CRL's silence about a certificate of its CA means good (RFC 5280 §6.3.3 (b)(2)).
 *
 * @returns undefined when it does, else why not
 */
export function crlScopeFailure(scope: CrlScope, certificate: Certificate): CrlScopeFailure | undefined {
  if (scope.onlyUserCertificates && certificate.isCa) return 'a-ca-certificate';
  const { distributionPoint } = scope;
  if (distributionPoint === undefined) return undefined;
  // RFC 5280 §6.3.3: it then is one of the CRL that is for all of the CA's certificates.
  if (certificate.crlUris.length === 0) return 'no-distribution-point';
  return certificate.crlUris.some((uri) => distributionPoint.includes(uri)) ? undefined : 'another-distribution-point';
}
