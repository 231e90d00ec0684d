import { existsSync, readdirSync, statSync } from 'node:fs';
import { decodeCertificate, type Certificate, type OcspError } from '../core/index.js';
import { bytesEqual, toHex } from '../core/bytes.js';
import { canonicalName } from '../core/certificate/distinguished-name.js';
import { digest } from '../core/hash.js';
import { chooseIssuer, likelyIssuers } from '../core/certificate/issuance.js';
import { naming, unlessOcspError } from '../core/ocsp-error.js';
import { oncePer } from '../core/once-per.js';
import { appendToPath, asPath, folderOf, joinPath, nameOf, shownPath, type FilePath } from '../core/file-path.js';
import { certificatesIn, largestBundle, type CertificateFile } from './certificate-file.js';
import { readInputFile, unlistable } from './input-file.js';
import { missingIssuer, type FruitlessSearch, type IssuerSource, type NamedNamesakes } from './missing-issuer.js';

/** An issuer, and what else stands in its file, where certificates between it and an anchor may be found. */
export interface FoundIssuer {
  readonly certificate: Certificate;
  readonly companions: () => readonly Certificate[];
  /** The file of its own that it was found in; absent for the certificate's file, and where a folder was named. */
  readonly path?: FilePath;
}

/** Finds issuers in files. One finder serves a whole run: each issuer is decoded once and its key parsed once. */
export interface IssuerFinder {
  /**
   * The certificate that really issued this one (see `issuanceFailure`), from `--issuer`, the same file, `CERT.issuer`,
   * an ACME client's file or `chain.pem` beside it, in this order; undefined when none of them has it. Throws what reading an
   * --issuer file can throw.
   */
  findLocal(file: CertificateFile): Promise<FoundIssuer | undefined>;
  /** What --issuer named. */
  readonly named: readonly FilePath[];
  /** That, read. Throws what reading an --issuer file can throw. */
  sources(): Promise<readonly IssuerSource[]>;
  /** The one of these that issued the certificate. */
  choose(certificate: Certificate, encoded: readonly Uint8Array[]): Certificate | undefined;
  /** These, decoded; those that cannot be decoded are left out. */
  decode(encoded: readonly Uint8Array[]): readonly Certificate[];
  /**
   * Why no source has the issuer: `issuer-unsupported` where it is there and its algorithm is not verified,
   * `issuer-mismatch` where an --issuer FILE has the right name and another key, else `issuer-not-found`.
   */
  whyNone(file: CertificateFile, search: FruitlessSearch): Promise<OcspError>;
  /** The --issuer files that issued none of the certificates so far, none of them twice. */
  takeUnused(): FilePath[];
  /** Another thread found issuers in these of `named`. */
  markUsed(positions: readonly number[]): void;
  /** This one was taken from elsewhere: the --issuer files that hold it too were not a mistake. */
  claim(issuer: Certificate): Promise<void>;
  /** The positions in `named` that were of use since this was asked last. */
  takeUsed(): number[];
}

/** Issuers kept decoded; a fleet has a handful, and chains in bundles repeat them. */
const maximumKnown = 512;
/** Together they take no more than that, in octets of DER. */
const maximumKnownOctets = 16 * 1024 * 1024;

/** From so many on an index costs less than looking at each. */
const worthAnIndex = 16;

