import { OcspError } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import { lifeFindings } from '../../pipeline/certificate-life.js';
import type { VerifyReport } from '../../pipeline/verify/verify-report.js';
import type { Trouble } from '../../pipeline/trouble.js';
import { exitCodeOfReport, exitCodeOfTrouble } from '../exit/exit-code-of.js';
import { gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import { ownProcess } from '../../library/own-process.js';
import { writeReport } from '../write-report.js';
import { fleetMember, inOneLine, type FleetMember } from './fleet.js';
import { fleetTable } from './fleet-table.js';
import { checkFleet, failedCheck, ofStaples, type PluginLimits, type PluginSubject } from './nagios.js';
import type { Output } from '../output.js';
import { errorRecord, sayTrouble } from '../render/trouble.js';
import { sayReportTrouble, sayWarnings, tellReport, type ReadingOptions } from './verdict-lines.js';
import type { MonitoringFlags } from './verify-flags.js';

/** Takes the reports of a verification as they come, and tells them in its own way. */
export interface VerifyTeller<Ending = ExitCode> {
  take(report: VerifyReport): void;
  /** A CRL that was named for none of the certificates. */
  takeUnused(trouble: Trouble): void;
  /** The exit code of the run. */
  finish(): Ending;
}

/**
 * The way in which `verify` tells of so many certificates: to a monitoring system, as a table where several are shown on
 * a terminal, else one after the other. Throws OcspError `usage`.
 */
export function tellerFor(
  count: number,
  flags: MonitoringFlags,
  options: ReadingOptions,
  output: Output,
  subject: PluginSubject = ofStaples,
): VerifyTeller {
  const { now, lint } = options;
  if (flags.nagios) {
    const limits = pluginLimits(flags, subject, now);
    return tellAtTheEnd(output, (fleet) => tellCheck(fleet, limits, output));
  }
  const width = output.stdoutColumns;
  // A table has no room for findings.
  const isPlain = width === undefined || count < 2 || output.json || output.isVerbose || lint !== undefined;
  return isPlain
    ? tellOneByOne(options, output)
    : tellAtTheEnd(output, (fleet) => tellTable(fleet, now, width, output));
}

export function tellOneByOne(options: ReadingOptions, output: Output): VerifyTeller {
  const codes: ExitCode[] = [];
  return {
    take: (report) => {
      tellReport(output, report, options);
      codes.push(exitCodeOfReport(report));
    },
    takeUnused: (trouble) => {
      if (output.json) output.record({ error: errorRecord(trouble) });
      else sayTrouble(output, '', trouble);
      codes.push(exitCodeOfTrouble(trouble));
    },
    finish: () => gravestExitCode(codes),
  };
}

/** Where the page of --html goes, and what it says of itself. */
export interface PageOrder {
  readonly file: string;
  readonly now: Date;
  /** Who wrote it: `restaple` and its version. */
  readonly program: string;
  readonly server?: string;
}

/** The same, with a page of all that was told, written at the end. */
export function withPage(
  teller: VerifyTeller,
  { file, ...about }: PageOrder,
  output: Output,
): VerifyTeller<Promise<ExitCode>> {
  const members: FleetMember[] = [];
  const problems: string[] = [];
  return {
    take: (report) => {
      members.push(fleetMember(report, output.ownHint));
      teller.take(report);
    },
    takeUnused: (trouble) => {
      problems.push(inOneLine({ ...trouble, hint: output.ownHint(trouble.hint) }));
      teller.takeUnused(trouble);
    },
    finish: async () => {
      const exitCode = teller.finish();
      const { fleetPage } = await import('./fleet-page.js');
      const pieces = fleetPage({ members, problems, ...about });
      return await writeReport({ path: file, kind: 'page', pieces }, ownProcess(), exitCode, output);
    },
  };
}

/** What is kept of a fleet until all of it was looked at. */
interface Fleet {
  readonly members: FleetMember[];
  readonly troubled: VerifyReport[];
  readonly warned: VerifyReport[];
  readonly unused: Trouble[];
  readonly codes: ExitCode[];
}

function tellAtTheEnd({ ownHint }: Output, tell: (fleet: Fleet) => ExitCode): VerifyTeller {
  const fleet: Fleet = { members: [], troubled: [], warned: [], unused: [], codes: [] };
  return {
    take: (report) => {
      const { trouble, crl, warnings } = report;
      if (warnings !== undefined) fleet.warned.push(report);
      fleet.members.push(fleetMember(report, ownHint));
      if (crl?.kind === 'unusable' || (trouble !== undefined && crl?.kind !== 'revoked')) fleet.troubled.push(report);
      fleet.codes.push(exitCodeOfReport(report));
    },
    takeUnused: (trouble) => {
      fleet.unused.push({ ...trouble, hint: ownHint(trouble.hint) });
      fleet.codes.push(exitCodeOfTrouble(trouble));
    },
    finish: () => tell(fleet),
  };
}

/** The table is data and stands whole before the troubles, which end where the eye is. */
function tellTable(
  { members, troubled, warned, unused, codes }: Fleet,
  now: Date,
  width: number,
  output: Output,
): ExitCode {
  for (const line of fleetTable(members, { now, width, paint: output.stdout })) output.report(line);
  for (const { path, objection, life } of members) {
    if (objection !== undefined) output.say(`${shownPath(path)}: ${objection}`);
    for (const { message } of life === undefined ? [] : lifeFindings(life, now))
      output.warn(`${shownPath(path)}: ${message}`);
  }
  for (const report of warned) sayWarnings(output, report);
  for (const report of troubled) sayReportTrouble(output, report);
  for (const trouble of unused) sayTrouble(output, '', trouble);
  return gravestExitCode(codes);
}

function tellCheck({ members, unused }: Fleet, limits: PluginLimits, output: Output): ExitCode {
  const result =
    members.length > 0
      ? checkFleet(members, limits, unused)
      : failedCheck('no certificate was found to check', 'name certificates, or a folder that holds some');
  for (const line of result.lines) output.data(line);
  return result.exitCode;
}

const hour = 3_600_000;

function pluginLimits(flags: MonitoringFlags, subject: PluginSubject, now: Date): PluginLimits {
  const { warn = 24 * hour, critical = 6 * hour, 'certificate-warn': certificateWarn = 21 * 24 * hour } = flags;
  const { 'certificate-critical': certificateCritical = Math.min(7 * 24 * hour, certificateWarn) } = flags;
  requireOrder(warn, critical, { what: 'staple', prefix: '', example: '--warn 24h --critical 6h' });
  requireOrder(certificateWarn, certificateCritical, {
    what: 'certificate',
    prefix: 'certificate-',
    example: '--certificate-warn 21d --certificate-critical 7d',
  });
  const ofStaple = { warnMilliseconds: warn, criticalMilliseconds: critical };
  return {
    now,
    subject,
    ...ofStaple,
    ofCertificate: { warnMilliseconds: certificateWarn, criticalMilliseconds: certificateCritical },
  };
}

function requireOrder(
  warn: number,
  critical: number,
  { what, prefix, example }: Readonly<Record<'what' | 'prefix' | 'example', string>>,
): void {
  if (critical <= warn) return;
  const message = `--${prefix}critical is longer than --${prefix}warn, so no ${what} could ever be a warning`;
  throw new OcspError('usage', message, `give --${prefix}warn the longer time, for example ${example}`);
}
