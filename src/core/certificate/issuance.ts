import { bytesEqual, toHex } from '../bytes.js';
import { isSelfIssued, type Certificate } from './certificate.js';
import { Tag, contextTag, readWhole, wholeElement } from '../der/der.js';
import { unlessMalformed } from '../der/malformed.js';
import { distinguishedNameToString, distinguishedNamesEqual } from './distinguished-name.js';
import { findExtension } from './extension.js';
import { digest } from '../hash.js';
import { publicKeyProblem, unusableAlgorithmOf, type PublicKey } from '../keys/public-key.js';
import { checkSignature, mayHaveSigned, signatureAlgorithmProblem, type SignatureFailure } from '../keys/signature.js';
import { Oid } from '../oid.js';
import { oncePer } from '../once-per.js';
import type { Finding } from '../verify/verdict.js';

/** Why a certificate is not the issuer of another. */
export type IssuanceFailure = 'other-name' | 'not-a-ca' | 'may-not-sign-certificates' | SignatureFailure;

/**
 * Where the certificate of an issuer comes from, which decides what it needs where it has no basicConstraints: the
 * caller's word for it (`anchor`), a file of this machine (`local`), or a download, a handshake or a response.
 */
export type IssuerOrigin = 'anchor' | 'local' | 'elsewhere';

/**
 * Whether `issuer` really issued `certificate`: names chain, issuer is a CA, may sign certificates where it has a key
 * usage, and the signature verifies (RFC 5280 §6.1.3 (a)(1), (a)(4) and §6.1.4 (k), (n)). Validity periods are not looked at.
 *
 * @returns undefined when it did, else the first reason why not
 */
export function issuanceFailure(
  certificate: Certificate,
  issuer: Certificate,
  origin: IssuerOrigin = 'elsewhere',
): IssuanceFailure | undefined {
  if (!distinguishedNamesEqual(certificate.issuer, issuer.subject)) return 'other-name';
  return authorityFailure(issuer, origin) ?? signatureFailure(certificate, issuer);
}

/** Whether `issuer` really issued `certificate`; see {@link issuanceFailure}. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate, origin?: IssuerOrigin): boolean {
  return issuanceFailure(certificate, issuer, origin) === undefined;
}

/** Why this certificate of this origin may not issue others; its name and key are not looked at. */
export function authorityFailure(
  issuer: Certificate,
  origin: IssuerOrigin,
): 'not-a-ca' | 'may-not-sign-certificates' | undefined {
  if (hasBasicConstraints(issuer) ? !issuer.isCa : !mayLackBasicConstraints(issuer, origin)) return 'not-a-ca';
  return issuer.keyUsage?.has('keyCertSign') === false ? 'may-not-sign-certificates' : undefined;
}

/** Whether basicConstraints say anything of it, be it that it is not a CA. */
export function hasBasicConstraints({ extensions }: Certificate): boolean {
  return findExtension(extensions, Oid.basicConstraints) !== undefined;
}

/**
 * RFC 5280 §6.1.4 (k) leaves certificates of version 1 and 2 to other means, and §6.1.1 (d) says nothing of the form of
 * an anchor. Of version 3 a key usage must say what basicConstraints do not.
 */
function mayLackBasicConstraints(issuer: Certificate, origin: IssuerOrigin): boolean {
  switch (origin) {
    case 'anchor':
      return true;
    case 'local':
      return issuer.version < 3 ? isSelfIssued(issuer) : issuer.keyUsage?.has('keyCertSign') === true;
    case 'elsewhere':
      return false;
  }
}

/** What was tried for a certificate, as long as that is remembered: sources are asked again and again. */
interface Trials {
  /** What came of each key: a CA has several certificates with one. */
  readonly byKey: Map<string, SignatureFailure | undefined>;
  checks: number;
  isCutShort: boolean;
}

const trialsOf = oncePer<Certificate, Trials>(() => ({ byKey: new Map(), checks: 0, isCutShort: false }));

const keyOf = oncePer(({ spki }: PublicKey) => toHex(digest('sha256', spki)));

function signatureFailure(certificate: Certificate, issuer: Certificate): SignatureFailure | undefined {
  const { byKey } = trialsOf(certificate);
  const key = keyOf(issuer.publicKey);
  if (byKey.has(key)) return byKey.get(key);
  const { signatureAlgorithm, signature, tbs } = certificate;
  const found = checkSignature(signatureAlgorithm, signature, tbs, issuer.publicKey);
  byKey.set(key, found);
  return found;
}

/**
 * A CA has a few certificates of one name, and key identifiers tell them apart; each other key costs a signature check, and
 * one file has room for thousands. For each source, so that one cannot hide the issuer in the next.
 */
