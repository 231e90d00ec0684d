import { shownPath } from '../core/file-path.js';
import { decodeResponse, isResponse, serialNumbersEqual } from '../core/index.js';
import { formatTime } from '../core/time.js';
import { commandFailure } from './command-failure.js';
import type { ReloadLimits, StapleToPush, TargetResult } from './reload-result.js';
import type { ReloadTarget } from './reload-target.js';
import { runCommand, withoutSecrets, type CommandEnvironment } from './run-command.js';
import { acceptedByTarget, refusedByTarget } from './whole-target.js';
import { definedOnly } from '../core/defined-only.js';

export type ExecTarget = Extract<ReloadTarget, { readonly kind: 'exec' }>;

/**
 * Runs the user's command once, without a shell, with the changed staples on its stdin: one JSON object a line,
 * {certificate, staple, serialNumber, thisUpdate?, nextUpdate}. It succeeds by ending with 0.
 *
 * Codes: `command-failed`, `permission-denied`, `timeout`
 *
 * @throws OcspError `interrupted`
 * @param environment handed on to the command, without restaple's secrets
 */
export async function reloadByCommand(
  target: ExecTarget,
  staples: readonly StapleToPush[],
  environment: CommandEnvironment,
  { timeoutMilliseconds, signal }: ReloadLimits,
): Promise<TargetResult> {
  const start = performance.now();
  const result = await runCommand(target.argv, {
    env: withoutSecrets(environment),
    stdin: staples
      .filter(({ isChanged }) => isChanged)
      .map((staple) => `${JSON.stringify(describeStaple(staple))}\n`)
      .join(''),
    timeoutMilliseconds,
    signal,
  });
  const failure = commandFailure(target.argv[0], result, {
    timeoutMilliseconds,
    hint: 'run the command by hand with one of the JSON lines on its stdin, or see its own log',
  });
  const milliseconds = performance.now() - start;
  return failure === undefined
    ? acceptedByTarget(target.text, staples, milliseconds)
    : refusedByTarget(target.text, staples, milliseconds, failure);
}

/** What a command learns of one staple; times are ISO 8601 in UTC, the serial number lower-case hex. */
interface StapleLine {
  readonly certificate: string;
  readonly staple: string;
  readonly serialNumber: string;
  readonly thisUpdate?: string;
  readonly nextUpdate: string;
}

function describeStaple(staple: StapleToPush): StapleLine {
  const thisUpdate = thisUpdateOf(staple);
  return definedOnly({
    certificate: shownPath(staple.certificatePath),
    staple: shownPath(staple.staplePath),
    serialNumber: staple.certificate.serialNumber,
    thisUpdate: thisUpdate === undefined ? undefined : formatTime(thisUpdate),
    nextUpdate: formatTime(staple.nextUpdate),
  });
}

function thisUpdateOf({ bytes, certId }: StapleToPush): Date | undefined {
  const response = decodeResponse(bytes);
  if (!isResponse(response) || response.status !== 'successful') return undefined;
  return response.basic.responses.find((one) => serialNumbersEqual(one.certId.serialNumber, certId.serialNumber))
    ?.thisUpdate;
}
