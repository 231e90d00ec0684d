import { OcspError } from '../../core/index.js';
import { fileKindAt } from '../../system/file-kind.js';
import { runCommand, withoutSecrets, type CommandResult } from '../../system/run-command.js';
import { allTaken, TargetFailure, type ReloadCode, type StapleToPush, type Told } from '../reload-result.js';
import type { ServerTools } from '../server.js';

const shownLines = 3;
const shownCharacters = 500;

/** What a message about a failed command says of it. */
export interface CommandWords {
  readonly name: string;
  /** The program, where the name of the command says more than that. */
  readonly program?: string;
  /** The next step where the command itself failed, and what the failure is, where its exit code tells. */
  readonly hint: string;
  readonly code?: ReloadCode;
  /** The next step where there is no such program. */
  readonly hintIfMissing?: string;
}

/**
 * Tells by a command, run without a shell and without restaple's secrets; all is taken when it ends with 0.
 *
 * @throws TargetFailure `command-failed`, `permission-denied`, `timeout`; OcspError `interrupted`
 * @param words for the way in which it ended
 */
export async function tellByCommand(
  argv: readonly [string, ...string[]],
  staples: readonly StapleToPush[],
  { environment, limits }: Pick<ServerTools, 'environment' | 'limits'>,
  words: (result: CommandResult) => CommandWords,
  stdin = '',
): Promise<Told> {
  const result = await runCommand(argv, { env: withoutSecrets(environment), stdin, ...limits });
  const failure = commandFailure(result, limits.timeoutMilliseconds, words(result));
  if (failure !== undefined) throw failure;
  return allTaken(staples);
}

/**
 * Why a command did not succeed, in a sentence with the first lines it said; undefined when it ended with 0.
 * Codes: `command-failed`, `permission-denied` (may not be run), `timeout`.
 *
 * @throws OcspError `interrupted`
 */
export function commandFailure(
  result: CommandResult,
  timeoutMilliseconds: number,
  { name, program = name, hint, code = 'command-failed', hintIfMissing }: CommandWords,
): TargetFailure | undefined {
  const { exitCode, signal, startError, timedOut, interrupted } = result;
  if (startError !== undefined) return notStarted(program, startError, hintIfMissing);
  const said = firstLines(result.stderr);
  if (timedOut) {
    return new TargetFailure(
      'timeout',
      `${name} took longer than ${timeoutMilliseconds / 1000} s and was ended${said}`,
      'find out what it waits for, or give it more time with --reload-timeout',
    );
  }
  if (interrupted) throw new OcspError('interrupted', `${name} was interrupted`);
  if (exitCode === 0) return undefined;
  const end = exitCode === undefined ? `was ended by ${signal ?? 'a signal'}` : `ended with ${exitCode}`;
  return new TargetFailure(code, `${name} ${end}${said}`, hint);
}

function notStarted(name: string, code: string, hintIfMissing = 'give its whole path, or check PATH'): TargetFailure {
  switch (code) {
    case 'ENOENT':
      return new TargetFailure('command-failed', `${name} was not found`, hintIfMissing);
    case 'EACCES':
    case 'EPERM':
      if (fileKindAt(name) === 'a folder') {
        return new TargetFailure('command-failed', `${name} is a folder, not a program`, 'name a program in it');
      }
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
