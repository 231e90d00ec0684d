import { existsSync, readdirSync, statSync } from 'node:fs';
import { OcspError, distinguishedNameToString, type Certificate } from '../core/index.js';
import { decodeCertificate, issuanceFailure, issuerKeyProblem } from '../core/certificate.js';
import { bytesEqual, toHex } from '../core/bytes.js';
import { digest } from '../core/hash.js';
import { distinguishedNamesEqual } from '../core/distinguished-name.js';
import { publicKeyProblem } from '../core/keys/public-key.js';
import { naming, unlessOcspError } from '../core/ocsp-error.js';
import { appendToPath, asPath, folderOf, joinPath, nameOf, shownPath, type FilePath } from '../core/file-path.js';
import { certificatesIn, type CertificateFile } from './certificate-file.js';
import { readInputFile, unlistable } from './input-file.js';

/** Finds issuers in files. One finder serves a whole run: each issuer is decoded once and its key parsed once. */
export interface IssuerFinder {
  /**
   * The certificate that really issued this one (see `issuanceFailure`), from `--issuer`, the same file, `CERT.issuer`,
   * an ACME client's file or `chain.pem` beside it, in this order; undefined when none of them has it.
   *
   * @throws OcspError `issuer-mismatch` when an --issuer FILE has the right name and another key; what reading an
   *   --issuer file can throw
   */
  findLocal(file: CertificateFile): Promise<Certificate | undefined>;
  /** What --issuer named. */
  readonly named: readonly FilePath[];
  /** That, read. Throws what reading an --issuer file can throw. */
  sources(): Promise<readonly IssuerSource[]>;
  /** The one of these DER certificates that issued this one; those that cannot be decoded are passed over. */
  choose(certificate: Certificate, candidates: readonly Uint8Array[]): Certificate | undefined;
  /** As `issuerKeyProblem`; those that cannot be decoded are passed over. */
  keyProblem(certificate: Certificate, candidates: readonly Uint8Array[]): string | undefined;
}

/** A bundle of CA certificates is 250 KiB. */
const largestIssuerFile = 4 * 1024 * 1024;

/** Issuers kept decoded; a fleet has a handful, and chains in bundles repeat them. */
const maximumKnown = 512;
/** Together they take no more than that, in octets of DER. */
const maximumKnownOctets = 16 * 1024 * 1024;

/** A CA has a few certificates of one name; each costs a signature check, and one file has room for thousands. */
const maximumNamesakes = 64;

/** What --issuer named, and the DER of each certificate in it. */
export interface IssuerSource {
  readonly path: FilePath;
  readonly isFolder: boolean;
  readonly certificates: readonly Uint8Array[];
}

/**
 * @param read what these paths hold, where that was read already
 * @param warn is told once what was passed over in a file that --issuer named
 */
export function createIssuerFinder(
  issuerPaths: readonly FilePath[],
  read?: readonly IssuerSource[],
  warn?: (warning: string) => void,
): IssuerFinder {
  const hasNone = issuerPaths.length === 0 && read === undefined;
  const known = new Map<string, Certificate | undefined>();
  let knownOctets = 0;
  let found = read === undefined ? undefined : Promise.resolve(read);
  const sources: IssuerFinder['sources'] = () =>
    (found ??= Promise.all(issuerPaths.map((path) => readIssuerSource(path, warn))));

  let last: Certificate | undefined;
  const decode = (der: Uint8Array): Certificate | undefined => {
    // Neighbours in a folder mostly share their issuer.
    if (last !== undefined && bytesEqual(last.der, der)) return last;
    last = decodeKnown(der);
    return last;
  };
  const decodeKnown = (der: Uint8Array): Certificate | undefined => {
    const key = toHex(digest('sha256', der));
    if (known.has(key)) return known.get(key);
    if (known.size >= maximumKnown || knownOctets + der.length > maximumKnownOctets) {
      known.clear();
      knownOctets = 0;
    }
    // A copy: what is remembered must not keep all of a large file.
    const certificate = unlessOcspError(() => decodeCertificate(Uint8Array.from(der)));
    if (certificate !== undefined) knownOctets += der.length;
    known.set(key, certificate);
    return certificate;
  };
  const choose: IssuerFinder['choose'] = (certificate, candidates) => {
    let namesakes = 0;
    for (const der of candidates) {
      const candidate = decode(der);
      const failure = candidate === undefined ? 'other-name' : issuanceFailure(certificate, candidate);
      if (failure === undefined) return candidate;
      if (failure !== 'other-name' && (namesakes += 1) === maximumNamesakes) return undefined;
    }
    return undefined;
  };
  return {
    named: issuerPaths,
    sources,
    choose,
    keyProblem: (certificate, candidates) =>
      issuerKeyProblem(
        certificate,
        candidates.map(decode).filter((candidate) => candidate !== undefined),
      ),
    async findLocal(file) {
      const named = hasNone ? [] : await sources();
      for (const source of named) {
        const issuer = choose(file.certificate, source.certificates);
        if (issuer !== undefined) return issuer;
        if (!source.isFolder) refuseOtherKey(file.certificate, source, decode);
      }
      const own = choose(file.certificate, file.others);
      if (own !== undefined) return own;
      for (const path of issuerFilesOf(file.path)) {
        const issuer = choose(file.certificate, await certificatesBeside(path));
        if (issuer !== undefined) return issuer;
      }
      return undefined;
    },
  };
}

