import { Errors } from '@oclif/core';
import { exitCodes, type ExitCode } from './exit-code.js';
import { failedCheck } from '../verify/nagios.js';
import { describeError, writeStackOfBug } from '../report-error.js';

/**
 * Reports an error that ended a check as a plugin does: on stdout, state UNKNOWN. A bug keeps its stack, on stderr.
 *
 * @returns 3, or 0 for a call of the help
 */
export function reportFailedCheck(error: unknown): ExitCode {
  if (error instanceof Errors.ExitError) return exitCodes.success;
  const { message, hint, exitCode } = describeError(error);
  const check = failedCheck(message, hint);
  for (const line of check.lines) process.stdout.write(`${line}\n`);
  writeStackOfBug(error, exitCode);
  return check.exitCode;
}
