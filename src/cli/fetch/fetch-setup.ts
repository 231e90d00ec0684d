import { randomBytes } from 'node:crypto';
import { defaultRefreshPolicy, type Certificate } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import type { FetchOptions, FetchTools } from '../../pipeline/fetch/fetch-job.js';
import type { ResponderOverride } from '../../pipeline/fetch/responder-override.js';
import { readCertificateFile, type CertificateFile } from '../../source/certificate-file.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import { ownProcess } from '../../library/own-process.js';
import type { HttpClient, HttpClientOptions } from '../../transport/http-client.js';
import { createResponderGate } from '../../transport/responder-gate.js';
import { proxyFromEnvironment, proxyFromFlag, type ProxySettings } from '../../transport/proxy.js';
import { assertHeaderLines } from '../../transport/request-headers.js';
import type { Output } from '../output.js';
import { requestSignerFrom } from './request-signer.js';
import { checkUrl, type AskingFlags } from '../flags/asking-flags.js';
import { acceptedStatuses, type FetchFlags } from './fetch-flags.js';
import { definedOnly } from '../../core/defined-only.js';
import { isStdout } from '../config/file-folder.js';

/** How far the responder's clock may differ from ours before a response counts as not yet valid. */
export const usualSkewMilliseconds = 300_000;

/** The fetch that the flags describe. Throws OcspError for flags that contradict each other or files that cannot be read. */
export async function fetchOptionsFrom(
  flags: FetchFlags,
  responders: readonly ResponderOverride[],
  { warn }: Pick<Output, 'warn'>,
): Promise<FetchOptions> {
  if (flags.url !== undefined) checkUrl(flags.url);
  assertHeaderLines(flags.header);
  return definedOnly({
    out: isStdout(flags.out) ? undefined : flags.out,
    withoutFile: isStdout(flags.out) ? true : undefined,
    url: flags.url,
    alertBeforeMilliseconds: flags['alert-before'],
    responders,
    reload: flags.reload,
    force: flags.force,
    refreshPolicy: flags['refresh-at'] ?? defaultRefreshPolicy,
    hash: flags.hash,
    nonce: flags.nonce,
    strict: flags.strict,
    method: flags.method,
    headers: flags.header,
    requestSigner: await requestSignerFrom(
      { certificate: flags['sign-with'], key: flags['sign-key'], passphrase: flags['passphrase-file'] },
      warn,
    ),
    timeoutMilliseconds: flags.timeout,
    connectTimeoutMilliseconds: flags['connect-timeout'],
    retries: flags.retries,
    trustedResponders: await readCertificates(flags['trusted-responder'], warn),
    acceptedStatuses: acceptedStatuses(flags['accept-status']),
    skewMilliseconds: usualSkewMilliseconds,
    downloadIssuer: flags['fetch-issuer'],
    storeIssuer: flags['store-issuer'],
    dryRun: flags['dry-run'] || isStdout(flags.out),
  });
}

/** The certificate that counts of each file. */
export async function readCertificates(paths: readonly string[], warn: Output['warn']): Promise<Certificate[]> {
  const files = await readNamedFiles(paths, warn);
  return files.map((file) => file.certificate);
}

/** Files that flags name, read; `warn` is told what the reader should hear about them. */
async function readNamedFiles(paths: readonly string[], warn: Output['warn']): Promise<CertificateFile[]> {
  const files = await Promise.all(paths.map((path) => readCertificateFile(path)));
  for (const { path, warnings } of files) for (const warning of warnings) warn(`${shownPath(path)}: ${warning}`);
  return files;
}

/** The rules of the HTTP client for these flags and this environment. */
export function httpClientOptionsFrom(flags: AskingFlags, userAgent: string): HttpClientOptions {
  return definedOnly({
    family: familyFrom(flags),
    allowPrivate: flags['allow-private'],
    allowAddresses: flags['allow-address'],
    proxy: proxyFrom(flags),
    userAgent,
  });
}

export function proxyFrom(flags: Pick<AskingFlags, 'proxy'>): ProxySettings {
  return flags.proxy === undefined ? proxyFromEnvironment(process.env) : proxyFromFlag(flags.proxy, process.env);
}

export function familyFrom(flags: Pick<AskingFlags, 'ipv4-only' | 'ipv6-only'>): 4 | 6 | undefined {
  if (flags['ipv4-only']) return 4;
  return flags['ipv6-only'] ? 6 : undefined;
}

/** What a run of fetches works with. */
export function fetchToolsFrom(
  flags: FetchFlags,
  client: HttpClient,
  signal: AbortSignal,
  { warn }: Pick<Output, 'warn'>,
): FetchTools {
  const { at, concurrency, 'per-responder': perResponder, rate: perSecond } = flags;
  return {
    client,
    gate: createResponderGate(definedOnly({ concurrency, perResponder, perSecond })),
    issuers: createIssuerFinder(flags.issuer, undefined, warn),
    downloadedIssuers: new Map(),
    ownProcess: ownProcess(),
    signal,
    now: () => at ?? new Date(),
    randomBytes: (count) => randomBytes(count),
  };
}
