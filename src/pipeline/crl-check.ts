import { OcspError, type Certificate, type RevocationReason } from '../core/index.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { formatTime } from '../core/time.js';
import { crlSourceFrom, largestCrl, readCrlFile, type CrlSource } from '../source/crl-file.js';
import { downloadCrl } from '../transport/download.js';
import type { HttpClient } from '../transport/http-client.js';
import { troubleOfError, type Trouble } from './trouble.js';

/** What a CRL says of one certificate, beside its OCSP response (RFC 5280 §6.3.3). */
export type CrlReport =
  /** The CRL does not list it, and is current and complete. */
  | ({ readonly kind: 'good' } & CrlEvidence)
  | ({
      readonly kind: 'revoked';
      readonly revocationTime: Date;
      readonly revocationReason?: RevocationReason;
    } & CrlEvidence)
  /** The certificate names no CRL that could be downloaded. */
  | { readonly kind: 'none' }
  /** It could not be had, or nothing follows from it for this certificate. */
  | { readonly kind: 'unusable'; readonly trouble: Trouble };

interface CrlEvidence {
  /** The file or the URL. */
  readonly source: string;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
}

/** Looks certificates up in CRLs. One that was read or downloaded is kept for the others of its CA. */
export interface CrlCheck {
  /** Never throws for what is wrong with a CRL: that is in the report. */
  lookUp(certificate: Certificate, issuer: Certificate): Promise<CrlReport>;
  /**
   * The same for a serial number (hex of INTEGER contents), where the certificate itself is not at hand: of a CRL for some
   * kinds of certificates only, nobody can say whether it is one of them.
   */
  lookUpSerialNumber(serialNumber: string, issuer: Certificate): CrlReport;
}

/** A check against the CRL in a file. Throws what reading the file can throw. */
export function checkByCrlFile(path: FilePath, now: Date): CrlCheck {
  const name = shownPath(path);
  const bytes = readCrlFile(path);
  const sources = createSources(now);
  const read = (issuer: Certificate): CrlSource => sources.sourceOf(bytes, name, issuer);
  return {
    lookUp: (certificate, issuer) =>
      Promise.resolve(reportOf(() => judge(read(issuer), name, certificate.serialNumber, certificate))),
    lookUpSerialNumber: (serialNumber, issuer) => reportOf(() => judge(read(issuer), name, serialNumber)),
  };
}

export interface CrlDownloadOptions {
  readonly client: HttpClient;
  readonly timeoutMilliseconds: number;
  readonly connectTimeoutMilliseconds: number;
}

/** Certificates name one or two places; a bound on what a hostile one can have downloaded. */
const maximumDownloads = 8;

/** A check against the CRL that each certificate names (cRLDistributionPoints), from the first of its URIs that has a usable one. */
export function checkByDownloadedCrl(options: CrlDownloadOptions, now: Date): CrlCheck {
  const sources = createSources(now);
  const downloads = new Map<string, Promise<Uint8Array>>();
  const read = async (uri: string, issuer: Certificate): Promise<CrlSource> => {
    const known = downloads.get(uri) ?? download(uri, options);
    downloads.set(uri, known);
    return sources.sourceOf(await known, uri, issuer);
  };
  return {
    async lookUp(certificate, issuer) {
      const uris = certificate.crlUris.filter(isHttp).slice(0, maximumDownloads);
      let last: CrlReport = { kind: 'none' };
      for (const uri of uris) {
        try {
          const report = judge(await read(uri, issuer), uri, certificate.serialNumber, certificate);
          if (report.kind !== 'unusable') return report;
          last = report;
        } catch (error) {
          last = unusable(error);
        }
      }
      return last;
    },
    lookUpSerialNumber() {
      throw new TypeError('a serial number names no CRL');
    },
  };
}

async function download(uri: string, options: CrlDownloadOptions): Promise<Uint8Array> {
  const { client, timeoutMilliseconds, connectTimeoutMilliseconds } = options;
  const wish = { url: uri, origin: 'certificate', timeoutMilliseconds, connectTimeoutMilliseconds } as const;
  return (await downloadCrl(client, wish, largestCrl)).bytes;
}

function isHttp(uri: string): boolean {
  return /^https?:/i.test(uri);
}

/** CRLs by their bytes and issuer, decoded and verified once. */
function createSources(now: Date): { sourceOf(bytes: Uint8Array, name: string, issuer: Certificate): CrlSource } {
  const known = new Map<Uint8Array, Map<string, CrlSource>>();
  return {
    sourceOf(bytes, name, issuer) {
      const ofBytes = known.get(bytes) ?? new Map<string, CrlSource>();
      known.set(bytes, ofBytes);
      const key = Buffer.from(issuer.der).toString('latin1');
      const source = ofBytes.get(key) ?? crlSourceFrom(bytes, name, issuer, { now, allowStale: true });
      ofBytes.set(key, source);
      return source;
    },
  };
}

function reportOf(look: () => CrlReport): CrlReport {
  try {
    return look();
  } catch (error) {
    return unusable(error);
  }
}

function unusable(error: unknown): CrlReport {
  if (error instanceof OcspError && error.code !== 'interrupted')
    return { kind: 'unusable', trouble: troubleOfError(error) };
  throw error;
}

/** What is revoked stays so in a stale CRL too; from the silence of one nothing follows. */
function judge(crl: CrlSource, name: string, serialNumber: string, certificate?: Certificate): CrlReport {
  const { thisUpdate, nextUpdate, staleSince } = crl;
  const evidence = { source: name, thisUpdate, ...(nextUpdate === undefined ? {} : { nextUpdate }) };
  const status = crl.statusOf(serialNumber);
  if (typeof status === 'object') {
    const { revokedAt, reason } = status;
    const why = reason === undefined ? {} : { revocationReason: reason };
    return { kind: 'revoked', ...evidence, revocationTime: revokedAt, ...why };
  }
  const notCovered = certificate === undefined ? undefined : crl.coverageFailure(certificate);
  if (notCovered !== undefined) {
    return unusable(new OcspError('crl-unsupported', notCovered, 'name the CRL that the certificate itself names'));
  }
  if (staleSince !== undefined) {
    const message = `the CRL ${name} is stale: its next one was due at ${formatTime(staleSince)}`;
    return unusable(
      new OcspError('crl-stale', message, 'get the current CRL; what it lists counts, its silence does not'),
    );
  }
  return { kind: 'good', ...evidence };
}
