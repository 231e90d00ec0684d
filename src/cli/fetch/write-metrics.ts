import type { Metrics } from '../../pipeline/metrics/metrics.js';
import { OcspError } from '../../core/index.js';
import type { OwnProcess } from '../../store/lock-holder.js';
import { replaceMetricsFile } from '../../store/metrics-file.js';
import { exitCodeOfErrorKind, exitCodes, type ExitCode } from '../exit/exit-code.js';
import type { Output } from '../output.js';

/**
 * Writes the metrics of a run that came to its end. Lost figures must not hide how the run went: they go stale, which an
 * alert sees, and are reported here.
 *
 * @returns the run's exit code; 9 where that was 0 and the file could not be written
 */
export async function writeMetricsFile(
  file: string,
  metrics: Metrics,
  end: { readonly exitCode: ExitCode; readonly now: Date; readonly ownProcess: OwnProcess },
  output: Output,
): Promise<ExitCode> {
  try {
    await replaceMetricsFile(file, metrics.finish(end), end.ownProcess);
    return end.exitCode;
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    output.say(error.message, output.stderr.red('metrics not written'));
    output.hint(error.hint);
    return end.exitCode === exitCodes.success ? exitCodeOfErrorKind(error.kind) : end.exitCode;
  }
}
