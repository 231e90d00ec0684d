import { OcspError, distinguishedNameToString, isSelfIssued, type Certificate } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import { certificatesIn, type CertificateFile } from '../../source/certificate-file.js';
import { unnamedCandidates, type IssuerFinder } from '../../source/issuer-finder.js';
import { downloadIssuer } from '../../transport/download.js';
import type { HttpClient } from '../../transport/http-client.js';
import type { Budget } from './budget.js';

export interface IssuerDownloadOptions {
  readonly client: HttpClient;
  readonly budget: Budget;
  readonly timeoutMilliseconds: number;
  readonly connectTimeoutMilliseconds: number;
  readonly signal: AbortSignal;
  /** Answers of this run by URI: a fleet shares a handful of issuers. */
  readonly downloaded: Map<string, Promise<readonly Uint8Array[]>>;
}

/** Certificates name one or two places; a bound on what a hostile one can have downloaded. */
const maximumDownloads = 8;

/**
 * The issuer of a certificate in the contract's order: local sources first, then its caIssuers URIs where a download is
 * allowed. What is downloaded must have issued the certificate like any other.
 *
 * @throws OcspError `issuer-not-found`, `issuer-mismatch`, `interrupted`
 */
export async function findIssuer(
  file: CertificateFile,
  finder: IssuerFinder,
  downloadBy: (() => IssuerDownloadOptions) | undefined,
): Promise<Certificate> {
  const local = await finder.findLocal(file);
  if (local !== undefined) return local;
  const download = downloadBy?.();
  const attempts = finder.named.map((path) => `--issuer ${shownPath(path)} did not issue it`);
  if (download !== undefined) {
    for (const uri of file.certificate.caIssuersUris.slice(0, maximumDownloads)) {
      if (download.budget.left() === 0) break;
      const found = await tryDownload(uri, file.certificate, finder, download);
      if (typeof found !== 'string') return found;
      attempts.push(found);
    }
  }
  const problem = finder.keyProblem(file.certificate, await unnamedCandidates(file));
  if (problem !== undefined) attempts.unshift(problem);
  throw notFound(file.certificate, attempts, { mayDownload: download !== undefined });
}

async function tryDownload(
  uri: string,
  certificate: Certificate,
  finder: IssuerFinder,
  options: IssuerDownloadOptions,
): Promise<Certificate | string> {
  try {
    const known = options.downloaded.get(uri) ?? downloadCertificates(uri, options);
    options.downloaded.set(uri, known);
    const served = await known;
    const issuer = finder.choose(certificate, served);
    if (issuer !== undefined) return issuer;
    const problem = finder.keyProblem(certificate, served);
    return problem === undefined ? `what ${uri} serves did not issue it` : `${uri}: ${problem}`;
  } catch (error) {
    options.downloaded.delete(uri);
    if (!(error instanceof OcspError) || error.code === 'interrupted') throw error;
    return `${uri}: ${error.message}`;
  }
}

async function downloadCertificates(uri: string, options: IssuerDownloadOptions): Promise<readonly Uint8Array[]> {
  const { bytes } = await downloadIssuer(options.client, {
    url: uri,
    origin: 'certificate',
    timeoutMilliseconds: Math.min(options.timeoutMilliseconds, options.budget.left()),
    connectTimeoutMilliseconds: options.connectTimeoutMilliseconds,
    signal: options.signal,
  });
  return await certificatesIn(bytes);
}

function notFound(
  certificate: Certificate,
  attempts: readonly string[],
  { mayDownload }: { readonly mayDownload: boolean },
): OcspError {
  const name = distinguishedNameToString(certificate.issuer);
  const tried = attempts.length > 0 ? ` (${attempts.join('; ')})` : '';
  const save = 'name the CA certificate with --issuer FILE, or save it beside the certificate as CERT.issuer';
  const hint = isSelfIssued(certificate)
    ? 'the certificate is self-signed, so there is nobody who could answer for it'
    : mayDownload || certificate.caIssuersUris.length === 0
      ? save
      : `${save}, or allow its download (without --no-fetch-issuer)`;
  return new OcspError('issuer-not-found', `the issuer ${name} is not to be found${tried}`, hint);
}
