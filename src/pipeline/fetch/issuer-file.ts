import { OcspError, decodeCertificate, decodePem, type Certificate, type Finding } from '../../core/index.js';
import { isIssuedBy } from '../../core/certificate/issuance.js';
import { appendToPath, shownPath, type FilePath } from '../../core/file-path.js';
import { unlessOcspError } from '../../core/ocsp-error.js';
import { isUnchanged, largestBundle, type CertificateFile } from '../../source/certificate-file.js';
import { readInputFile } from '../../source/input-file.js';
import { encodePem } from '../../core/pem.js';
import type { IssuerFinder } from '../../source/issuer-finder.js';
import type { OwnProcess } from '../../store/lock-holder.js';
import { replaceFile } from '../../store/replace-file.js';
import { readStapleNow } from '../../store/staple-file.js';
import { isStapleBeside } from '../../store/staple-location.js';
import { unsafe } from '../../store/store-error.js';
import { shellQuoted } from '../../system/shell-words.js';

/** Where haproxy looks for an issuer that the certificate's own file lacks; with the staple it reads it wherever it is there. */
export const issuerPathOf = (certificatePath: FilePath): FilePath => appendToPath(certificatePath, '.issuer');

/** What `CERT.issuer` is to haproxy, of which it reads the first certificate in PEM. */
export type IssuerFileState = 'missing' | 'fits' | 'unfit';

function stateOf(bytes: Uint8Array | null, certificate: Certificate): IssuerFileState {
  if (bytes === null) return 'missing';
  const blocks = unlessOcspError(() => decodePem(bytes)) ?? [];
  const first = blocks.find(({ label }) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(label));
  const issuer = first === undefined ? undefined : unlessOcspError(() => decodeCertificate(first.der));
  return issuer !== undefined && isIssuedBy(certificate, issuer, 'local') ? 'fits' : 'unfit';
}

/** The state of `CERT.issuer` on disk; one that cannot be read does not fit. */
export function readIssuerFile({ path, certificate }: CertificateFile): IssuerFileState {
  const found = unlessOcspError(() => readStapleNow(issuerPathOf(path)));
  if (found?.state === 'missing') return 'missing';
  return found?.state === 'present' ? stateOf(found.bytes, certificate) : 'unfit';
}

/** The finding for a `CERT.issuer` that keeps haproxy from starting. */
export function staleIssuerFinding({ path }: CertificateFile, why: string): Finding {
  const name = shownPath(issuerPathOf(path));
  return {
    rule: 'issuer-stale',
    severity: 'warning',
    message: `${name} does not begin with the issuer of the certificate, and haproxy does not start with it: ${why}`,
    source: 'measured with haproxy',
  };
}

/**
 * The finding for a staple in haproxy's convention whose certificate has its issuer neither in its file nor as
 * `CERT.issuer`: haproxy does not start with it. None where all is well.
 */
export async function missingIssuerFindings(
  file: CertificateFile,
  staple: FilePath,
  {
    issuers,
    severity,
  }: { readonly issuers: Pick<IssuerFinder, 'choose' | 'findLocal'>; readonly severity: Finding['severity'] },
): Promise<Finding[]> {
  if (file.version === undefined || !isStapleBeside(staple, file.path)) return [];
  if (issuers.choose(file.certificate, file.others) !== undefined || readIssuerFile(file) !== 'missing') return [];
  const [name, kept] = [shownPath(file.path), shownPath(issuerPathOf(file.path))];
  const source = (await issuers.findLocal(file))?.path;
  const isCopy =
    source !== undefined &&
    stateOf(unlessOcspError(() => readInputFile(source, largestBundle)) ?? null, file.certificate) === 'fits';
  const repair = isCopy
    ? `copy it: cp -- ${shellQuoted(shownPath(source))} ${shellQuoted(kept)}`
    : `append the CA certificate to ${name}, or save it as ${kept}, in PEM`;
  const message = `haproxy does not start with this staple, since the issuer is neither in ${name} nor in ${kept}: ${repair}`;
  return [{ rule: 'issuer-missing', severity, message, source: 'measured with haproxy' }];
}

/** How to keep an issuer that was found. */
export interface IssuerKeeping {
  readonly isDownloaded: boolean;
  readonly issuers: Pick<IssuerFinder, 'choose'>;
  readonly mayWrite: boolean;
  readonly ownProcess: OwnProcess;
}

/** What came of it. */
export interface KeptIssuer {
  readonly warnings: readonly string[];
  readonly findings: readonly Finding[];
}

const nothing: KeptIssuer = { warnings: [], findings: [] };

/**
 * Keeps a downloaded issuer as `CERT.issuer` where the staple is `CERT.ocsp` and the certificate's file lacks it, since haproxy
 * starts with no staple otherwise, and replaces one of certificates only that is not the issuer. Before the staple is written.
 *
 * @returns what is worth saying: that it could not be kept is not a failure
 */
export async function keepIssuer(
  file: CertificateFile,
  staple: FilePath,
  issuer: Certificate,
  { isDownloaded, issuers, mayWrite, ownProcess }: IssuerKeeping,
): Promise<KeptIssuer> {
  // A certificate that came through a pipe has no file to stand beside.
  if (file.version === undefined || !isStapleBeside(staple, file.path)) return nothing;
  const state = readIssuerFile(file);
  if (state === 'fits' || (state === 'missing' && !isDownloaded)) return nothing;
  if (issuers.choose(file.certificate, file.others) !== undefined) {
    if (state === 'missing') return nothing;
    return {
      ...nothing,
      findings: [staleIssuerFinding(file, 'remove it, since the file of the certificate has its issuer')],
    };
  }
  if (!mayWrite) {
    if (state === 'missing') return nothing;
    return { ...nothing, findings: [staleIssuerFinding(file, 'remove it, or write the issuer there')] };
  }
  try {
    await writeIssuer(file, issuer, ownProcess);
    return nothing;
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    return { ...nothing, warnings: [`the issuer could not be kept: ${error.message}`] };
  }
}

async function writeIssuer(file: CertificateFile, issuer: Certificate, ownProcess: OwnProcess): Promise<void> {
  await replaceFile({
    path: issuerPathOf(file.path),
    kind: 'issuer',
    pieces: [encodePem('CERTIFICATE', issuer.der)],
    ownProcess,
    // A certificate that was renewed meanwhile may have brought its own.
    decide: (current) => (stateOf(current, file.certificate) === 'fits' || !isUnchanged(file) ? 'keep' : 'write'),
    judgeLinked: ({ path, link = path }) => {
      const why = `it is a symbolic link to ${shownPath(path)}, which other certificates may use as their issuer`;
      throw unsafe(link, why, 'correct or remove the link');
    },
  });
}
