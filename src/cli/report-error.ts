import { Errors } from '@oclif/core';
import { OcspError } from '../core/index.js';
import { ConfigurationError } from './config/configuration-error.js';
import { escapeLines, escapeText, toJsonLine } from './render/escape-text.js';
import { exitCodeOfErrorKind, exitCodes, type ExitCode } from './exit/exit-code.js';

/**
 * Reports an error that ended the run and belongs to no certificate: `{"error":…}` on stdout with --json, else a line
 * and its hint on stderr.
 *
 * @returns the exit code it leads to
 */
export function reportError(error: unknown, json: boolean): ExitCode {
  if (error instanceof Errors.ExitError) return exitCodes.success;
  const { code, message, hint, exitCode } = describeError(error);
  if (json) process.stdout.write(`${toJsonLine({ error: { code, message, hint } })}\n`);
  const lines = error instanceof ConfigurationError ? error.problems.map(withoutContents) : [message];
  for (const line of lines) process.stderr.write(`restaple: ${escapeText(line)}\n`);
  if (hint !== '') process.stderr.write(`  hint: ${escapeText(hint)}\n`);
  writeStackOfBug(error, exitCode);
  return exitCode;
}

/** A bug keeps its stack, on stderr. */
export function writeStackOfBug(error: unknown, exitCode: ExitCode): void {
  if (exitCode === exitCodes.bug && error instanceof Error) process.stderr.write(`${escapeLines(error.stack ?? '')}\n`);
}

/** Whether a flag is on a command line that may not even have been parsed. */
export function isGiven(args: readonly string[], flag: string): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes(flag);
}

/** Whether JSON is asked for. The flags may not have been parsed where this matters, so the words themselves are looked at. */
export function asksForJson(args: readonly string[]): boolean {
  const isAskedFor = args[0] === 'fetch' && /^(?:1|true|y|yes)$/i.test(process.env['RESTAPLE_JSON'] ?? '');
  return isGiven(args, '--json') || isAskedFor;
}

/** What an error that ended the run means to the user. */
export function describeError(error: unknown) {
  const described = describeAny(error);
  return { ...described, message: withoutContents(described.message) };
}

/** A word or a setting may be the text of a file, as by "$(cat site.pem)", with a private key in it. */
function withoutContents(message: string): string {
  return message.replace(/-----BEGIN [^]*/, '-----BEGIN…');
}

function describeAny(error: unknown) {
  if (error instanceof OcspError) {
    const message = withoutParserText(error.message);
    return { code: error.code, message, hint: error.hint, exitCode: exitCodeOfErrorKind(error.kind) };
  }
  return {
    code: 'bug',
    message: `a bug in restaple: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'please report it with the command line and the lines below',
    exitCode: exitCodes.bug,
  };
}

/** oclif writes lines of its own around the message of an error that a flag's parser throws. */
function withoutParserText(message: string): string {
  return message.replace(/^Parsing --\S+ \n\t/, '').replace(/\n?See more help with --help$/, '');
}
