import { OcspError, decodePem, distinguishedNameToString, looksLikePem, type Certificate } from '../core/index.js';
import { crlEntryOf, crlFailure, decodeCrl, type Crl, type CrlFailure, type CrlHeader } from '../core/crl/crl.js';
import {
  allReasons,
  crlReasons,
  crlScopeFailure,
  pointTexts,
  type CrlScope,
  type CrlScopeFailure,
} from '../core/crl/crl-scope.js';
import { Tag } from '../core/der/der.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { naming } from '../core/ocsp-error.js';
import { publicKeyProblem } from '../core/keys/public-key.js';
import { formatTime } from '../core/time.js';
import { beginningOf } from '../core/shortened.js';
import { readInputFile } from './input-file.js';
import type { StatusSource } from './status-source.js';

export interface CrlSourceOptions {
  readonly now: Date;
  /** Take a CRL whose nextUpdate has passed; its nextUpdate then says nothing and is left out. */
  readonly allowStale: boolean;
}

/** A CRL as a source: what it does not list is good, as far as it reaches. */
export interface CrlSource extends StatusSource {
  readonly thisUpdate: Date;
  /** What the reader should hear about the CRL, one sentence each. */
  readonly warnings: readonly string[];
  /** For which certificates alone the CRL speaks, for whoever asks no {@link coverageFailure}; one sentence each. */
  readonly limits: readonly string[];
  /** Why only what the CRL lists counts, and its silence never: an OcspError `crl-unsupported`. */
  readonly incomplete?: OcspError;
  /**
   * Why absence from this CRL, of a certificate of the CA or of a serial number without its certificate, does not
   * mean good: it is for another kind of certificate or another distribution point. Undefined when it does.
   */
  coverageFailure(certificate: Certificate | undefined): string | undefined;
}

/** 500,000 entries take about 25 MB. */
export const largestCrl = 64 * 1024 * 1024;

/**
 * Reads a CRL, PEM or DER, as the source of the status of its issuer's certificates. Entries with the reason
 * removeFromCRL count as good, as in openssl (RFC 5280 §5.3.1).
 *
 * @throws OcspError `malformed-crl`, `crl-unsupported` (see `decodeCrl`); `crl-mismatch` when another CA signed it;
 *   `crl-stale` when nextUpdate has passed and stale ones are not allowed; `crl-not-yet-valid`; `malformed-pem` and
 *   what reading a file can throw; messages name the file
 */
export function readCrlSource(path: FilePath, issuer: Certificate, options: CrlSourceOptions): CrlSource {
  const name = shownPath(path);
  const crl = signedCrlFrom(readCrlFile(path), name, issuer);
  const incomplete = describeIncompleteness(crl.scope, name) ?? describeAuthoritiesOnly(crl.scope, name);
  const staleness = stalenessOf(crl, options, name);
  const { thisUpdate, nextUpdate, scope } = crl;
  return {
    thisUpdate,
    ...(nextUpdate === undefined || staleness !== undefined ? {} : { nextUpdate }),
    warnings: staleness === undefined ? [] : [staleness],
    limits: scopeWarnings(scope, name),
    ...(incomplete === undefined
      ? {}
      : { incomplete: new OcspError('crl-unsupported', incomplete, 'name the complete CRL of the CA') }),
    statusOf(serialNumber) {
      const entry = crlEntryOf(crl, serialNumber);
      return entry === undefined || entry.reason === 'removeFromCRL' ? 'good' : entry;
    },
    coverageFailure: (certificate) =>
      describeScopeFailure(scope, certificate, name) ??
      (certificate === undefined || crlReasons(scope, certificate) === allReasons
        ? undefined
        : describePartialPoint(name)),
  };
}

/** The bytes of a CRL's file, not looked at. Throws what reading a file can throw. */
export function readCrlFile(path: FilePath): Uint8Array {
  return readInputFile(path, largestCrl, {
    empty: 'fetch or make the CRL again',
    tooLarge: 'name the file of one CRL',
  });
}

