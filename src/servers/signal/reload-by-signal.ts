import { inspectProcess, isStillRunning, programOf, type RunningProcess } from '../../system/running-process.js';
import { systemErrorCode } from '../../system/system-error.js';
import { allTaken, TargetFailure, type StapleToPush, type Told } from '../reload-result.js';
import type { ServerTools } from '../server.js';
import { checkRestart, watchRestart } from './restart-in-place.js';
import { readPidFile } from './pid-file.js';
import type { Daemon } from './daemon.js';

/** What the process of restaple itself can do and is. */
export interface SignalTools extends Pick<ServerTools, 'sendSignal' | 'effectiveUserId'> {
  /** How long a server that starts again is watched for going down, in milliseconds; default 500. */
  readonly watchMilliseconds?: number;
}

/**
 * Tells a server by a signal to read its files again. Success says that the signal was sent to that very program; the
 * servers reload afterwards, and a handshake is the proof.
 *
 * @throws TargetFailure `not-running`, `wrong-process`, `pid-file-unsafe`, `permission-denied`; `staple-unreadable-by-server`
 *   where the reload would end the server, so that nothing is sent
 */
export async function reloadBySignal(
  daemon: Daemon,
  pidFile: string,
  staples: readonly StapleToPush[],
  tools: SignalTools,
): Promise<Told> {
  const found = findServer(daemon, pidFile, tools.effectiveUserId);
  if (!daemon.keepsRights) checkRestart(daemon, found, staples);
  signalServer(daemon, found, tools);
  if (!daemon.keepsRights) await watchRestart(daemon, found, tools.watchMilliseconds);
  return allTaken(staples);
}

/**
 * The process that the pid file names, looked at and found to be the server.
 *
 * @throws TargetFailure
 */
export function findServer(
  { name, program, keepsRights }: Daemon,
  pidFile: string,
  effectiveUserId: number,
): RunningProcess {
  const pid = readPidFile(pidFile, name, effectiveUserId);
  const found = processOf(pid);
  if (!program.test(programOf(found))) {
    throw new TargetFailure(
      'wrong-process',
      `process ${pid} of ${pidFile} is ${programOf(found)}, not ${name}: the pid file is left over`,
      `start ${name}; if it runs, name the pid file that it writes`,
    );
  }
  if (keepsRights && found.userId !== 0 && found.userId !== effectiveUserId) {
    throw new TargetFailure(
      'wrong-process',
      `process ${pid} of ${pidFile} belongs to user ${found.userId}, neither root nor this user`,
      `name the pid file of the master process of ${name}, or run as the user that it runs as`,
    );
  }
  return found;
}

function processOf(pid: number): RunningProcess {
  let found: RunningProcess | undefined;
  try {
    found = inspectProcess(pid);
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(systemErrorCode(error) ?? '')) throw error;
    throw new TargetFailure(
      'permission-denied',
      `process ${pid} cannot be inspected by this user`,
      'run as root or as the user that the server runs as',
      { cause: error },
    );
  }
  if (found !== undefined) return found;
  throw new TargetFailure(
    'not-running',
    `there is no process ${pid}: the pid file is left over`,
    'start the server; if it runs, name the pid file that it writes',
  );
}

/**
 * Signals a process if it still is the one that was looked at.
 *
 * @throws TargetFailure
 */
export function signalServer({ name, signal }: Daemon, found: RunningProcess, { sendSignal }: SignalTools): void {
  if (!isStillRunning(found)) throw endedMeanwhile(name, found.pid);
  try {
    sendSignal(found.pid, signal);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ESRCH') throw endedMeanwhile(name, found.pid);
    if (code === 'EPERM') {
      throw new TargetFailure(
        'permission-denied',
        `${name} (process ${found.pid}) may not be signalled by this user`,
        `run as root, or as a user who may: exec:'sudo systemctl reload ${name}'`,
        { cause: error },
      );
    }
    throw error;
  }
}

function endedMeanwhile(name: string, pid: number): TargetFailure {
  return new TargetFailure(
    'not-running',
    `${name} (process ${pid}) ended just now`,
    `check with: systemctl status ${name}`,
  );
}
