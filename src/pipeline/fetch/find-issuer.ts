import { OcspError, distinguishedNameToString, isSelfIssued, type Certificate } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import { certificatesIn, type CertificateFile } from '../../source/certificate-file.js';
import { unnamedCandidates, type IssuerFinder } from '../../source/issuer-finder.js';
import { downloadIssuer } from '../../transport/download.js';
import type { Budget } from './budget.js';
import type { FetchOptions, FetchTools } from './fetch-job.js';

/** By what an issuer may be downloaded. */
export interface IssuerDownload {
  readonly options: Pick<FetchOptions, 'timeoutMilliseconds' | 'connectTimeoutMilliseconds'>;
  readonly tools: Pick<FetchTools, 'client' | 'signal' | 'downloadedIssuers'>;
  readonly budget: Budget;
}

export interface FoundIssuer {
  readonly issuer: Certificate;
  readonly isDownloaded: boolean;
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
  download: IssuerDownload | undefined,
): Promise<FoundIssuer> {
  const local = await finder.findLocal(file);
  if (local !== undefined) return { issuer: local, isDownloaded: false };
  const attempts = finder.named.map((path) => `--issuer ${shownPath(path)} did not issue it`);
  if (download !== undefined) {
    for (const uri of file.certificate.caIssuersUris.slice(0, maximumDownloads)) {
      if (download.budget.left() === 0) break;
      const found = await tryDownload(uri, file.certificate, finder, download);
      if (typeof found !== 'string') return { issuer: found, isDownloaded: true };
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
  download: IssuerDownload,
): Promise<Certificate | string> {
  const { downloadedIssuers } = download.tools;
  try {
    const known = downloadedIssuers.get(uri) ?? downloadCertificates(uri, download);
    remember(downloadedIssuers, uri, known);
    const served = await known;
    const issuer = finder.choose(certificate, served);
    if (issuer !== undefined) return issuer;
    const problem = finder.keyProblem(certificate, served);
    return problem === undefined ? `what ${uri} serves did not issue it` : `${uri}: ${problem}`;
  } catch (error) {
    downloadedIssuers.delete(uri);
    if (!(error instanceof OcspError) || error.code === 'interrupted') throw error;
    return `${uri}: ${error.message}`;
  }
}

/** A fleet has a handful; of 256 KiB at most each, so many take 64 MiB. */
const maximumRemembered = 256;

/** Those that were used longest ago are forgotten, and downloaded again where somebody asks. */
function remember<Value>(known: Map<string, Value>, uri: string, value: Value): void {
  known.delete(uri);
  known.set(uri, value);
  for (const oldest of known.keys()) {
    if (known.size <= maximumRemembered) return;
    known.delete(oldest);
  }
}

async function downloadCertificates(
  uri: string,
  { options, tools: { client, signal }, budget }: IssuerDownload,
): Promise<readonly Uint8Array[]> {
  const { connectTimeoutMilliseconds } = options;
  const timeoutMilliseconds = Math.min(options.timeoutMilliseconds, budget.left());
  const { bytes } = await downloadIssuer(client, {
    url: uri,
    origin: 'certificate',
    timeoutMilliseconds,
    connectTimeoutMilliseconds,
    signal,
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
