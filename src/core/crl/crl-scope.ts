import { bytesEqual, toHex } from '../bytes.js';
import type { Certificate } from '../certificate/certificate.js';
import { derElement, derSequence } from '../der/der-writer.js';
import { DerError, DerReader, Tag, contextTag, integerContentsOf, readWhole, wholeElement } from '../der/der.js';
import { unlessMalformed } from '../der/malformed.js';
import {
  distinguishedNameToString,
  distinguishedNamesEqual,
  readDistinguishedName,
} from '../certificate/distinguished-name.js';
import { enterExtension, findExtension, unknownCritical, type Extension } from '../certificate/extension.js';
import { OcspError } from '../ocsp-error.js';
import { Oid } from '../oid.js';

/** Which of its CA's certificates a CRL speaks of (issuingDistributionPoint, RFC 5280 §5.2.5); it may outlive the CRL's own octets. */
export interface CrlScope {
  /** It lists end-entity certificates only, no CA certificates. */
  readonly onlyUserCertificates: boolean;
  /** It lists CA certificates only. */
  readonly onlyAuthorities: boolean;
  /** The names (DER of each GeneralName) of the distribution point that it is for; undefined where it is for all of the CA's certificates. */
  readonly distributionPoint: readonly Uint8Array[] | undefined;
  /** The reasons that it is for, as bits of {@link allReasons}. */
  readonly reasons: number;
  /** Of a delta CRL: the number of the CRL from which on it lists what changed. */
  readonly baseNumber: bigint | undefined;
  readonly number: bigint | undefined;
  /** What a delta and its base have in common (RFC 5280 §5.2.4 (c)): key identifier and issuingDistributionPoint. */
  readonly key: string;
}

/** The bits of ReasonFlags from keyCompromise on (RFC 5280 §4.2.1.13). */
export const allReasons = 0xff;

/** Extensions that are processed here, or do not bear on what the CRL lists. */
const knownExtensions: ReadonlySet<string> = new Set([
  Oid.issuerAlternativeName,
  Oid.crlNumber,
  Oid.deltaCrlIndicator,
  Oid.issuingDistributionPoint,
  Oid.authorityKeyIdentifier,
  Oid.freshestCrl,
  Oid.authorityInformationAccess,
]);

/**
 * The scope of a CRL. One that lists nothing about certificates of this CA, or that must not be used, is refused.
 *
 * @param issuer the DER name of the CRL's issuer
 * @throws OcspError `crl-unsupported`
 * @throws DerError
 */
export function readCrlScope(extensions: readonly Extension[], issuer: Uint8Array): CrlScope {
  const [unknown] = unknownCritical(extensions, knownExtensions);
  // RFC 5280 §5.2: a CRL with such an extension must not be used.
  if (unknown !== undefined) throw refusal(`it has the unknown critical extension ${unknown}`, '');
  const point = findExtension(extensions, Oid.issuingDistributionPoint);
  const authorityKey = findExtension(extensions, Oid.authorityKeyIdentifier);
  return {
    ...(point === undefined ? wholeScope : readIssuingDistributionPoint(point.value, issuer)),
    baseNumber: readNumber(extensions, Oid.deltaCrlIndicator, 'BaseCRLNumber'),
    number: readNumber(extensions, Oid.crlNumber, 'cRLNumber'),
    key: [authorityKey, point].map((extension) => toHex(extension?.value ?? new Uint8Array())).join(),
  };
}

type PointScope = Omit<CrlScope, 'baseNumber' | 'number' | 'key'>;

const wholeScope: PointScope = {
  onlyUserCertificates: false,
  onlyAuthorities: false,
  distributionPoint: undefined,
  reasons: allReasons,
};

function readNumber(extensions: readonly Extension[], oid: string, what: string): bigint | undefined {
  const extension = findExtension(extensions, oid);
  if (extension === undefined) return undefined;
  const contents = integerContentsOf(wholeElement(extension.value, Tag.integer, what), what, { redundantZeros: true });
  return BigInt.asIntN(contents.length * 8, BigInt(`0x0${toHex(contents)}`));
}

