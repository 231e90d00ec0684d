import { OcspError } from '../../core/index.js';
import type { CrlCheck, CrlTimes } from '../../pipeline/crl-check.js';
import { checkByDownloadedCrls } from '../../pipeline/verify/crl-downloads.js';
import { checkByCrlFiles } from '../../pipeline/crl-files.js';
import { createHttpClient } from '../../transport/http-client.js';
import { proxyFromEnvironment, proxyFromFlag } from '../../transport/proxy.js';
import type { VerifyFlags } from './verify-flags.js';

const usualTimeoutMilliseconds = 30_000;
const connectTimeoutMilliseconds = 3000;

/** The CRL that `verify --crl` looks into, and the end of its connections. */
export interface CrlSetup {
  readonly check: CrlCheck;
  close(): void;
}

/** Throws OcspError: `usage` for flags that have nothing to do, and what reading the file can throw. */
export function crlSetupFrom(flags: VerifyFlags, times: CrlTimes, userAgent: string): CrlSetup {
  const { crl = [], timeout, proxy } = flags;
  // oclif's types know no flag of these kinds that is absent.
  const allowPrivate = flags['allow-private'] as boolean | undefined;
  const allowAddresses = flags['allow-address'] as readonly string[] | undefined;
  if (crl.includes('')) {
    throw new OcspError('usage', '--crl: the name of the file is empty', 'name the file of a CRL, or auto');
  }
  if (!crl.includes('auto')) {
    const idle = { timeout, proxy, 'allow-private': allowPrivate, 'allow-address': allowAddresses };
    const [name] = Object.entries(idle).find(([, value]) => value !== undefined) ?? [];
    if (name === undefined) return { check: checkByCrlFiles(crl, times), close: () => undefined };
    throw new OcspError('usage', `--${name} is for --crl auto: nothing is downloaded here`, 'leave one of them out');
  }
  if (crl.length > 1) {
    throw new OcspError('usage', '--crl auto cannot be combined with another --crl', 'leave one of them out');
  }
  const client = createHttpClient({
    allowPrivate: allowPrivate ?? false,
    allowAddresses: allowAddresses ?? [],
    proxy: proxy === undefined ? proxyFromEnvironment(process.env) : proxyFromFlag(proxy, process.env),
    userAgent,
  });
  const timeoutMilliseconds = timeout ?? usualTimeoutMilliseconds;
  const check = checkByDownloadedCrls({ client, timeoutMilliseconds, connectTimeoutMilliseconds }, times);
  return { check, close: () => client.close() };
}