/**
 * @param read what these paths hold, where that was read already
 * @param warn is told once what was skipped in a file that --issuer named
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
  const use = trackUse(issuerPaths);

  let last: Certificate | undefined;
  const decodeOne = (der: Uint8Array): Certificate | undefined => {
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
  // Once for each list: that of an --issuer file or of a download is looked through for every certificate.
  const decode = oncePer((encoded: readonly Uint8Array[]): readonly Certificate[] =>
    encoded.map(decodeOne).filter((certificate) => certificate !== undefined),
  );
  const findIn = (certificate: Certificate, encoded: readonly Uint8Array[]): FoundIssuer | undefined => {
    const issuer = chooseIssuer(certificate, namesakesIn(certificate, decode(encoded)), 'local');
    return issuer && { certificate: issuer, companions: () => decode(encoded).filter((other) => other !== issuer) };
  };
  return {
    named: issuerPaths,
    sources,
    choose: (certificate, encoded) => findIn(certificate, encoded)?.certificate,
    decode,
    ...use,
    async findLocal(file) {
      const named = hasNone ? [] : await sources();
      use.lookedUp();
      for (const [position, source] of named.entries()) {
        const issuer = findIn(file.certificate, source.certificates);
        if (issuer === undefined) continue;
        use.markUsed([position]);
        return source.isFolder ? issuer : { ...issuer, path: source.path };
      }
      const own = findIn(file.certificate, file.others);
      if (own !== undefined) return own;
      for (const path of issuerFilesOf(file)) {
        const issuer = findIn(file.certificate, certificatesBeside(path));
        if (issuer !== undefined) return { ...issuer, path };
      }
      return undefined;
    },
    async claim(issuer) {
      for (const [position, { certificates }] of (hasNone ? [] : await sources()).entries()) {
        if (certificates.some((der) => bytesEqual(der, issuer.der))) use.markUsed([position]);
      }
    },
    async whyNone(file, search) {
      const { certificate, others } = file;
      const unnamed = decode([...others, ...issuerFilesOf(file).flatMap(certificatesBeside)]);
      const named: NamedNamesakes[] = [];
      for (const [position, source] of (hasNone ? [] : await sources()).entries()) {
        const namesakes = namesakesIn(certificate, decode(source.certificates));
        // Whoever hears about it as the trouble need not be warned of it too.
        if (namesakes.length > 0 && !source.isFolder) use.markUsed([position]);
        named.push({ source, namesakes });
      }
      const namesakes = namesakesIn(certificate, [...unnamed, ...(search.seen ?? [])]);
      return missingIssuer(certificate, named, namesakes, search);
    },
  };
}

/** Where the issuer of a certificate is kept: by haproxy's name, and by those of lego, acme.sh, and certbot and dehydrated. */
function issuerFilesOf({ path, isSent }: CertificateFile): FilePath[] {
  if (isSent === true) return [];
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

/** Which of the named files were of use. */
function trackUse(named: readonly FilePath[]) {
  const used = new Set<number>();
  const told = new Set<number>();
  let untold: number[] = [];
  let isAny = false;
  return {
    lookedUp: (): void => {
      isAny = true;
    },
    markUsed: (positions: readonly number[]): void => {
      for (const position of positions) {
        if (!used.has(position)) untold.push(position);
        used.add(position);
      }
    },
    takeUsed: (): number[] => {
      const taken = untold;
      untold = [];
      return taken;
    },
    takeUnused: (): FilePath[] => {
      if (!isAny) return [];
      const unused = named.filter((path, position) => {
        if (used.has(position) || told.has(position) || isFolder(path)) return false;
        told.add(position);
        return true;
      });
      return unused;
    },
  };
}

/** Those of the issuer's name. */
function namesakesIn(certificate: Certificate, candidates: readonly Certificate[]): readonly Certificate[] {
  if (candidates.length < worthAnIndex) return likelyIssuers(certificate, candidates);
  return likelyIssuers(certificate, indexOf(candidates).get(canonicalName(certificate.issuer)) ?? []);
}

const indexOf = oncePer((certificates: readonly Certificate[]): ReadonlyMap<string, readonly Certificate[]> => {
  const index = new Map<string, Certificate[]>();
  for (const certificate of certificates) {
    const name = canonicalName(certificate.subject);
    const namesakes = index.get(name);
    if (namesakes === undefined) index.set(name, [certificate]);
    else namesakes.push(certificate);
  }
  return index;
});

function isFolder(path: FilePath): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function readIssuerSource(path: FilePath, warn?: (warning: string) => void): Promise<IssuerSource> {
  // A pipe that the caller handed over may have a name that a folder cannot have.
  if (!isFolder(path)) return await Promise.resolve({ path, isFolder: false, certificates: readNamed(path, warn) });
  const certificates = filesIn(path).flatMap((name) => certificatesBeside(joinPath(path, name)));
  return { path, isFolder: true, certificates };
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

function readNamed(path: FilePath, warn?: (warning: string) => void): Uint8Array[] {
  const bytes = readInputFile(path, largestBundle);
  try {
    return certificatesIn(bytes, (warning) => warn?.(`--issuer ${shownPath(path)}: ${warning}`));
  } catch (error) {
    throw naming(`--issuer ${shownPath(path)}`, error);
  }
}

/** A file that nobody named: what cannot be read or holds no certificate is skipped. */
function certificatesBeside(path: FilePath): Uint8Array[] {
  try {
    if (!existsSync(path) || !statSync(path).isFile()) return [];
    return certificatesIn(readInputFile(path, largestBundle));
  } catch {
    return [];
  }
}
