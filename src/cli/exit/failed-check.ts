import { Errors } from '@oclif/core';
import { escapeLines } from '../render/escape-text.js';
import { exitCodes, type ExitCode } from './exit-code.js';
import { failedCheck } from '../verify/nagios.js';
import { describeError } from '../report-error.js';

/** Whether a command line asks for an answer to a monitoring system; its flags may not even have been parsed. */
export function asksForCheck(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).includes('--nagios');
}

/**
 * Reports an error that ended a check as a plugin does: on stdout, state UNKNOWN. A bug keeps its stack, on stderr.
 *
 * @returns 3, or 0 for a call of the help
 */
export function reportFailedCheck(error: unknown, words: readonly string[]): ExitCode {
  if (error instanceof Errors.ExitError) return exitCodes.success;
  const { message, hint, exitCode } = describeError(error, ['verify', ...words]);
  const check = failedCheck(message, hint);
  for (const line of check.lines) process.stdout.write(`${line}\n`);
  if (exitCode === exitCodes.bug && error instanceof Error) process.stderr.write(`${escapeLines(error.stack ?? '')}\n`);
  return check.exitCode;
}
