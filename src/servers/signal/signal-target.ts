import { checkRestart, watchRestart } from './lighttpd-restart.js';
import { readPidFile } from './pid-file.js';
import type { StapleToPush, TargetResult } from '../reload-result.js';
import type { ReloadTarget } from '../reload-target.js';
import { inspectProcess, isStillRunning, programOf, type ServerProcess } from './server-process.js';
import { acceptedByTarget, refusedByTarget, TargetFailure } from '../whole-target.js';

/** nginx, hitch or lighttpd by its pid file. */
export type SignalTarget = Extract<ReloadTarget, { readonly pidFile: string }>;

/** What the process of restaple itself can do and is. */
export interface SignalSurroundings {
  /** Sends the signal or throws the system's error. */
  readonly sendSignal: (pid: number, signal: 'SIGHUP' | 'SIGUSR1') => void;
  readonly effectiveUserId: number;
  /** How long a lighttpd is watched for going down, in milliseconds; default 500. */
  readonly watchMilliseconds?: number;
}

interface Daemon {
  readonly signal: 'SIGHUP' | 'SIGUSR1';
  /** Names of its executable: nginx is also packaged as `nginx-debug` and, side by side, as `nginx-1.26.2`. */
  readonly program: RegExp;
  /** The signalled process keeps the rights it was started with, so that it belongs to root or to us. */
  readonly keepsRights: boolean;
}

const daemons: Readonly<Record<SignalTarget['kind'], Daemon>> = {
  nginx: { signal: 'SIGHUP', program: /^nginx(?:-debug|-?\d[\d.]*)?$/, keepsRights: true },
  hitch: { signal: 'SIGHUP', program: /^hitch(?:-?\d[\d.]*)?$/, keepsRights: true },
  // SIGHUP only makes lighttpd open its logs again. Its one process gives up root for server.username.
  lighttpd: { signal: 'SIGUSR1', program: /^lighttpd(?:-?\d[\d.]*)?$/, keepsRights: false },
};

/**
 * Tells a server by a signal to read its files again: SIGHUP to the master of nginx and hitch, SIGUSR1 to lighttpd. `ok` says that
 * the signal was sent to that very program; the servers reload afterwards, and a handshake is the proof.
 *
 * Codes: `not-running`, `wrong-process`, `pid-file-unsafe`, `permission-denied`; for lighttpd `staple-unreadable-by-server`,
 * where the reload would end the server, so that nothing is sent
 */
export async function reloadBySignal(
  target: SignalTarget,
  staples: readonly StapleToPush[],
  surroundings: SignalSurroundings,
): Promise<TargetResult> {
  const start = performance.now();
  try {
    const found = findServer(target, surroundings.effectiveUserId);
    if (target.kind === 'lighttpd') checkRestart(found, staples);
    signalServer(target, found, surroundings);
    if (target.kind === 'lighttpd') await watchRestart(found, surroundings.watchMilliseconds);
    return acceptedByTarget(target.text, staples, performance.now() - start);
  } catch (error) {
    if (!(error instanceof TargetFailure)) throw error;
    return refusedByTarget(target.text, staples, performance.now() - start, error);
  }
}

/**
 * The process that the pid file names, looked at and found to be the server.
 *
 * @throws TargetFailure
 */
export function findServer({ kind, pidFile }: SignalTarget, effectiveUserId: number): ServerProcess {
  const pid = readPidFile(pidFile, { effectiveUserId, program: kind });
  const found = inspectProcess(pid);
  const { program, keepsRights } = daemons[kind];
  if (!program.test(programOf(found))) {
    throw new TargetFailure(
      'wrong-process',
      `process ${pid} of ${pidFile} is ${programOf(found)}, not ${kind}: the pid file is left over`,
      `start ${kind}; if it runs, name the pid file that it writes`,
    );
  }
  if (keepsRights && found.userId !== 0 && found.userId !== effectiveUserId) {
    throw new TargetFailure(
      'wrong-process',
      `process ${pid} of ${pidFile} belongs to user ${found.userId}, neither root nor this user`,
      `name the pid file of the master process of ${kind}, or run as the user that it runs as`,
    );
  }
  return found;
}

/**
 * Signals a process if it still is the one that was looked at.
 *
 * @throws TargetFailure
 */
export function signalServer({ kind }: SignalTarget, found: ServerProcess, { sendSignal }: SignalSurroundings): void {
  if (!isStillRunning(found)) throw endedMeanwhile(kind, found.pid);
  try {
    sendSignal(found.pid, daemons[kind].signal);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ESRCH') throw endedMeanwhile(kind, found.pid);
    if (code === 'EPERM') {
      throw new TargetFailure(
        'permission-denied',
        `${kind} (process ${found.pid}) may not be signalled by this user`,
        `run as root, or as a user who may: exec:'sudo systemctl reload ${kind}'`,
        { cause: error },
      );
    }
    throw error;
  }
}

function endedMeanwhile(kind: string, pid: number): TargetFailure {
  return new TargetFailure(
    'not-running',
    `${kind} (process ${pid}) ended just now`,
    `check with: systemctl status ${kind}`,
  );
}
