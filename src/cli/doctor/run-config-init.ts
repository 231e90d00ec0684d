import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { OcspError } from '../../core/index.js';
import type { WantedServer } from '../../pipeline/doctor/find-servers.js';
import { systemErrorCode, systemErrorText } from '../../system/system-error.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import { catchInterrupts } from '../interrupt.js';
import type { Output } from '../output.js';
import type { DoctorFlags } from './doctor-flags.js';
import { initialConfiguration } from './initial-configuration.js';
import { hostReport } from './run-doctor.js';

/**
 * Writes a configuration for what doctor finds, to stdout or into a new file.
 *
 * @throws OcspError `overwrite-refused`, `output-unwritable`
 */
export async function runConfigInit(
  wanted: readonly WantedServer[],
  flags: Pick<DoctorFlags, 'issuer' | 'ask-servers' | 'handshake-timeout'> & { readonly out: string | undefined },
  output: Output,
): Promise<ExitCode> {
  const interrupt = catchInterrupts();
  try {
    const report = await hostReport(wanted, { ...flags, at: undefined, query: undefined }, interrupt.signal, output);
    const text = initialConfiguration(report);
    if (flags.out === undefined) output.bytes(Buffer.from(text));
    else {
      writeNew(flags.out, text);
      output.mention(`wrote ${flags.out}; check it with: restaple config check --config ${flags.out}`);
    }
    for (const { message } of report.remarks) output.warn(message);
    return report.remarks.some(({ code }) => code === 'unreadable') ? exitCodes.inputUnusable : exitCodes.success;
  } catch (error) {
    const stopped = interrupt.exitCode();
    if (stopped === undefined || !(error instanceof OcspError)) throw error;
    return stopped;
  } finally {
    interrupt.release();
  }
}

/** Only where nothing of this name is there, not even a link. */
function writeNew(file: string, text: string): void {
  let created: number | undefined;
  try {
    created = openSync(file, 'wx', 0o644);
    writeFileSync(created, text);
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') {
      const hint = 'name another file with --out, and take over from it what is missing';
      throw new OcspError('overwrite-refused', `${file} is there already, and is left as it is`, hint, {
        cause: error,
      });
    }
    // Half of a configuration is worse than none; what this run did not make stays.
    if (created !== undefined) rmSync(file, { force: true });
    const why = systemErrorCode(error) === 'ENOENT' ? 'its folder does not exist' : systemErrorText(error);
    const message = `${file} could not be written: ${why}`;
    throw new OcspError('output-unwritable', message, 'name a file in a folder that you may write to', {
      cause: error,
    });
  } finally {
    if (created !== undefined) closeSync(created);
  }
}
