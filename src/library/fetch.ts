import { randomBytes } from 'node:crypto';
import { defaultRefreshPolicy } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';
import { definedOnly } from '../core/defined-only.js';
import { createIssuerFinder } from '../source/issuer-finder.js';
import type { CertificateList } from '../source/certificate-list.js';
import * as transport from '../transport/http-client.js';
import type { HttpClient, HttpClientOptions } from '../transport/http-client.js';
import { proxyFromEnvironment } from '../transport/proxy.js';
import { createResponderGate } from '../transport/responder-gate.js';
import type { FetchOptions, FetchTools } from '../pipeline/fetch/fetch-job.js';
import * as one from '../pipeline/fetch/fetch-staple.js';
import type { Outcome } from '../pipeline/fetch/outcome.js';
import * as many from '../pipeline/fleet/batch.js';
import type { BatchLimits, ListedOutcome } from '../pipeline/fleet/batch.js';
import { ownProcess } from './own-process.js';

/** What the flags of `fetch` come to where none is given. */
export const usualFetchOptions: FetchOptions = {
  force: false,
  refreshPolicy: defaultRefreshPolicy,
  hash: 'sha1',
  nonce: false,
  strict: false,
  method: 'post',
  headers: [],
  timeoutMilliseconds: 10_000,
  connectTimeoutMilliseconds: 3000,
  retries: 2,
  trustedResponders: [],
  acceptedStatuses: new Set(['good']),
  skewMilliseconds: 300_000,
  downloadIssuer: true,
  storeIssuer: true,
  dryRun: false,
};

const usualConcurrency = 32;

/**
 * Fetches the staple of one certificate where it is due: finds the issuer, judges what is on disk, asks the responders,
 * verifies (RFC 6960 §3.2), and only then replaces the file, which is `CERT.ocsp`.
 *
 * @param options what is to be otherwise than `restaple fetch` has it without flags
 * @param tools a client, a clock and so on of your own: to reach a responder in a private network, `createHttpClient({ allowPrivate: true })`
 * @returns the outcome; what goes wrong with this certificate is in it and never thrown
 * @throws OcspError `interrupted`, `usage`
 */
export async function fetchStaple(
  path: FilePath,
  options: Partial<FetchOptions> = {},
  tools: Partial<FetchTools> = {},
): Promise<Outcome> {
  const { complete, close } = completeTools(tools);
  try {
    return definedOutcome(await one.fetchStaple(path, withUsual(options), complete));
  } finally {
    close();
  }
}

/**
 * Fetches the staples of many certificates, as `listCertificates` lists them, and yields each outcome as it settles. First
 * every staple on disk is judged, without traffic; then those that are due are asked for, Must-Staple certificates before
 * the others. After an abort no further certificate is taken, and those that were interrupted yield nothing.
 *
 * @param options and `tools` as for `fetchStaple`; one set of tools serves all certificates
 * @param limits how many at a time; 32
 * @throws OcspError `usage` where a staple would replace a certificate, before anything is sent
 */
export async function* fetchStaples(
  list: CertificateList,
  options: Partial<FetchOptions> = {},
  tools: Partial<FetchTools> = {},
  limits: BatchLimits = { concurrency: usualConcurrency },
): AsyncGenerator<ListedOutcome> {
  const { complete, close } = completeTools(tools);
  try {
    for await (const settled of many.fetchStaples(list, withUsual(options), complete, limits)) {
      yield { ...settled, outcome: definedOutcome(settled.outcome) };
    }
  } finally {
    close();
  }
}

/**
 * An HTTP client under the address guard, which reaches public addresses only unless the options say otherwise, by the
 * proxy that the environment names. Throws OcspError `usage` for an `allowAddresses` entry that is not an address.
 */
export function createHttpClient(options: Partial<HttpClientOptions> = {}): HttpClient {
  const usual = { allowPrivate: false, allowAddresses: [], userAgent: 'restaple' };
  return transport.createHttpClient({ ...usual, proxy: proxyFromEnvironment(process.env), ...definedOnly(options) });
}

/** An optional field is there with a value, or not at all. The program itself saves the time that this takes. */
function definedOutcome(outcome: Outcome): Outcome {
  return definedOnly(outcome);
}

function withUsual(options: Partial<FetchOptions>): FetchOptions {
  return { ...usualFetchOptions, ...definedOnly(options) };
}

/** A client of ours is closed at the end; the caller's may serve again. */
function completeTools(tools: Partial<FetchTools>): { readonly complete: FetchTools; readonly close: () => void } {
  const client = tools.client ?? createHttpClient();
  const complete: FetchTools = {
    client,
    gate: createResponderGate({ concurrency: usualConcurrency, perResponder: 8 }),
    issuers: createIssuerFinder([]),
    downloadedIssuers: new Map(),
    ownProcess: ownProcess(),
    signal: new AbortController().signal,
    now: () => new Date(),
    randomBytes: (count) => randomBytes(count),
    ...definedOnly(tools),
  };
  return { complete, close: () => (tools.client === undefined ? client.close() : undefined) };
}