function readIssuingDistributionPoint(value: Uint8Array, issuer: Uint8Array): PointScope {
  const reader = readWhole(value, Tag.sequence, 'issuingDistributionPoint');
  const name = reader.enterOptional(contextTag(0), 'distributionPoint');
  const distributionPoint = name === undefined ? undefined : readPointNames(name, issuer);
  const onlyUserCertificates = readFlag(reader, 1, 'onlyContainsUserCerts');
  const onlyAuthorities = readFlag(reader, 2, 'onlyContainsCACerts');
  const someReasons = reader.optional(contextTag(3, 'primitive'), 'onlySomeReasons');
  const indirect = readFlag(reader, 4, 'indirectCRL');
  const onlyAttributes = readFlag(reader, 5, 'onlyContainsAttributeCerts');
  reader.end('issuingDistributionPoint');
  const hint = 'name the CRL that lists all revoked certificates of this CA';
  if (indirect) throw refusal('it is indirect: it lists certificates of other CAs (indirectCRL)', hint);
  if (onlyAttributes) throw refusal('it lists attribute certificates only (onlyContainsAttributeCerts)', hint);
  const reasons = someReasons === undefined ? allReasons : readReasons(someReasons.contents);
  return { onlyUserCertificates, onlyAuthorities, distributionPoint, reasons };
}

/** ReasonFlags: bit 0 is unused, and the nine bits take two octets after the count of unused ones. */
function readReasons([, first = 0, second = 0]: Uint8Array): number {
  return ((first & 0x7f) << 1) | (second >> 7);
}

/** DistributionPointName (RFC 5280 §4.2.1.13) as full names; one relative to the CRL's issuer goes on from its name. */
function readPointNames(name: DerReader, issuer: Uint8Array): Uint8Array[] {
  const fullName = name.enterOptional(contextTag(0), 'full name');
  const relative = fullName === undefined ? name.element(contextTag(1), 'distribution point name') : undefined;
  name.end('distributionPoint');
  if (fullName !== undefined) return readGeneralNames(fullName);
  const parts = readWhole(issuer, Tag.sequence, 'issuer').all((list) => list.any('relative distinguished name').raw);
  return [directoryName(derSequence(...parts, derElement(Tag.set, relative?.contents ?? new Uint8Array())))];
}

/** Copies, since what remembers a name must not keep all of a large CRL. */
function readGeneralNames(list: DerReader): Uint8Array[] {
  return list.all(() => Uint8Array.from(list.any('general name').raw));
}

/** The GeneralName of a distinguished name (DER). */
function directoryName(name: Uint8Array): Uint8Array {
  return derElement(contextTag(4), name);
}

/** The distinguished name in a GeneralName; undefined for one of another kind, or that cannot be decoded. */
function nameIn(generalName: Uint8Array): Uint8Array | undefined {
  if (generalName[0] !== contextTag(4)) return undefined;
  return unlessMalformed(() =>
    readDistinguishedName(readWhole(generalName, contextTag(4), 'directoryName'), 'directoryName'),
  );
}

function isSameName(a: Uint8Array, b: Uint8Array): boolean {
  if (bytesEqual(a, b)) return true;
  const [nameA, nameB] = [nameIn(a), nameIn(b)];
  return nameA !== undefined && nameB !== undefined && distinguishedNamesEqual(nameA, nameB);
}

/** The names of a distribution point as text: URIs as they are, distinguished names by RFC 4514. */
export function pointTexts({ distributionPoint = [] }: Pick<CrlScope, 'distributionPoint'>): string[] {
  return distributionPoint.flatMap((generalName) => textOf(generalName) ?? []);
}

/** Where a certificate says that its CRLs are, as {@link pointTexts} has it; the same once. Throws DerError. */
export function distributionPointTexts(certificate: Certificate): string[] {
  const names = allPointsOf(certificate).flatMap((point) => point.names);
  return [...new Set(names.map((name) => textOf(name) ?? 'a name that is neither a URI nor a directoryName'))];
}

function textOf(generalName: Uint8Array): string | undefined {
  const name = nameIn(generalName);
  if (name !== undefined) return distinguishedNameToString(name);
  if (generalName[0] !== contextTag(6, 'primitive')) return undefined;
  return Buffer.from(new DerReader(generalName).any('URI').contents).toString('latin1');
}

