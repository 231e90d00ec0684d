import { OcspError } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import { formatTime } from '../../core/time.js';
import type { Outcome, OutcomeName } from '../../pipeline/fetch/outcome.js';
import { splitWords } from '../../system/shell-words.js';
import { runCommand, withoutSecrets, type CommandResult } from '../../system/run-command.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import type { Output } from '../output.js';

const eventNames = ['on-updated', 'on-failed', 'on-revoked'] as const;

/** The user's commands of --on-updated, --on-failed, --on-revoked. */
export type OnCommands = Readonly<Partial<Record<(typeof eventNames)[number], string | undefined>>>;

/** A pager call or a deploy may take a while, but not as long as a whole run. */
const timeoutMilliseconds = 60_000;

/** Whether any of the commands is set. */
export function hasOnCommands(commands: OnCommands): boolean {
  return eventNames.some((name) => commands[name] !== undefined);
}

/**
 * Runs the command that belongs to an outcome, once, without a shell, with RESTAPLE_CERT, RESTAPLE_STAPLE,
 * RESTAPLE_STATUS and RESTAPLE_NEXT_UPDATE in its environment.
 *
 * @returns 10 when the command failed, which is said on stderr
 * @throws OcspError `usage` for a command with an unclosed quote
 */
export async function runOnCommand(
  outcome: Outcome,
  commands: OnCommands,
  signal: AbortSignal,
  output: Output,
): Promise<ExitCode> {
  const event = events[outcome.outcome];
  const text = event === undefined ? undefined : commands[event];
  if (event === undefined || text === undefined) return exitCodes.success;
  const result = await runCommand(wordsOf(event, text), {
    env: { ...withoutSecrets(process.env), ...variablesOf(outcome) },
    timeoutMilliseconds,
    signal,
  });
  // The run's own interrupt ended it: that is the run's exit code.
  if (result.exitCode === 0 || result.interrupted) return exitCodes.success;
  const how = howItEnded(result);
  const said = result.stderr.trim().split('\n')[0] ?? '';
  output.say(`--${event} for ${shownPath(outcome.certificate)} failed: ${how}${said === '' ? '' : `: ${said}`}`);
  output.hint('run the command by hand with the same variables: RESTAPLE_CERT, RESTAPLE_STAPLE, RESTAPLE_STATUS');
  return exitCodes.reloadFailed;
}

function howItEnded({ startError, timedOut, exitCode, signal }: CommandResult): string {
  if (startError !== undefined)
    return startError === 'ENOENT' ? 'it was not found' : `it could not be started: ${startError}`;
  if (timedOut) return `it took longer than ${timeoutMilliseconds / 1000} s`;
  return exitCode === undefined ? `ended by ${signal ?? 'a signal'}` : `exit ${exitCode}`;
}

/** In a dry run: which command would run for this outcome. */
export function announceOnCommand(outcome: Outcome, commands: OnCommands, output: Output): void {
  const event = events[outcome.outcome];
  const text = event === undefined ? undefined : commands[event];
  if (event === undefined || text === undefined) return;
  output.announce(`would run --${event} for ${shownPath(outcome.certificate)}: ${text}`);
}

/** Refuses commands that cannot be split into words, before any traffic. Throws OcspError `usage`. */
export function checkOnCommands(commands: OnCommands): void {
  for (const event of eventNames) {
    const text = commands[event];
    if (text !== undefined) wordsOf(event, text);
  }
}

const events: Readonly<Partial<Record<OutcomeName, keyof OnCommands>>> = {
  updated: 'on-updated',
  revoked: 'on-revoked',
  unknown: 'on-failed',
  invalid: 'on-failed',
  unavailable: 'on-failed',
  withdrawn: 'on-failed',
  'input-error': 'on-failed',
  'store-error': 'on-failed',
};

function wordsOf(event: string, text: string): readonly [string, ...string[]] {
  const [command, ...words] = splitWords(text) ?? [];
  if (command !== undefined) return [command, ...words];
  throw new OcspError(
    'usage',
    `--${event}: "${text}" is not a command`,
    'quote it as for a shell; it is run without one',
  );
}

function variablesOf({ certificate, staple, outcome, verdict }: Outcome): Record<string, string> {
  const nextUpdate = verdict !== undefined && 'statement' in verdict ? verdict.statement.nextUpdate : undefined;
  return {
    RESTAPLE_CERT: shownPath(certificate),
    RESTAPLE_STAPLE: staple === undefined ? '' : shownPath(staple),
    RESTAPLE_STATUS: outcome,
    RESTAPLE_NEXT_UPDATE: nextUpdate === undefined ? '' : formatTime(nextUpdate),
  };
}
