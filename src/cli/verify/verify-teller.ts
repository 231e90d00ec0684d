import { OcspError } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import type { VerifyReport, VerifyStapleOptions } from '../../pipeline/verify/verify-report.js';
import type { Trouble } from '../../pipeline/trouble.js';
import { exitCodeOfTrouble, exitCodeOfVerdict } from '../exit/exit-code-of.js';
import { exitCodes, gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import { fleetMember, type FleetMember } from './fleet.js';
import { fleetTable } from './fleet-table.js';
import { checkFleet, failedCheck, type PluginLimits } from './nagios.js';
import type { Output } from '../output.js';
import { errorRecord, sayTrouble } from '../render/trouble.js';
import { printReport, reportRecord, sayReportTrouble } from './verdict-lines.js';
import type { VerifyFlags } from './verify-flags.js';

/** Takes the reports of a verification as they come, and tells them in its own way. */
export interface VerifyTeller {
  take(report: VerifyReport): void;
  /** A CRL that was named for none of the certificates. */
  takeUnused(trouble: Trouble): void;
  /** The exit code of the run. */
  finish(): ExitCode;
}

/**
 * The way in which `verify` tells of so many certificates: to a monitoring system, as a table where several are shown on
 * a terminal, else one after the other. Throws OcspError `usage`.
 */
export function tellerFor(
  count: number,
  flags: VerifyFlags,
  options: VerifyStapleOptions,
  output: Output,
): VerifyTeller {
  const { now, lint } = options;
  if (flags.nagios) return checkTeller(pluginLimits(flags, now), output);
  const width = output.stdoutColumns;
  // A table has no room for findings.
  const isPlain = width === undefined || count < 2 || output.json || output.isVerbose || lint !== undefined;
  if (isPlain) return plainTeller(options, output);
  return tableTeller(now, width, output);
}

function plainTeller(options: VerifyStapleOptions, output: Output): VerifyTeller {
  const codes: ExitCode[] = [];
  return {
    take: (report) => {
      if (output.json) output.record(reportRecord(report, options.now));
      else printReport(output, report, options);
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

/** The table is data and stands whole before the troubles, which end where the eye is. */
function tableTeller(now: Date, width: number, output: Output): VerifyTeller {
  const codes: ExitCode[] = [];
  const members: FleetMember[] = [];
  const troubled: VerifyReport[] = [];
  const unused: Trouble[] = [];
  return {
    take: (report) => {
      codes.push(exitCodeOfReport(report));
      members.push(fleetMember(report));
      const isTold =
        report.crl?.kind !== 'revoked' && (report.trouble !== undefined || report.crl?.kind === 'unusable');
      if (isTold) troubled.push(report);
    },
    takeUnused: (trouble) => {
      codes.push(exitCodeOfTrouble(trouble));
      unused.push(trouble);
    },
    finish: () => {
      for (const line of fleetTable(members, { now, width, paint: output.stdout })) output.data(line);
      for (const { path, objection } of members) {
        if (objection !== undefined) output.say(`${shownPath(path)}: ${objection}`);
      }
      for (const report of troubled) sayReportTrouble(output, report);
      for (const trouble of unused) sayTrouble(output, '', trouble);
      return gravestExitCode(codes);
    },
  };
}

function checkTeller(limits: PluginLimits, output: Output): VerifyTeller {
  const members: FleetMember[] = [];
  const unused: Trouble[] = [];
  return {
    take: (report) => void members.push(fleetMember(report)),
    takeUnused: (trouble) => void unused.push(trouble),
    finish: () => {
      const result =
        members.length > 0
          ? checkFleet(members, limits, unused)
          : failedCheck('no certificate was found to check', 'name certificates, or a folder that holds some');
      for (const line of result.lines) output.data(line);
      return result.exitCode;
    },
  };
}

const hour = 3_600_000;

function pluginLimits({ warn, critical }: VerifyFlags, now: Date): PluginLimits {
  const limits = { now, warnMilliseconds: warn ?? 24 * hour, criticalMilliseconds: critical ?? 6 * hour };
  if (limits.criticalMilliseconds <= limits.warnMilliseconds) return limits;
  const message = '--critical is longer than --warn, so that no staple could ever be a warning';
  throw new OcspError('usage', message, 'give --warn the longer time, for example --warn 24h --critical 6h');
}

function exitCodeOfReport(report: VerifyReport): ExitCode {
  return gravestExitCode([exitCodeOfResponse(report), exitCodeOfCrl(report)]);
}

function exitCodeOfCrl({ crl }: VerifyReport): ExitCode {
  if (crl?.kind === 'revoked') return exitCodes.revoked;
  return crl?.kind === 'unusable' ? exitCodeOfTrouble(crl.trouble) : exitCodes.success;
}

function exitCodeOfResponse({ noResponder, verdict, trouble }: VerifyReport): ExitCode {
  if (noResponder) return exitCodes.success;
  if (verdict !== undefined) return exitCodeOfVerdict(verdict);
  return trouble === undefined ? exitCodes.success : exitCodeOfTrouble(trouble);
}