/** An implicitly tagged BOOLEAN DEFAULT FALSE; an explicit FALSE is accepted, since deployed CAs write it. */
function readFlag(reader: DerReader, number: number, what: string): boolean {
  const element = reader.optional(contextTag(number, 'primitive'), what);
  if (element === undefined) return false;
  const [value] = element.contents;
  if (element.contents.length !== 1 || (value !== 0x00 && value !== 0xff)) {
    throw new DerError('boolean-value', `${what} is not a DER BOOLEAN`, element.offset);
  }
  return value === 0xff;
}

function refusal(because: string, hint: string): OcspError {
  return new OcspError('crl-unsupported', `the CRL cannot say which certificates are good: ${because}`, hint);
}

/** Why a certificate is outside what a CRL speaks of. */
export type CrlScopeFailure =
  'a-ca-certificate' | 'no-ca-certificate' | 'another-distribution-point' | 'no-distribution-point';

/**
 * Whether the absence of a certificate of its CA from this CRL means good, as far as its reasons reach (RFC 5280 §6.3.3 (b)(2)).
 *
 * @returns undefined when it does, else why not
 */
export function crlScopeFailure(scope: CrlScope, certificate: Certificate): CrlScopeFailure | undefined {
  if (scope.onlyUserCertificates && certificate.isCa) return 'a-ca-certificate';
  if (scope.onlyAuthorities && !certificate.isCa) return 'no-ca-certificate';
  const { distributionPoint } = scope;
  if (distributionPoint === undefined) return undefined;
  const names = unlessMalformed(() => pointsOf(certificate).flatMap((point) => point.names));
  if (names === undefined) return 'another-distribution-point';
  // RFC 5280 §6.3.3, last paragraph: beside its own, every certificate has the point that is named like its issuer.
  const own = [...names, directoryName(certificate.issuer)];
  if (own.some((name) => distributionPoint.some((other) => isSameName(name, other)))) return undefined;
  return names.length > 0 ? 'another-distribution-point' : 'no-distribution-point';
}

/**
 * The reasons for which the absence of a certificate of its CA from this CRL means good, as bits of {@link allReasons}; 0 where
 * {@link crlScopeFailure} says why. A distribution point may itself be for some reasons only (RFC 5280 §6.3.3 (d)).
 */
export function crlReasons(scope: CrlScope, certificate: Certificate): number {
  if (crlScopeFailure(scope, certificate) !== undefined) return 0;
  const { distributionPoint, reasons } = scope;
  if (distributionPoint === undefined) return reasons;
  const named = unlessMalformed(() => pointsOf(certificate)) ?? [];
  const own: DistributionPoint = { names: [directoryName(certificate.issuer)], reasons: allReasons };
  const matching = [...named, own].filter(({ names }) =>
    names.some((name) => distributionPoint.some((other) => isSameName(name, other))),
  );
  return reasons & matching.reduce((all, point) => all | point.reasons, 0);
}

interface DistributionPoint {
  readonly names: readonly Uint8Array[];
  readonly reasons: number;
}

/** The distribution points of a certificate whose CRL its own CA signs. */
function pointsOf(certificate: Certificate): DistributionPoint[] {
  return allPointsOf(certificate).filter(({ isOfOwnIssuer }) => isOfOwnIssuer);
}

function allPointsOf({ extensions, issuer }: Certificate): (DistributionPoint & { readonly isOfOwnIssuer: boolean })[] {
  const points = enterExtension(extensions, Oid.crlDistributionPoints, 'cRLDistributionPoints');
  const found = points?.all((list) => {
    const point = list.sequence('distribution point');
    const name = point.enterOptional(contextTag(0), 'distribution point name');
    const someReasons = point.optional(contextTag(1, 'primitive'), 'reasons');
    const issuers = point.enterOptional(contextTag(2), 'cRLIssuer');
    const crlIssuers = issuers === undefined ? [directoryName(issuer)] : readGeneralNames(issuers);
    const isOfOwnIssuer = crlIssuers.some((one) => isSameName(one, directoryName(issuer)));
    const reasons = someReasons === undefined ? allReasons : readReasons(someReasons.contents);
    return { names: name === undefined ? crlIssuers : readPointNames(name, issuer), reasons, isOfOwnIssuer };
  });
  return found ?? [];
}