/** Where the issuer of a certificate is kept: by haproxy's name, and by those of lego, acme.sh, and certbot and dehydrated. */
function issuerFilesOf(path: FilePath): FilePath[] {
  const beside = (name: FilePath): FilePath => joinPath(folderOf(path), name);
  const name = nameOf(path);
  const hasEnding = (ending: string): boolean => name.subarray(-ending.length).equals(Buffer.from(ending));
  const ofLego = (): FilePath => appendToPath(asPath(name.subarray(0, -'.crt'.length)), '.issuer.crt');
  return [
    appendToPath(path, '.issuer'),
    ...(hasEnding('.crt') ? [beside(ofLego())] : []),
    ...(hasEnding('.cer') ? [beside('ca.cer')] : []),
    beside('chain.pem'),
  ];
}

/** The DER of all that is looked at for the issuer without being named: the same file and those beside it. */
export async function unnamedCandidates({ path, others }: CertificateFile): Promise<readonly Uint8Array[]> {
  const beside = await Promise.all(issuerFilesOf(path).map(certificatesBeside));
  return [...others, ...beside.flat()];
}

async function readIssuerSource(path: FilePath, warn?: (warning: string) => void): Promise<IssuerSource> {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) return { path, isFolder, certificates: await readNamed(path, warn) };
  const names = filesIn(path);
  const files = await Promise.all(names.map((name) => certificatesBeside(joinPath(path, name))));
  return { path, isFolder, certificates: files.flat() };
}

function filesIn(folder: FilePath): Buffer[] {
  try {
    return readdirSync(folder, { encoding: 'buffer', withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    throw unlistable(folder, error);
  }
}

async function readNamed(path: FilePath, warn?: (warning: string) => void): Promise<Uint8Array[]> {
  const bytes = readInputFile(path, largestIssuerFile);
  try {
    return await certificatesIn(bytes, (warning) => warn?.(`--issuer ${shownPath(path)}: ${warning}`));
  } catch (error) {
    throw naming(`--issuer ${shownPath(path)}`, error);
  }
}

/** A file that nobody named: what cannot be read or holds no certificate is passed over. */
async function certificatesBeside(path: FilePath): Promise<Uint8Array[]> {
  try {
    if (!existsSync(path) || !statSync(path).isFile()) return [];
    return await certificatesIn(readInputFile(path, largestIssuerFile));
  } catch {
    return [];
  }
}

function refuseOtherKey(
  certificate: Certificate,
  source: IssuerSource,
  decode: (der: Uint8Array) => Certificate | undefined,
): void {
  for (const der of source.certificates) {
    const candidate = decode(der);
    if (candidate === undefined || !distinguishedNamesEqual(certificate.issuer, candidate.subject)) continue;
    const why = explain(issuanceFailure(certificate, candidate), candidate);
    throw new OcspError(
      'issuer-mismatch',
      `${shownPath(source.path)} is named ${distinguishedNameToString(candidate.subject)} as the issuer is, but ${why}`,
      'name the certificate of the CA that issued this one; a CA may have several with one name',
    );
  }
}

const failures: Partial<Record<NonNullable<ReturnType<typeof issuanceFailure>>, string>> = {
  'not-a-ca': 'it is no CA certificate (basicConstraints)',
  'may-not-sign-certificates': 'it may not sign certificates (keyUsage)',
  'weak-algorithm': 'the certificate is signed with an algorithm that is too weak',
  'unsupported-algorithm': 'the certificate is signed with an algorithm that is not supported',
};

function explain(why: ReturnType<typeof issuanceFailure>, candidate: Certificate): string {
  const problem = publicKeyProblem(candidate.publicKey);
  if (problem !== undefined) return `its public key is not usable: ${problem}`;
  return failures[why ?? 'signature-invalid'] ?? 'its key did not sign the certificate';
}
