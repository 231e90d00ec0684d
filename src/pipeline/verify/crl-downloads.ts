import { OcspError, type Certificate } from '../../core/index.js';
import { largestCrl, signedCrlFrom } from '../../source/crl-file.js';
import { downloadCrl } from '../../transport/download.js';
import type { HttpClient } from '../../transport/http-client.js';
import { isUnanswered } from '../../transport/unanswered.js';
import {
  judgeByCrl,
  keyOf,
  unusable,
  type CrlCheck,
  type CrlHints,
  type CrlReport,
  type CrlTimes,
  type NamedCrl,
} from './crl-check.js';

export interface CrlDownloadOptions {
  readonly client: HttpClient;
  /** For all downloads of one certificate together. */
  readonly timeoutMilliseconds: number;
  readonly connectTimeoutMilliseconds: number;
}

/** Certificates name one or two places; a bound on what a hostile one can have downloaded. */
const maximumDownloads = 8;
/** What is kept for the certificates that come later: an entry takes some 250 octets, and a CRL may have two million. */
const rememberedEntries = 2_000_000;
/** So many downloads from a host in a row without an answer in time, and no other is tried. */
const failuresInARow = 3;

const hints: CrlHints = {
  'crl-mismatch': 'tell the CA that its certificates name the CRL of another; a file of your own goes with --crl FILE',
  'malformed-crl': 'tell the CA that what its certificates name is no CRL; a file of your own goes with --crl FILE',
  'malformed-pem': 'tell the CA that what its certificates name is no CRL; a file of your own goes with --crl FILE',
  'crl-unsupported': 'name the complete CRL of the CA with --crl FILE',
  'crl-stale': 'tell the CA that its CRL is overdue; what it lists counts, its silence does not',
  'crl-not-yet-valid': 'check this clock (timedatectl), then the one of the CA',
};

/** A check against the CRL that each certificate names (cRLDistributionPoints), by the first of its URIs that has a usable one. */
export function checkByDownloadedCrls(options: CrlDownloadOptions, times: CrlTimes): CrlCheck {
  const crlAt = createCrlMemory(options);
  return {
    async lookUp(certificate, issuer) {
      const uris = certificate.crlUris.filter(isHttp).slice(0, maximumDownloads);
      const deadline = performance.now() + options.timeoutMilliseconds;
      let gravest: CrlReport = { kind: 'none', schemes: certificate.crlUris.map(schemeOf) };
      for (const [index, uri] of uris.entries()) {
        const left = deadline - performance.now();
        if (left <= 0) break;
        // One that says nothing must leave time for those after it.
        const share = left / (uris.length - index);
        try {
          return judgeByCrl(await crlAt(uri, issuer, share), certificate, times);
        } catch (error) {
          gravest = graver(gravest, unusable(error, hints));
        }
      }
      return gravest;
    },
    lookUpSerialNumber: () => ({ kind: 'none', schemes: [] }),
    // Nobody named them.
    unused: () => [],
  };
}

/** What a CRL is says more than that another could not be had. */
function graver(before: CrlReport, after: CrlReport): CrlReport {
  const isAboutCrl = (report: CrlReport): boolean =>
    report.kind === 'unusable' && report.trouble.kind === 'error' && report.trouble.errorKind === 'input';
  return isAboutCrl(before) && !isAboutCrl(after) ? before : after;
}

type CrlMemory = (uri: string, issuer: Certificate, milliseconds: number) => Promise<NamedCrl>;

/** Downloads, verifies and keeps the CRL of an issuer at a place; what went wrong there is kept too. */
function createCrlMemory({ client, connectTimeoutMilliseconds }: CrlDownloadOptions): CrlMemory {
  const crls = new Map<string, NamedCrl>();
  const failures = new Map<string, unknown>();
  const silences = new Map<string, { count: number; last: OcspError }>();

  const download = async (uri: string, milliseconds: number): Promise<Uint8Array> => {
    const host = URL.canParse(uri) ? new URL(uri).host : uri;
    const silent = silences.get(host);
    if (silent !== undefined && silent.count >= failuresInARow) throw silent.last;
    try {
      const timeoutMilliseconds = Math.max(1, Math.ceil(milliseconds));
      const wish = { url: uri, origin: 'certificate', timeoutMilliseconds, connectTimeoutMilliseconds } as const;
      const { bytes } = await downloadCrl(client, wish, largestCrl);
      silences.delete(host);
      return bytes;
    } catch (error) {
      if (!(error instanceof OcspError)) throw error;
      const isSilence = isUnanswered(error) || error.code === 'timeout';
      if (isSilence) silences.set(host, { count: (silent?.count ?? 0) + 1, last: error });
      else silences.delete(host);
      throw error;
    }
  };

  return async (uri, issuer, milliseconds) => {
    const key = `${uri}\n${keyOf(issuer)}`;
    const known = crls.get(key);
    if (known !== undefined) return known;
    if (failures.has(key)) throw failures.get(key);
    try {
      const named = { name: uri, crl: signedCrlFrom(await download(uri, milliseconds), uri, issuer) };
      crls.set(key, named);
      forgetOldest(crls);
      return named;
    } catch (error) {
      // What came too late in little time may come the next time.
      if (!(error instanceof OcspError) || error.code !== 'timeout') failures.set(key, error);
      throw error;
    }
  };
}

function forgetOldest(crls: Map<string, NamedCrl>): void {
  let entries = 0;
  for (const { crl } of crls.values()) entries += crl.entries.size;
  for (const [key, { crl }] of crls) {
    if (entries <= rememberedEntries) return;
    crls.delete(key);
    entries -= crl.entries.size;
  }
}

function isHttp(uri: string): boolean {
  return /^https?:/i.test(uri);
}

function schemeOf(uri: string): string {
  return /^[a-z][a-z0-9+.-]{0,20}(?=:)/i.exec(uri)?.[0].toLowerCase() ?? 'none';
}
