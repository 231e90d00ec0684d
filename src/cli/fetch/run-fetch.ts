import type { Config } from '@oclif/core';
import { OcspError } from '../../core/index.js';
import type { ExitCode } from '../exit/exit-code.js';
import type { FetchOrder } from './fetch-order.js';
import { fetchPass } from './fetch-pass.js';
import { prepareFetchRun } from './prepare-run.js';
import { catchInterrupts } from '../interrupt.js';
import type { Output } from '../output.js';
import { underRunLock } from './under-run-lock.js';
import { watchFleet } from './watch.js';

/**
 * Fetches and tells: once, or with --watch until a signal ends it.
 *
 * @param reread reads the order again, as on SIGHUP
 * @throws OcspError for what belongs to no certificate
 */
export async function runFetch(
  order: FetchOrder,
  reread: () => Promise<FetchOrder>,
  output: Output,
  config: Config,
): Promise<ExitCode> {
  const interrupt = catchInterrupts();
  try {
    if (order.flags.watch) {
      await watchFleet(order, reread, { output, config, interrupt });
      return interrupt.exitCode() ?? 0;
    }
    const run = await prepareFetchRun(order, { output, config, interrupt });
    try {
      const exitCode = await underRunLock(order, interrupt.signal, () => fetchPass(run));
      return interrupt.exitCode() ?? exitCode;
    } finally {
      run.close();
    }
  } catch (error) {
    const exitCode = interrupt.exitCode();
    if (exitCode === undefined || !(error instanceof OcspError) || error.code !== 'interrupted') throw error;
    return exitCode;
  } finally {
    interrupt.release();
  }
}
