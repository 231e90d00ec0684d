import { rootCertificates } from 'node:tls';
import { OcspError, decodeCertificate, decodePem, type Certificate } from '../../core/index.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import {
  verifyConnection,
  type ConnectionPlace,
  type ConnectionReport,
} from '../../pipeline/verify/verify-connection.js';
import type { VerifyStapleOptions } from '../../pipeline/verify/verify-report.js';
import { parseHostAndPort } from '../../system/host-and-port.js';
import { readRegularFile } from '../../system/read-file.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import { exitCodeOfTrouble, exitCodeOfVerdict } from '../exit/exit-code-of.js';
import { exitCodes, gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import { catchInterrupts } from '../interrupt.js';
import type { Output } from '../output.js';
import { errorRecord } from '../render/trouble.js';
import { printReport, reportRecord } from './verdict-lines.js';
import type { VerifyFlags } from './verify-flags.js';
import { definedOnly } from '../../core/defined-only.js';

const timeoutMilliseconds = 10_000;

/** verify --connect: the certificates and staples that a server really sends, each with its report. */
export async function runVerifyConnection(
  paths: readonly FilePath[],
  flags: VerifyFlags,
  options: VerifyStapleOptions,
  output: Output,
): Promise<ExitCode> {
  const place = placeFrom(flags);
  if (options.response !== undefined && paths.length !== 1) {
    throw new OcspError(
      'usage',
      '--response belongs to one certificate',
      'name that certificate, or leave out --response',
    );
  }
  const interrupt = catchInterrupts();
  const issuers = createIssuerFinder(flags.issuer);
  const codes: ExitCode[] = [];
  try {
    for (const path of paths.length === 0 ? [undefined] : paths) {
      const connection = { ...options, place, timeoutMilliseconds, signal: interrupt.signal, systemRoots };
      for (const report of await verifyConnection(path, issuers, connection)) codes.push(tell(report, options, output));
    }
  } catch (error) {
    if (interrupt.exitCode() === undefined || !(error instanceof OcspError)) throw error;
  } finally {
    interrupt.release();
  }
  return interrupt.exitCode() ?? gravestExitCode(codes);
}

function placeFrom(flags: VerifyFlags): ConnectionPlace {
  const { connect = '', servername: serverName, starttls } = flags;
  const address = parseHostAndPort(connect, 443);
  if (address === undefined) {
    throw new OcspError('usage', `--connect: "${connect}" is no HOST:PORT`, 'write it like 127.0.0.1:443 or [::1]:853');
  }
  return definedOnly({
    ...address,
    serverName,
    starttls,
  });
}

/** Debian's bundle, which an administrator can add to; elsewhere the roots that Node brings. */
function systemRoots(): readonly Certificate[] {
  const blocks = [...readSystemBundle(), ...rootCertificates.map((pem) => Buffer.from(pem))].flatMap((pem) =>
    decodePem(pem),
  );
  return blocks.flatMap(({ der }) => {
    try {
      return [decodeCertificate(der)];
    } catch {
      // One root that cannot be decoded must not hide the others.
      return [];
    }
  });
}

function readSystemBundle(): Uint8Array[] {
  try {
    const { bytes } = readRegularFile('/etc/ssl/certs/ca-certificates.crt', { limit: 16 * 1024 * 1024 });
    return bytes === undefined ? [] : [bytes];
  } catch {
    return [];
  }
}

function tell(report: ConnectionReport, options: VerifyStapleOptions, output: Output): ExitCode {
  const { certificate, place, sent, verdict, fault, noResponder, trouble } = report;
  const where = `${place.host}:${place.port}`;
  const plain = definedOnly({
    certificate,
    verdict,
    trouble,
    noResponder,
  });
  if (output.json) {
    output.record(
      definedOnly({
        certificate: certificate === undefined ? undefined : shownPath(certificate),
        connection: { host: place.host, port: place.port, ...sent },
        ...reportRecord(plain, options.now),
        ...(fault === undefined ? {} : { error: errorRecord(fault) }),
      }),
    );
  } else {
    printReport(output, { ...plain, certificate: certificate ?? where }, options);
  }
  if (fault !== undefined) {
    output.say(`${where}: ${fault.message}`);
    output.hint(fault.hint);
  }
  const codes: ExitCode[] = [fault === undefined ? exitCodes.success : exitCodes.reloadFailed];
  if (verdict !== undefined) codes.push(exitCodeOfVerdict(verdict));
  else if (trouble !== undefined && !noResponder) codes.push(exitCodeOfTrouble(trouble));
  return gravestExitCode(codes);
}
