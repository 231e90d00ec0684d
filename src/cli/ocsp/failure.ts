import { OcspError } from '../../core/index.js';
import { exitCodeOfErrorKind, exitCodes, type ExitCode } from '../exit/exit-code.js';
import { escapeText } from '../render/escape-text.js';

/** Why the run ends: lines for stderr, the first as openssl writes it, and the exit code that -strict-exit ends with. */
export class OpensslFailure extends Error {
  readonly lines: readonly string[];
  readonly exitCode: ExitCode;

  constructor(lines: readonly string[], exitCode: ExitCode) {
    super(lines.join('\n'));
    this.lines = lines;
    this.exitCode = exitCode;
  }
}

/** What the work returns. An OcspError becomes a failure of these lines, and of one more that says why in our words. */
export async function orFailure<Value>(
  lines: readonly string[] | ((error: OcspError) => readonly string[]),
  work: () => Value | Promise<Value>,
): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    const own = typeof lines === 'function' ? lines(error) : lines;
    throw new OpensslFailure([...own, `ocsp: ${escapeText(error.message)}`], exitCodeOfErrorKind(error.kind));
  }
}

/** An input that is not what it should be. */
export function unusable(...lines: readonly string[]): OpensslFailure {
  return new OpensslFailure(lines, exitCodes.inputUnusable);
}

/** The numbers of openssl's library OCSP by its reasons, as far as scripts may look for them. */
const reasonNumbers: Readonly<Record<string, number>> = {
  'certificate verify error': 101,
  'missing ocspsigning usage': 103,
  'no response data': 108,
  'response contains no revocation data': 111,
  'root ca not trusted': 112,
  'signature failure': 117,
  'signer certificate not found': 118,
  'nextupdate before thisupdate': 124,
  'status expired': 125,
  'status not yet valid': 126,
  'status too old': 127,
};

/** A line of openssl's error queue, whose fields a colon divides: the thread is 0 and the place in the source `restaple:0`. */
export function errorQueueLine(routine: string, reason: string, detail = ''): string {
  // The number of the library stands in the upper bits.
  const number = ((39 * 2 ** 23 + (reasonNumbers[reason] ?? 0)) >>> 0).toString(16).toUpperCase();
  return `0:error:${number.padStart(8, '0')}:OCSP routines:${routine}:${reason}:restaple:0:${detail}`;
}
