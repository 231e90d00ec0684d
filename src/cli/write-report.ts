import { OcspError } from '../core/index.js';
import type { OwnProcess } from '../store/lock-holder.js';
import { replaceReport, type Report } from '../store/report-file.js';
import { exitCodeOfErrorKind, exitCodes, type ExitCode } from './exit/exit-code.js';
import type { Output } from './output.js';

/**
 * Writes a report of a run that came to its end. A lost report must not hide how the run went: it goes stale, which an
 * alert or its reader sees, and is reported here.
 *
 * @returns the run's exit code; 9 where that was 0 and the file could not be written
 */
export async function writeReport(
  report: Report,
  ownProcess: OwnProcess,
  exitCode: ExitCode,
  output: Output,
): Promise<ExitCode> {
  try {
    await replaceReport(report, ownProcess);
    return exitCode;
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    output.say(error.message, output.stderr.red(`${report.kind} not written:`));
    output.hint(error.hint);
    return exitCode === exitCodes.success ? exitCodeOfErrorKind(error.kind) : exitCode;
  }
}
