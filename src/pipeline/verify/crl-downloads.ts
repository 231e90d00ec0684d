import { OcspError, type Certificate, type Extension } from '../../core/index.js';
import type { BoundedMemory } from '../../core/bounded-memory.js';
import { freshestCrlUris } from '../../core/certificate/certificate-extensions.js';
import type { Crl } from '../../core/crl/crl.js';
import { distributionPointTexts } from '../../core/crl/crl-scope.js';
import { unlessMalformed } from '../../core/der/malformed.js';
import { shortened } from '../../core/shortened.js';
import { largestCrl, signedCrlFrom } from '../../source/crl-file.js';
import { downloadCrl } from '../../transport/download.js';
import type { HttpClient } from '../../transport/http-client.js';
import { isUnanswered } from '../../transport/unanswered.js';
import {
  createCrlMemory,
  estimatedOctets,
  keyOf,
  octetsOf,
  sightOf,
  unusable,
  type CrlCheck,
  type CrlHints,
  type CrlReport,
  type CrlSight,
  type CrlTimes,
} from '../crl-check.js';
import { judgeCrls } from '../crl-judge.js';

export interface CrlDownloadOptions {
  readonly client: HttpClient;
  /** For all downloads of one certificate together. */
  readonly timeoutMilliseconds: number;
  readonly connectTimeoutMilliseconds: number;
  /** What is kept of CRLs for the certificates that come later. */
  readonly memory?: BoundedMemory<Crl>;
}

/** Certificates name one or two places; a bound on what a hostile one can have downloaded. */
const maximumDownloads = 8;
/** What went wrong at so many places is kept. */
const maximumFailures = 10_000;
/** After this many downloads in a row that a host did not answer in time, no other is tried. */
const failuresInARow = 3;

const hints: CrlHints = {
  'no-crl': 'get the CRL from the CA and name it with --crl FILE',
  'crl-mismatch': 'tell the CA that its certificates name the CRL of another; to use a file of your own: --crl FILE',
  'malformed-crl': 'tell the CA that what its certificates name is not a CRL; to use a file of your own: --crl FILE',
  'malformed-pem': 'tell the CA that what its certificates name is not a CRL; to use a file of your own: --crl FILE',
  'crl-unsupported': 'name the complete CRL of the CA with --crl FILE',
  'crl-stale': 'tell the CA that its CRL is overdue; what it lists counts, but absence from it does not',
  'crl-not-yet-valid': 'check the clock of this machine (timedatectl), then that of the CA',
};

/**
 * A check against the CRLs that each certificate names (cRLDistributionPoints), one after the other until they say enough,
 * with the deltas that the certificate or such a CRL names (freshestCRL, RFC 5280 §5.2.6). A delta that is not available is
 * never ignored: the CA says that it has newer news than the complete CRL.
 */
export function checkByDownloadedCrls(options: CrlDownloadOptions, times: CrlTimes): CrlCheck {
  const crlAt = createDownloader(options);
  return {
    async lookUp(certificate, issuer) {
      const { serialNumber, crlUris } = certificate;
      const budget = startBudget(options.timeoutMilliseconds);
      const question = { certificate, times, hints };
      const found: Found[] = [];
      const look = async (uri: string, alternatives: number): Promise<void> => {
        const crl = await crlAt(uri, issuer, budget.take(alternatives));
        found.push({ sight: sightOf(uri, crl, serialNumber), deltas: freshestUrisOf(crl.extensions) });
      };
      const judge = (): CrlReport =>
        judgeCrls(
          found.map(({ sight }) => sight),
          question,
        ).report;

      const uris = crlUris.filter(isHttp).slice(0, maximumDownloads);
      const [first] = uris;
      if (first === undefined) return unusable(nothingToDownload(certificate), hints);
      let gravest: CrlReport = unusable(outOfTime(`CRL ${first}`), hints);
      for (const [index, uri] of uris.entries()) {
        if (budget.isSpent()) break;
        try {
          await look(uri, uris.length - index);
        } catch (error) {
          gravest = graver(gravest, unusable(error, hints));
          continue;
        }
        const report = judge();
        if (report.kind === 'revoked' && report.revocationReason !== 'certificateHold') return report;
        if (report.kind !== 'good' && report.kind !== 'revoked') {
          gravest = graver(gravest, report);
          continue;
        }
        for (const places of deltaPlaces(certificate, found)) {
          const failure = await lookAtFirst(places, look, budget);
          if (failure !== undefined) return report.kind === 'revoked' ? report : unusable(failure, hints);
        }
        return judge();
      }
      return gravest;
    },
    lookUpSerialNumber: () => unusable(new OcspError('no-crl', 'a serial number alone names no CRL'), hints),
    // Nobody named them.
    unused: () => [],
  };
}

