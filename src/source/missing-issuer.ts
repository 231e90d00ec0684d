import { OcspError, distinguishedNameToString, type Certificate } from '../core/index.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import {
  authorityFailure,
  checksBeforeGivingUp,
  chooseIssuer,
  hasBasicConstraints,
  likelyIssuers,
  unsupportedIssuance,
  type IssuerOrigin,
} from '../core/certificate/issuance.js';
import { publicKeyProblem } from '../core/keys/public-key.js';

/** What --issuer named, and the DER of each certificate in it. */
export interface IssuerSource {
  readonly path: FilePath;
  readonly isFolder: boolean;
  readonly certificates: readonly Uint8Array[];
}

/** Those of the issuer's name among them. */
export interface NamedNamesakes {
  readonly source: IssuerSource;
  readonly namesakes: readonly Certificate[];
}

/** What a search has come to that found nothing. */
export interface FruitlessSearch {
  /** The other certificates that were looked at, from wherever. */
  readonly seen?: readonly Certificate[];
  /** Clauses about what was tried beside files, such as downloads. */
  readonly attempts?: readonly string[];
  readonly hint: string;
  /** The flag of this command by which the caller can vouch for a CA without basicConstraints. */
  readonly anchorFlag?: string;
}

/** This many namesakes are examined for a reason: their keys cost work. */
const maximumExplained = 16;

/**
 * Why no source has the issuer: `issuer-unsupported` where it is there and its algorithm is not verified, `issuer-mismatch`
 * where an --issuer FILE has the right name and another key, else `issuer-not-found`.
 */
export function missingIssuer(
  certificate: Certificate,
  named: readonly NamedNamesakes[],
  unnamed: readonly Certificate[],
  { attempts = [], hint, anchorFlag }: FruitlessSearch,
): OcspError {
  const name = distinguishedNameToString(certificate.issuer);
  const all = [...named.flatMap(({ namesakes }) => namesakes), ...unnamed].slice(0, maximumExplained);
  const unsupported = unsupportedAmong(certificate, all);
  if (unsupported !== undefined) return unsupportedIssuer(name, unsupported);
  const vouch = `if this CA is yours, vouch for it with ${anchorFlag ?? ''} FILE`;
  const mayVouch = anchorFlag !== undefined && all.some((one) => !hasBasicConstraints(one));
  for (const { source, namesakes } of named) {
    const [first] = namesakes;
    if (source.isFolder || first === undefined) continue;
    return new OcspError(
      'issuer-mismatch',
      `${shownPath(source.path)} has the issuer's name ${name}, but ${reasonAgainst(first, 'its public key', 'it')}`,
      mayVouch ? vouch : 'name the certificate of the CA that issued this one; a CA may have several with one name',
    );
  }
  const reasons = reasonsAgainst(all);
  const passedOver = named.map(({ source }) => `--issuer ${shownPath(source.path)} did not issue it`);
  const because = [...reasons, ...passedOver, ...attempts, ...describeGivingUp(certificate)];
  const tried = because.length > 0 ? ` (${because.join('; ')})` : '';
  return new OcspError('issuer-not-found', `the issuer ${name} was not found${tried}`, mayVouch ? vouch : hint);
}

/** The issuer is there, and nobody here can verify by it. */
export function unsupportedIssuer(name: string, why: string): OcspError {
  const hint =
    'docs/verification.md lists the supported algorithms; ask the CA for a certificate signed with one of them';
  return new OcspError('issuer-unsupported', `the issuer ${name} is at hand, but ${why}`, hint);
}

/** None of these issued what a server sends: `issuer-unsupported` where an algorithm is the reason, else `issuer-not-found`. */
export function noIssuerAmong(own: Certificate, candidates: readonly Certificate[]): OcspError {
  const namesakes = likelyIssuers(own, candidates).slice(0, maximumExplained);
  const unsupported = unsupportedAmong(own, namesakes);
  if (unsupported !== undefined) return unsupportedIssuer(distinguishedNameToString(own.issuer), unsupported);
  const [why] = [...withheldReasons(own, namesakes, 'the one that it sends'), ...reasonsAgainst(namesakes)];
  return new OcspError(
    'issuer-not-found',
    `the server does not send the issuer of its certificate, and it is not at hand${why === undefined ? '' : ` (${why})`}`,
    'name the CA certificate with --ca; the server should send its chain',
  );
}

function unsupportedAmong(certificate: Certificate, namesakes: readonly Certificate[]): string | undefined {
  return namesakes.map((one) => unsupportedIssuance(certificate, one)).find((why) => why !== undefined);
}

/** That not all of so many were tried. */
function describeGivingUp(certificate: Certificate): string[] {
  const checks = checksBeforeGivingUp(certificate);
  return checks === undefined
    ? []
    : [`there are too many certificates of that name: ${checks} keys were tried, and the others not`];
}

/** Why the issuer is not taken from where it is, a download or a handshake: only a file of this machine may lack basicConstraints. */
export function withheldReasons(certificate: Certificate, candidates: readonly Certificate[], it: string): string[] {
  const issuer = chooseIssuer(certificate, candidates, 'anchor');
  return issuer === undefined || hasBasicConstraints(issuer)
    ? []
    : [`${it} has no basicConstraints, and without them an issuer is taken from a file of this machine only`];
}

/** Of places without a name, the first is enough. */
function reasonsAgainst([first]: readonly Certificate[]): string[] {
  const that = 'a certificate of that name';
  return first === undefined ? [] : [reasonAgainst(first, `the public key of ${that}`, that)];
}

/** Why a namesake is not the issuer, a clause. */
function reasonAgainst(candidate: Certificate, itsKey: string, it: string): string {
  const problem = publicKeyProblem(candidate.publicKey);
  if (problem !== undefined) return `${itsKey} is not usable: ${problem}`;
  const notAnAuthority = reasonAgainstAuthority(candidate, it, 'local');
  if (notAnAuthority !== undefined) return notAnAuthority;
  return it === 'it' ? 'its key did not sign the certificate' : `${it} has another key`;
}

/** Why a certificate that was named may not issue others, a clause; undefined where it may. */
export function reasonAgainstAuthority(candidate: Certificate, it: string, origin: IssuerOrigin): string | undefined {
  switch (authorityFailure(candidate, origin)) {
    case 'not-a-ca':
      return hasBasicConstraints(candidate)
        ? `${it} is not a CA certificate (basicConstraints)`
        : `${it} has no basicConstraints, and neither its version nor a key usage makes it a CA certificate`;
    case 'may-not-sign-certificates':
      return `${it} may not sign certificates (keyUsage)`;
    case undefined:
      return undefined;
  }
}
