import { OcspError } from '../../core/index.js';
import { verifyConnection } from '../../pipeline/verify/verify-connection.js';
import type { VerifyStapleOptions } from '../../pipeline/verify/verify-report.js';
import { verifyListed } from '../../pipeline/verify/verify-staple.js';
import type { CertificatePath } from '../../source/certificate-paths.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import type { ExitCode } from '../exit/exit-code.js';
import { catchInterrupts } from '../interrupt.js';
import type { Output } from '../output.js';
import { warnOfUnusedIssuers } from '../render/unused-issuers.js';
import { handshakeTimeoutMilliseconds, placeFrom, systemRoots } from './connection-place.js';
import { paged } from './run-verify.js';
import type { VerifyFlags } from './verify-flags.js';
import { tellOneByOne, tellerFor } from './verify-teller.js';

/** verify --connect: the certificates and staples that a server really sends, each with its report. */
export async function runVerifyConnection(
  paths: readonly CertificatePath[],
  flags: VerifyFlags,
  options: VerifyStapleOptions,
  output: Output,
  userAgent: string,
): Promise<ExitCode> {
  const place = placeFrom(flags.connect ?? '', flags);
  if (options.response !== undefined && paths.length !== 1) {
    const message = '--response belongs to one certificate';
    throw new OcspError('usage', message, 'name that certificate, or leave out --response');
  }
  const interrupt = catchInterrupts();
  const issuers = createIssuerFinder(flags.issuer, undefined, output.warn);
  const plain = flags.nagios ? tellerFor(paths.length, flags, options, output) : tellOneByOne(options, output);
  const teller = paged(plain, flags, options, output, userAgent);
  try {
    for (const listed of paths.length === 0 ? [undefined] : paths) {
      if (listed?.failure !== undefined) {
        teller.take(await verifyListed(listed, issuers, options));
        continue;
      }
      const connection = {
        ...options,
        place,
        timeoutMilliseconds: handshakeTimeoutMilliseconds,
        signal: interrupt.signal,
        systemRoots,
      };
      for (const report of await verifyConnection(listed?.path, issuers, connection)) teller.take(report);
    }
    warnOfUnusedIssuers(issuers, output);
  } catch (error) {
    if (interrupt.exitCode() === undefined || !(error instanceof OcspError)) throw error;
  } finally {
    interrupt.release();
  }
  return interrupt.exitCode() ?? (await teller.finish());
}
