import { rootCertificates } from 'node:tls';
import { domainToASCII } from 'node:url';
import { OcspError, decodeCertificate, decodePem, type Certificate } from '../../core/index.js';
import { unlessOcspError } from '../../core/ocsp-error.js';
import { verifyConnection } from '../../pipeline/verify/verify-connection.js';
import type { ConnectionPlace, VerifyStapleOptions } from '../../pipeline/verify/verify-report.js';
import { verifyListed } from '../../pipeline/verify/verify-staple.js';
import type { CertificatePath } from '../../source/certificate-paths.js';
import { parseHostAndPort } from '../../system/host-and-port.js';
import { readRegularFile } from '../../system/read-file.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import type { ExitCode } from '../exit/exit-code.js';
import { catchInterrupts } from '../interrupt.js';
import type { Output } from '../output.js';
import { warnOfUnusedIssuers } from '../render/unused-issuers.js';
import type { VerifyFlags } from './verify-flags.js';
import { tellOneByOne, tellerFor } from './verify-teller.js';
import { definedOnly } from '../../core/defined-only.js';

const timeoutMilliseconds = 10_000;

/** verify --connect: the certificates and staples that a server really sends, each with its report. */
export async function runVerifyConnection(
  paths: readonly CertificatePath[],
  flags: VerifyFlags,
  options: VerifyStapleOptions,
  output: Output,
): Promise<ExitCode> {
  const place = placeFrom(flags);
  if (options.response !== undefined && paths.length !== 1) {
    const message = '--response belongs to one certificate';
    throw new OcspError('usage', message, 'name that certificate, or leave out --response');
  }
  const interrupt = catchInterrupts();
  const issuers = createIssuerFinder(flags.issuer, undefined, output.warn);
  const teller = flags.nagios ? tellerFor(paths.length, flags, options, output) : tellOneByOne(options, output);
  try {
    for (const listed of paths.length === 0 ? [undefined] : paths) {
      if (listed?.failure !== undefined) {
        teller.take(await verifyListed(listed, issuers, options));
        continue;
      }
      const connection = { ...options, place, timeoutMilliseconds, signal: interrupt.signal, systemRoots };
      for (const report of await verifyConnection(listed?.path, issuers, connection)) teller.take(report);
    }
    warnOfUnusedIssuers(issuers, output);
  } catch (error) {
    if (interrupt.exitCode() === undefined || !(error instanceof OcspError)) throw error;
  } finally {
    interrupt.release();
  }
  return interrupt.exitCode() ?? teller.finish();
}

function placeFrom(flags: VerifyFlags): ConnectionPlace {
  const { connect = '', servername, starttls } = flags;
  const address = parseHostAndPort(connect, 443);
  if (address === undefined) {
    throw new OcspError(
      'usage',
      `--connect: "${connect}" is not a HOST:PORT`,
      'write it like 127.0.0.1:443 or [::1]:853',
    );
  }
  return definedOnly({ ...address, serverName: asciiName(servername), starttls });
}

/** A name in its ASCII form (RFC 5891 §4), as servers and certificates have it. */
function asciiName(name: string | undefined): string | undefined {
  if (name === undefined || /^[!-~]*$/.test(name)) return name;
  const ascii = domainToASCII(name);
  if (ascii !== '') return ascii;
  throw new OcspError('usage', `--servername: "${name}" is not a host name`, 'write it like www.example');
}

/** Debian's bundle, which an administrator can add to; elsewhere the roots that Node brings. */
function systemRoots(): readonly Certificate[] {
  const files = [...readSystemBundle(), ...rootCertificates.map((pem) => Buffer.from(pem))];
  const blocks = files.flatMap((pem) => decodePem(pem));
  // One root that cannot be decoded must not hide the others.
  return blocks.flatMap(({ der }) => unlessOcspError(() => [decodeCertificate(der)]) ?? []);
}

function readSystemBundle(): Uint8Array[] {
  try {
    const { bytes } = readRegularFile('/etc/ssl/certs/ca-certificates.crt', { limit: 16 * 1024 * 1024 });
    return bytes === undefined ? [] : [bytes];
  } catch {
    return [];
  }
}