/**
 * The CRL of this issuer in these bytes, PEM or DER, its signature verified before its entries are read. Times are not
 * looked at.
 *
 * @param name what messages call it
 * @param beforeEntries called when the CRL is this issuer's and its entries, which are many, are about to be read
 * @throws OcspError as {@link readCrlSource}, but for the times
 */
export function signedCrlFrom(
  bytes: Uint8Array,
  name: string,
  issuer: Certificate,
  beforeEntries: () => void = () => undefined,
): Crl {
  try {
    return decodeCrl(theCrlIn(bytes), (header) => {
      requireSignedBy(header, issuer, name);
      beforeEntries();
    });
  } catch (error) {
    throw error instanceof OcspError && error.code === 'crl-mismatch' ? error : naming(name, error);
  }
}

function theCrlIn(bytes: Uint8Array): Uint8Array {
  const [crl, second] = encodedCrls(bytes);
  if (crl !== undefined && second === undefined) return crl;
  const message = 'there is more than one CRL in it';
  throw new OcspError('malformed-crl', message, 'name a file with only the CRL of this CA');
}

/** A file of more of them is not one of CRLs of a CA. */
const mostCrls = 100;

/**
 * The DER of each CRL in the bytes of a file, PEM or DER; one at least, and none is decoded.
 *
 * @throws OcspError `malformed-crl`, `malformed-pem`
 */
export function encodedCrls(bytes: Uint8Array): Uint8Array[] {
  // A list of any size has its length in more than one octet, where text has a letter.
  if (bytes[0] === Tag.sequence && (bytes[1] ?? 0) >= 0x80) return [bytes];
  const hint = 'name the file of a CRL; openssl makes one with: openssl ca -gencrl -out FILE';
  if (!looksLikePem(bytes)) throw new OcspError('malformed-crl', 'it is neither PEM nor DER', hint);
  const blocks = decodePem(bytes);
  const crls = blocks.filter(({ label }) => label === 'X509 CRL');
  if (crls.length === 0) {
    const labels = [...new Set(blocks.map(({ label }) => label.slice(0, 40)))].slice(0, 5).join(', ');
    throw new OcspError('malformed-crl', `there is no CRL in it, only ${labels}`, hint);
  }
  if (crls.length <= mostCrls) return crls.map(({ der }) => der);
  throw new OcspError('malformed-crl', `there are more than ${mostCrls} CRLs in it`, 'name a file for each CA');
}

function requireSignedBy(crl: CrlHeader, issuer: Certificate, name: string): void {
  const why = crlFailure(crl, issuer);
  if (why === undefined) return;
  const names = { crl: shortName(crl.issuer), issuer: shortName(issuer.subject) };
  const message = `the CRL ${name} of ${names.crl} was not signed by the CA ${names.issuer}: ${explain(why, issuer)}`;
  throw new OcspError('crl-mismatch', message, 'name the CRL of the CA that issued the certificates, or that CA');
}

/** Names come from outside, and a message is read by people. */
function shortName(name: Uint8Array): string {
  return beginningOf(distinguishedNameToString(name));
}

const explanations: Readonly<Record<CrlFailure, string>> = {
  'other-name': 'it names another issuer',
  'may-not-sign-crls': 'the key usage of the CA does not allow it to sign CRLs',
  'signature-invalid': "the signature does not verify with the CA's key",
  'weak-algorithm': 'it is signed with an algorithm that is too weak',
  'unsupported-algorithm': 'it is signed with an algorithm that is not supported',
};

function explain(why: CrlFailure, { publicKey }: Certificate): string {
  const problem = publicKeyProblem(publicKey);
  return problem === undefined ? explanations[why] : `the public key of the CA is not usable: ${problem}`;
}

