import { randomBytes } from 'node:crypto';
import { defaultRefreshPolicy, type Certificate } from '../../core/index.js';
import type { FetchOptions, FetchTools } from '../../pipeline/fetch/fetch-job.js';
import type { ResponderOverride } from '../../pipeline/fetch/responder-override.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import { ownProcess } from '../own-process.js';
import type { HttpClient, HttpClientOptions } from '../../transport/http-client.js';
import { createResponderGate } from '../../transport/responder-gate.js';
import { proxyFromEnvironment, proxyFromFlag, type ProxySettings } from '../../transport/proxy.js';
import { acceptedStatuses, checkUrl, type FetchFlags } from './fetch-flags.js';
import { definedOnly } from '../../core/defined-only.js';

/** How far the responder's clock may differ from ours before a response counts as not yet valid. */
export const usualSkewMilliseconds = 300_000;

/** The fetch that the flags describe. Throws OcspError for flags that contradict each other or files that cannot be read. */
export async function fetchOptionsFrom(
  flags: FetchFlags,
  responders: readonly ResponderOverride[] = [],
): Promise<FetchOptions> {
  if (flags.url !== undefined) checkUrl(flags.url);
  return definedOnly({
    out: flags.out,
    url: flags.url,
    alertBeforeMilliseconds: flags['alert-before'],
    responders,
    force: flags.force,
    refreshPolicy: flags['refresh-at'] ?? defaultRefreshPolicy,
    hash: flags.hash,
    nonce: flags.nonce,
    strict: flags.strict,
    method: flags.method,
    headers: flags.header,
    timeoutMilliseconds: flags.timeout,
    connectTimeoutMilliseconds: flags['connect-timeout'],
    retries: flags.retries,
    trustedResponders: await readCertificates(flags['trusted-responder']),
    acceptedStatuses: acceptedStatuses(flags['accept-status']),
    skewMilliseconds: usualSkewMilliseconds,
    downloadIssuer: flags['fetch-issuer'],
    storeIssuer: flags['store-issuer'],
    dryRun: flags['dry-run'],
  });
}

/** The certificate that counts of each file. */
export async function readCertificates(paths: readonly string[]): Promise<Certificate[]> {
  const files = await Promise.all(paths.map((path) => readCertificateFile(path)));
  return files.map((file) => file.certificate);
}

/** The rules of the HTTP client for these flags and this environment. */
export function httpClientOptionsFrom(flags: FetchFlags, userAgent: string): HttpClientOptions {
  return definedOnly({
    family: familyFrom(flags),
    allowPrivate: flags['allow-private'],
    allowAddresses: flags['allow-address'],
    proxy: proxyFrom(flags),
    userAgent,
  });
}

export function proxyFrom(flags: FetchFlags): ProxySettings {
  return flags.proxy === undefined ? proxyFromEnvironment(process.env) : proxyFromFlag(flags.proxy, process.env);
}

export function familyFrom(flags: FetchFlags): 4 | 6 | undefined {
  if (flags['ipv4-only']) return 4;
  return flags['ipv6-only'] ? 6 : undefined;
}

/** What a run of fetches works with. */
export function fetchToolsFrom(flags: FetchFlags, client: HttpClient, signal: AbortSignal): FetchTools {
  const { at, concurrency, 'per-responder': perResponder, rate: perSecond } = flags;
  return {
    client,
    gate: createResponderGate(definedOnly({ concurrency, perResponder, perSecond })),
    issuers: createIssuerFinder(flags.issuer),
    downloadedIssuers: new Map(),
    ownProcess: ownProcess(),
    signal,
    now: () => at ?? new Date(),
    randomBytes: (count) => randomBytes(count),
  };
}