const maximumChecksOfSource = 32;
/** For each certificate, over all sources. */
const maximumChecks = 128;

/** The one of these, a source, that really issued the certificate, few signatures being checked: names first, then key identifiers. */
export function chooseIssuer(
  certificate: Certificate,
  candidates: readonly Certificate[],
  origin: IssuerOrigin,
): Certificate | undefined {
  const trials = trialsOf(certificate);
  let left = maximumChecksOfSource;
  for (const candidate of likelyIssuers(certificate, candidates)) {
    const { publicKey } = candidate;
    if (authorityFailure(candidate, origin) !== undefined) continue;
    if (!mayHaveSigned(certificate.signatureAlgorithm, publicKey)) continue;
    if (!trials.byKey.has(keyOf(publicKey))) {
      if (left === 0 || trials.checks >= maximumChecks) {
        trials.isCutShort = true;
        return undefined;
      }
      // A key that is refused takes part in no signature check.
      if (publicKeyProblem(publicKey) !== undefined) continue;
      left -= 1;
      trials.checks += 1;
    }
    if (signatureFailure(certificate, candidate) === undefined) return candidate;
  }
  return undefined;
}

/** How many keys {@link chooseIssuer} tried where it gave up before all were; undefined where none was left out. */
export function checksBeforeGivingUp(certificate: Certificate): number | undefined {
  const { checks, isCutShort } = trialsOf(certificate);
  return isCutShort ? checks : undefined;
}

/** Those of the issuer's name, the ones first whose key identifier the certificate names, and those last that have another. */
export function likelyIssuers(certificate: Certificate, candidates: readonly Certificate[]): Certificate[] {
  const namesakes = candidates.filter(({ subject }) => distinguishedNamesEqual(certificate.issuer, subject));
  if (namesakes.length < 2) return namesakes;
  const ranked = namesakes.map((candidate) => ({ candidate, rank: rankByKeyIdentifier(certificate, candidate) }));
  return ranked.sort((a, b) => a.rank - b.rank).map(({ candidate }) => candidate);
}

/** Key identifiers prove nothing: they decide who is tried first (RFC 5280 §4.2.1.1). */
function rankByKeyIdentifier(certificate: Certificate, candidate: Certificate): number {
  const wanted = authorityKeyIdentifier(certificate);
  const found = subjectKeyIdentifier(candidate);
  if (wanted === undefined || found === undefined) return 1;
  return bytesEqual(wanted, found) ? 0 : 2;
}

/** RFC 5280 §4.2.1.2; undefined where it is absent or malformed. */
export const subjectKeyIdentifier = oncePer(({ extensions }: Certificate) => {
  const extension = findExtension(extensions, Oid.subjectKeyIdentifier);
  if (extension === undefined) return undefined;
  return unlessMalformed(() => wholeElement(extension.value, Tag.octetString, 'subjectKeyIdentifier').contents);
});

/** The keyIdentifier of RFC 5280 §4.2.1.1; undefined where it is absent or malformed. */
export const authorityKeyIdentifier = oncePer(({ extensions }: Certificate) => {
  const extension = findExtension(extensions, Oid.authorityKeyIdentifier);
  if (extension === undefined) return undefined;
  return unlessMalformed(() => {
    const reader = readWhole(extension.value, Tag.sequence, 'authorityKeyIdentifier');
    return reader.optional(contextTag(0, 'primitive'), 'keyIdentifier')?.contents;
  });
});

/** Why nobody here can tell whether this namesake of the issuer issued the certificate, a clause that names the algorithm. */
export function unsupportedIssuance(certificate: Certificate, { publicKey }: Certificate): string | undefined {
  const ofKey = unusableAlgorithmOf(publicKey);
  if (ofKey !== undefined) return `its public key is not usable: ${ofKey}`;
  const ofSignature = signatureAlgorithmProblem(certificate.signatureAlgorithm, publicKey);
  return ofSignature === undefined ? undefined : `the certificate is signed with ${ofSignature}`;
}

/** What is to be said of an issuer that was taken although nothing in it says that it is a CA. */
export function authorityFindings(issuer: Certificate): Finding[] {
  if (hasBasicConstraints(issuer)) return [];
  const name = distinguishedNameToString(issuer.subject);
  const message = `the issuer ${name} has no basicConstraints (version ${issuer.version}): it counts as a CA only because its file is at hand or was named`;
  return [{ rule: 'issuer-without-basic-constraints', severity: 'warning', message, source: 'RFC 5280 §6.1.4 (k)' }];
}