/** That the CRL is stale, where that is allowed; undefined for a current one. */
function stalenessOf(crl: Crl, { now, allowStale }: CrlSourceOptions, name: string): string | undefined {
  const { thisUpdate, nextUpdate } = crl;
  if (thisUpdate > now) throw notYetValid(name, crl, now);
  if (nextUpdate === undefined || nextUpdate > now) return undefined;
  const staleness = describeStaleness(name, nextUpdate);
  if (allowStale) return staleness;
  throw new OcspError('crl-stale', staleness, 'get the current CRL, or give --allow-stale-crl');
}

export function notYetValid(name: string, { thisUpdate }: Pick<CrlHeader, 'thisUpdate'>, now: Date): OcspError {
  const message = `the CRL ${name} is not valid before ${formatTime(thisUpdate)}, and it is ${formatTime(now)}`;
  return new OcspError('crl-not-yet-valid', message, 'check the clock of this machine and of the CA');
}

export function describeStaleness(name: string, nextUpdate: Date): string {
  return `the CRL ${name} is stale: the next one was due at ${formatTime(nextUpdate)}`;
}

function scopeWarnings(scope: CrlScope, name: string): string[] {
  const warnings: string[] = [];
  if (scope.onlyUserCertificates) {
    warnings.push(`the CRL ${name} lists end-entity certificates only: it says nothing about CA certificates`);
  }
  if (scope.distributionPoint !== undefined) {
    warnings.push(`the CRL ${name} is for ${pointOf(scope)}: it says nothing about certificates that name another`);
  }
  return warnings;
}

function pointOf(scope: CrlScope): string {
  const names = pointTexts(scope);
  return names.length === 0 ? 'one distribution point' : `the distribution point ${names.join(' ')}`;
}

/** Why absence from this CRL never means good, as a sentence; undefined for a complete one. */
export function describeIncompleteness({ baseNumber, reasons }: CrlScope, name: string): string | undefined {
  const because =
    baseNumber !== undefined
      ? 'it is a delta CRL: it lists only what changed since another one'
      : reasons !== allReasons
        ? 'it lists certificates revoked for some reasons only (onlySomeReasons)'
        : undefined;
  return because === undefined ? undefined : `the CRL ${name} cannot say which certificates are good: ${because}`;
}

/** Why absence from this CRL does not mean good where the certificate's own distribution point is for some reasons only. */
export function describePartialPoint(name: string): string {
  return `the CRL ${name} cannot say that the certificate is good: the certificate names it for some reasons only (cRLDistributionPoints)`;
}

function describeAuthoritiesOnly({ onlyAuthorities }: CrlScope, name: string): string | undefined {
  return onlyAuthorities
    ? `the CRL ${name} cannot say which certificates are good: it lists CA certificates only (onlyContainsCACerts)`
    : undefined;
}

/** Why the absence of a certificate of its CA from this CRL does not mean good, as a sentence; undefined when it does. */
export function describeScopeFailure(
  scope: CrlScope,
  certificate: Certificate | undefined,
  name: string,
): string | undefined {
  if (certificate === undefined) {
    const isForAll = scope.distributionPoint === undefined && !scope.onlyUserCertificates && !scope.onlyAuthorities;
    if (isForAll) return undefined;
    return `the CRL ${name} is for some certificates only, and a serial number does not say whether this is one of them`;
  }
  const point = pointOf(scope);
  const clauses: Readonly<Record<CrlScopeFailure, string>> = {
    'a-ca-certificate': 'lists end-entity certificates only, and this is a CA certificate',
    'no-ca-certificate': 'lists CA certificates only, and this is an end-entity certificate',
    'another-distribution-point': `is for ${point}, and the certificate names another`,
    'no-distribution-point': `is for ${point}, and the certificate names none`,
  };
  const failure = crlScopeFailure(scope, certificate);
  return failure === undefined ? undefined : `the CRL ${name} ${clauses[failure]}`;
}
