import { OcspError } from '../core/index.js';
import type { CommandResult } from './run-command.js';
import { TargetFailure } from './whole-target.js';

const shownLines = 3;
const shownCharacters = 500;

/** What a message about a failed command needs to know. */
export interface FailureContext {
  readonly timeoutMilliseconds: number;
  /** The next step where the command itself failed. */
  readonly hint: string;
  /** The program, where the name of the command says more than that. */
  readonly program?: string;
}

/**
 * Why a command did not succeed, in a sentence with the first lines it said; undefined when it ended with 0.
 * Codes: `command-failed`, `permission-denied` (may not be run), `timeout`.
 *
 * @throws OcspError `interrupted`
 */
export function commandFailure(
  name: string,
  result: CommandResult,
  { timeoutMilliseconds, hint, program = name }: FailureContext,
): TargetFailure | undefined {
  const { exitCode, signal, startError, timedOut, interrupted } = result;
  if (startError !== undefined) return notStarted(program, startError);
  const said = firstLines(result.stderr);
  if (timedOut) {
    return new TargetFailure(
      'timeout',
      `${name} took longer than ${timeoutMilliseconds / 1000} s and was ended${said}`,
      'find out what it waits for, or give it more time with --timeout',
    );
  }
  if (interrupted) throw new OcspError('interrupted', `${name} was interrupted`);
  if (exitCode === 0) return undefined;
  const end = exitCode === undefined ? `was ended by ${signal ?? 'a signal'}` : `ended with ${exitCode}`;
  return new TargetFailure('command-failed', `${name} ${end}${said}`, hint);
}

function notStarted(name: string, code: string): TargetFailure {
  switch (code) {
    case 'ENOENT':
      return new TargetFailure('command-failed', `${name} was not found`, 'give its whole path, or check PATH');
    case 'EACCES':
    case 'EPERM':
      return new TargetFailure(
        'permission-denied',
        `${name} may not be run by this user`,
        `chmod +x, or check the path`,
      );
    default:
      return new TargetFailure('command-failed', `${name} could not be started: ${code}`, 'try it in a shell first');
  }
}

/** `: first; second` of the lines that are not empty. */
function firstLines(text: string): string {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, shownLines);
  return lines.length === 0 ? '' : `: ${lines.join('; ').slice(0, shownCharacters)}`;
}
