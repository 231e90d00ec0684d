import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { OcspError } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { examineHost, type DoctorOptions } from '../../pipeline/doctor/examine-host.js';
import type { WantedServer } from '../../pipeline/doctor/find-servers.js';
import type { DoctorReport } from '../../pipeline/doctor/doctor-report.js';
import { ownProcess } from '../../library/own-process.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import { exitCodes, gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import { usualSkewMilliseconds } from '../fetch/fetch-setup.js';
import { catchInterrupts } from '../interrupt.js';
import type { Output } from '../output.js';
import { writeReport } from '../write-report.js';
import { certificatesOfRun } from './certificates-of-run.js';
import type { DoctorFlags } from './doctor-flags.js';
import { clientFor, queryBy } from './query-responders.js';
import { tellReportAsJson } from './report-records.js';
import { tellReport } from './report-lines.js';

/** Looks at this host, or at these servers of it, and tells. */
export async function runDoctor(
  wanted: readonly WantedServer[],
  flags: DoctorFlags,
  output: Output,
  userAgent: string,
): Promise<ExitCode> {
  const interrupt = catchInterrupts();
  const now = flags.at ?? new Date();
  const client = flags.query ? clientFor(flags, userAgent) : undefined;
  try {
    const query = client === undefined ? undefined : queryBy(client, interrupt.signal, flags, output);
    const report = await hostReport(wanted, { ...flags, query }, interrupt.signal, output);
    if (output.json) tellReportAsJson(report, output);
    else tellReport(report, output, now);
    const exitCode = exitCodeOf(report, flags.strict);
    if (flags.html === undefined) return exitCode;
    const { doctorPage } = await import('./doctor-page.js');
    const pieces = doctorPage(report, { host: hostname(), now, program: userAgent.replace('/', ' ') });
    return await writeReport({ path: flags.html, kind: 'page', pieces }, ownProcess(), exitCode, output);
  } catch (error) {
    const stopped = interrupt.exitCode();
    if (stopped === undefined || !(error instanceof OcspError)) throw error;
    return stopped;
  } finally {
    client?.close();
    interrupt.release();
  }
}

/** What doctor finds by these flags. Throws OcspError `interrupted`. */
export async function hostReport(
  wanted: readonly WantedServer[],
  flags: Pick<DoctorFlags, 'at' | 'issuer' | 'handshake-timeout'> & {
    readonly 'ask-servers'?: boolean;
    readonly query?: DoctorOptions['query'] | undefined;
  },
  signal: AbortSignal,
  output: Pick<Output, 'warn'>,
): Promise<DoctorReport> {
  return await examineHost({
    wanted,
    discovery: definedOnly({
      limits: { timeoutMilliseconds: flags['handshake-timeout'], signal },
      isRoot: process.geteuid?.() === 0,
      environment: process.env,
      randomBytes: (count: number) => randomBytes(count),
      // Where there are no user ids nobody is root.
      printing: flags['ask-servers'] === true ? { effectiveUserId: process.geteuid?.() ?? -1 } : undefined,
    }),
    issuers: createIssuerFinder(flags.issuer, undefined, output.warn),
    certificatesOfRun,
    ...definedOnly({ query: flags.query }),
    now: flags.at ?? new Date(),
    skewMilliseconds: usualSkewMilliseconds,
  });
}

function exitCodeOf({ certificates, remarks }: DoctorReport, isStrict: boolean): ExitCode {
  const isUnrefreshed = certificates.some(({ findings }) => findings.some(({ code }) => code === 'nobody-refreshes'));
  return gravestExitCode([
    ...certificates.map(({ gravity }) => exitCodes[gravity]),
    ...remarks.map(({ code }) => (code === 'unreadable' ? exitCodes.inputUnusable : exitCodes.success)),
    isStrict && isUnrefreshed ? exitCodes.outsideValidity : exitCodes.success,
  ]);
}