/** A CRL that was downloaded, and where it says that its deltas are. */
interface Found {
  readonly sight: CrlSight;
  readonly deltas: readonly (readonly string[])[];
}

/** The places of deltas, each with its URIs that HTTP reaches, the same ones once. */
function deltaPlaces({ extensions }: Certificate, found: readonly Found[]): string[][] {
  const places = [...freshestUrisOf(extensions), ...found.flatMap(({ deltas }) => deltas)];
  const reachable = places.map((uris) => uris.filter(isHttp)).filter((uris) => uris.length > 0);
  return [...new Map(reachable.map((uris) => [uris.join('\n'), uris])).values()];
}

/** A malformed extension names none that can be downloaded. */
function freshestUrisOf(extensions: readonly Extension[]): string[][] {
  return unlessMalformed(() => freshestCrlUris(extensions)) ?? [];
}

/** Why there is nowhere to look, although the CRL of the certificate was asked for: an OcspError `no-crl`. */
function nothingToDownload(certificate: Certificate): OcspError {
  const places = unlessMalformed(() => distributionPointTexts(certificate)) ?? certificate.crlUris;
  const [first] = places;
  if (first === undefined) return new OcspError('no-crl', 'the certificate names no CRL (cRLDistributionPoints)');
  const more = places.length > 1 ? ` and ${places.length - 1} more` : '';
  const message = `the certificate names its CRL only as ${shortened(first)}${more}, which cannot be downloaded over HTTP`;
  return new OcspError('no-crl', message);
}

function outOfTime(what: string): OcspError {
  return new OcspError('timeout', `there was no time left for the ${what}`);
}

/** The first of these URIs of one delta that has it; else why it is not available. */
async function lookAtFirst(
  uris: readonly string[],
  look: (uri: string, alternatives: number) => Promise<void>,
  budget: DownloadBudget,
): Promise<unknown> {
  let failure: unknown = outOfTime(`delta CRL ${uris[0] ?? ''}`);
  for (const [index, uri] of uris.entries()) {
    if (budget.isSpent()) return failure;
    try {
      await look(uri, uris.length - index);
      return undefined;
    } catch (error) {
      failure = error;
    }
  }
  return failure;
}

/** So many downloads and so much time for one certificate. */
interface DownloadBudget {
  isSpent(): boolean;
  /** The time for one of so many that are still to be tried: one that says nothing must leave time for those after it. */
  take(alternatives: number): number;
}

function startBudget(milliseconds: number): DownloadBudget {
  const deadline = performance.now() + milliseconds;
  let left = maximumDownloads;
  return {
    isSpent: () => left === 0 || performance.now() >= deadline,
    take(alternatives) {
      left -= 1;
      return (deadline - performance.now()) / alternatives;
    },
  };
}

/** A CRL that was read says more than one that is not available. */
function graver(before: CrlReport, after: CrlReport): CrlReport {
  const isAboutCrl = (report: CrlReport): boolean =>
    report.kind === 'unusable' && report.trouble.kind === 'error' && report.trouble.errorKind === 'input';
  return isAboutCrl(before) && !isAboutCrl(after) ? before : after;
}

type Downloader = (uri: string, issuer: Certificate, milliseconds: number) => Promise<Crl>;

/** Downloads and verifies the CRL of an issuer at a place, and keeps few of them; what went wrong there is kept too. */
function createDownloader({
  client,
  connectTimeoutMilliseconds,
  memory: crls = createCrlMemory(),
}: CrlDownloadOptions): Downloader {
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
      const bytes = await download(uri, milliseconds);
      const crl = signedCrlFrom(bytes, uri, issuer, () => crls.makeRoom(estimatedOctets(bytes)));
      crls.set(key, crl, octetsOf(crl));
      return crl;
    } catch (error) {
      // A download that was cut off by a short limit may succeed next time.
      if (failures.size >= maximumFailures) failures.clear();
      if (!(error instanceof OcspError) || error.code !== 'timeout') failures.set(key, error);
      throw error;
    }
  };
}

function isHttp(uri: string): boolean {
  return /^https?:/i.test(uri);
}
