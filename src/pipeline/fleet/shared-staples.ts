import {
  OcspError,
  decodeResponse,
  isBelieved,
  isResponse,
  verifyResponse,
  type VerifyOptions,
} from '../../core/index.js';
import { bytesEqual } from '../../core/bytes.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import type { CertificateFile } from '../../source/certificate-file.js';
import type { CertificateList, ListedCertificate, SourceFailure } from '../../source/certificate-list.js';
import { readListed } from '../../source/folder-member.js';
import { placeholderApart, staplePathFor, staplePlace } from '../../store/staple-location.js';

/** Whether what is stored at a staple's path is about this certificate. */
export type StapleJudgement = (file: CertificateFile, staple: FilePath) => Promise<boolean>;

/**
 * The list in which each staple has one certificate, found out before anything is sent. The same certificate in several
 * files is one of them, the first. Of different ones the one keeps the staple that the stored one is about, else the first;
 * the others fail with `staple-path-taken`. Where every staple stands beside its certificate there is nothing to look at.
 *
 * @throws OcspError `usage` where a staple would replace one of the certificates
 */
export async function withOneStapleEach(
  list: CertificateList,
  defaultOut: string | undefined,
  isAbout: StapleJudgement,
): Promise<CertificateList> {
  if (defaultOut === undefined && !list.hasOwnPlaces) return list;
  const certificates = new Set<string>();
  const claims = new Map<string, Claim[]>();
  for (let position = 0; position < list.length; position += 1) {
    const listed = list.at(position);
    const file = readQuietly(listed);
    if (file === undefined) continue;
    certificates.add(staplePlace(listed.path));
    if (file === 'unreadable') continue;
    const staple = staplePathFor(listed.path, file.certificate, listed.out ?? defaultOut);
    const place = staplePlace(staple);
    const claim = { position, staple };
    const others = claims.get(place);
    if (others === undefined) claims.set(place, [claim]);
    else others.push(claim);
  }
  for (const [place, [claim]] of claims) {
    if (claim !== undefined && certificates.has(place)) throw replacedCertificate(claim.staple);
  }
  const repeated = new Set<number>();
  const failures = new Map<number, SourceFailure>();
  for (const sharing of claims.values()) {
    if (sharing.length > 1) await settle(sharing, list, isAbout, { repeated, failures });
  }
  return repeated.size + failures.size === 0 ? list : changed(list, repeated, failures);
}

/** Whether a response is one about the certificate of these options: it verifies now, or did when its responder made it. */
export function isResponseAbout(bytes: Uint8Array, options: VerifyOptions): boolean {
  const response = decodeResponse(bytes);
  if (!isResponse(response) || response.status !== 'successful') return false;
  const times = [options.now, response.basic.producedAt];
  return times.some((now) => isBelieved(verifyResponse(bytes, { ...options, now })));
}

/** A certificate, by its place in the list, and where its staple goes. */
interface Claim {
  readonly position: number;
  readonly staple: FilePath;
}

/** Undefined for a file that is not ours; of one that cannot be read the error comes with its own line. */
function readQuietly(listed: ListedCertificate): CertificateFile | 'unreadable' | undefined {
  try {
    return readListed(listed);
  } catch (error) {
    if (error instanceof OcspError && error.kind === 'input') return 'unreadable';
    throw error;
  }
}

async function settle(
  sharing: readonly Claim[],
  list: CertificateList,
  isAbout: StapleJudgement,
  { repeated, failures }: { readonly repeated: Set<number>; readonly failures: Map<number, SourceFailure> },
): Promise<void> {
  const different: { readonly file: CertificateFile; readonly claim: Claim }[] = [];
  for (const claim of sharing) {
    const file = readQuietly(list.at(claim.position));
    // It was replaced since, and is judged on its own.
    if (file === undefined || file === 'unreadable') continue;
    const { der } = file.certificate;
    if (different.some((other) => bytesEqual(other.file.certificate.der, der))) repeated.add(claim.position);
    else different.push({ file, claim });
  }
  let [owner] = different;
  if (owner === undefined || different.length === 1) return;
  for (const one of different) {
    if (!(await isAbout(one.file, one.claim.staple))) continue;
    owner = one;
    break;
  }
  const token = placeholderApart(different.map(({ file }) => file));
  for (const { file, claim } of different) {
    if (file === owner.file) continue;
    const flag = list.at(claim.position).out === undefined ? '--out' : 'out';
    failures.set(claim.position, {
      code: 'staple-path-taken',
      message: `${shownPath(file.path)}: its staple ${shownPath(claim.staple)} is that of ${shownPath(owner.file.path)}`,
      hint: `use ${token} in ${flag}, which tells them apart`,
    });
  }
}

function changed(
  list: CertificateList,
  repeated: ReadonlySet<number>,
  failures: ReadonlyMap<number, SourceFailure>,
): CertificateList {
  const kept: number[] = [];
  for (let position = 0; position < list.length; position += 1) if (!repeated.has(position)) kept.push(position);
  return {
    ...list,
    length: kept.length,
    at(index) {
      const position = kept[index];
      if (position === undefined) throw new RangeError(`there is no certificate ${index}`);
      const failure = failures.get(position);
      return failure === undefined ? list.at(position) : { ...list.at(position), failure };
    },
  };
}

function replacedCertificate(staple: FilePath): OcspError {
  return new OcspError(
    'usage',
    `--out would replace the certificate ${shownPath(staple)} with a staple`,
    'give --out another file, a folder, or a template such as {dir}/{base}.ocsp',
  );
}
