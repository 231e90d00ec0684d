import { randomBytes } from 'node:crypto';
import { usualFetchOptions } from '../../library/fetch.js';
import type { DoctorOptions } from '../../pipeline/doctor/examine-host.js';
import { queryCertificate } from '../../pipeline/query/query-certificate.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import { createHttpClient, type HttpClient } from '../../transport/http-client.js';
import { proxyFromEnvironment } from '../../transport/proxy.js';
import { createResponderGate } from '../../transport/responder-gate.js';
import type { Output } from '../output.js';
import { systemRoots } from '../verify/connection-place.js';
import type { DoctorFlags } from './doctor-flags.js';

export function clientFor(flags: Pick<DoctorFlags, 'allow-private'>, userAgent: string): HttpClient {
  return createHttpClient({
    allowPrivate: flags['allow-private'],
    allowAddresses: [],
    proxy: proxyFromEnvironment(process.env),
    userAgent,
  });
}

/** Requests to one responder at once. */
const perResponder = 8;

/** Asks the responder of a certificate as `query` does by default; nothing is stored. */
export function queryBy(
  client: HttpClient,
  signal: AbortSignal,
  { at, issuer }: Pick<DoctorFlags, 'at' | 'issuer'>,
  { warn }: Pick<Output, 'warn'>,
): NonNullable<DoctorOptions['query']> {
  const tools = {
    client,
    gate: createResponderGate({ concurrency: 2 * perResponder, perResponder }),
    issuers: createIssuerFinder(issuer, undefined, warn),
    downloadedIssuers: new Map<string, Promise<readonly Uint8Array[]>>(),
    signal,
    now: () => at ?? new Date(),
    randomBytes: (count: number) => randomBytes(count),
  };
  const options = { ...usualFetchOptions, retries: 1, anchors: [], untrusted: [], systemRoots };
  return (file) => queryCertificate({ file, known: { certificate: file.path } }, options, tools);
}
