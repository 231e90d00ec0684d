import { OcspError, decodeCertificate, isSelfIssued, type Certificate } from '../../core/index.js';
import { chooseIssuer, likelyIssuers } from '../../core/certificate/issuance.js';
import { certificatesIn, type CertificateFile } from '../../source/certificate-file.js';
import type { IssuerFinder } from '../../source/issuer-finder.js';
import { withheldReasons } from '../../source/missing-issuer.js';
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
 * allowed. What is downloaded must have issued the certificate like any other, and say of itself that it is a CA.
 *
 * @throws OcspError `issuer-not-found`, `issuer-mismatch`, `issuer-unsupported`, `interrupted`
 */
export async function findIssuer(
  file: CertificateFile,
  finder: IssuerFinder,
  download: IssuerDownload | undefined,
): Promise<FoundIssuer> {
  const local = await finder.findLocal(file);
  if (local !== undefined) return { issuer: local.certificate, isDownloaded: false };
  const { certificate } = file;
  const attempts: string[] = [];
  const seen: Certificate[] = [];
  if (download !== undefined) {
    for (const uri of certificate.caIssuersUris.slice(0, maximumDownloads)) {
      if (download.budget.left() === 0) break;
      const served = await tryDownload(uri, finder, download);
      if (typeof served === 'string') {
        attempts.push(served);
        continue;
      }
      const issuer = chooseIssuer(certificate, served, 'elsewhere');
      if (issuer !== undefined) return { issuer, isDownloaded: true };
      const withheld = withheldReasons(certificate, served, `what ${uri} serves`);
      attempts.push(...(withheld.length > 0 ? withheld : [`what ${uri} serves did not issue it`]));
      if (withheld.length === 0) seen.push(...likelyIssuers(certificate, served));
    }
  }
  throw await finder.whyNone(file, { seen, attempts, hint: hintFor(certificate, download !== undefined) });
}

/** The certificates that a URI serves, or why there are none. */
async function tryDownload(
  uri: string,
  finder: IssuerFinder,
  download: IssuerDownload,
): Promise<readonly Certificate[] | string> {
  const { downloadedIssuers } = download.tools;
  try {
    const known = downloadedIssuers.get(uri) ?? downloadCertificates(uri, download);
    remember(downloadedIssuers, uri, known);
    const [first, ...others] = await known;
    const decoded = finder.decode(await known);
    // Where nothing else came, its own error says what is wrong with it.
    return decoded.length === 0 && first !== undefined && others.length === 0 ? [decodeCertificate(first)] : decoded;
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
  return certificatesIn(bytes);
}

function hintFor(certificate: Certificate, mayDownload: boolean): string {
  if (isSelfIssued(certificate)) return 'the certificate is self-signed, so no responder can answer for it';
  const save = 'name the CA certificate with --issuer FILE, or save it beside the certificate as CERT.issuer';
  return mayDownload || certificate.caIssuersUris.length === 0
    ? save
    : `${save}, or allow its download (without --no-fetch-issuer)`;
}
