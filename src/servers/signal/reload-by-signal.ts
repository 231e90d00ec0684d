import { inspectProcess, isStillRunning, programOf, type RunningProcess } from '../../system/running-process.js';
import { systemErrorCode } from '../../system/system-error.js';
import type { Finding } from '../../core/index.js';
import { allTaken, TargetFailure, type ReloadLimits, type StapleToPush, type Told } from '../reload-result.js';
import type { ServerTools } from '../server.js';
import { testConfiguration } from './configuration-test.js';
import { evidenceOf, isReloadSeen } from './reload-evidence.js';
import { checkRestart, watchRestart } from './restart-in-place.js';
import { readPidFile } from './pid-file.js';
import type { Daemon } from './daemon.js';

/** What the process of restaple itself can do and is. */
export interface SignalTools extends Pick<ServerTools, 'sendSignal' | 'effectiveUserId' | 'limits'> {
  /** How long a server that starts again is watched for going down, in milliseconds; default 500. */
  readonly watchMilliseconds?: number;
}

/**
 * Tells a server by a signal to read its files again: tests its configuration before, and looks afterwards whether it did. What
 * it staples then, a handshake proves.
 *
 * @throws TargetFailure `not-running`, `wrong-process`, `pid-file-unsafe`, `permission-denied`; `configuration-broken`, `timeout`
 *   and `staple-unreadable-by-server`, where nothing is sent; `not-reloaded`
 */
export async function reloadBySignal(
  daemon: Daemon,
  pidFile: string,
  staples: readonly StapleToPush[],
  tools: SignalTools,
): Promise<Told> {
  const found = findServer(daemon, pidFile, tools.effectiveUserId);
  if (!daemon.keepsRights) checkRestart(daemon, found, staples);
  const { text, whyNotChecked } = await testConfiguration(daemon, found, tools);
  const before = evidenceOf(found, daemon);
  signalServer(daemon, found, tools);
  if (!daemon.keepsRights) await watchRestart(daemon, found, tools.watchMilliseconds);
  const isSeen = before === undefined ? undefined : await isReloadSeen(found, before, daemon, limitsOf(daemon, tools));
  if (isSeen === false) requireReload(daemon, found, tools.limits, whyNotChecked);
  const findings = [
    ...(whyNotChecked === undefined ? [] : [notChecked(daemon, whyNotChecked)]),
    ...(isSeen === true ? [] : [notSeen(daemon)]),
    ...(text === undefined ? [] : (daemon.findingsIn?.(text) ?? [])),
  ];
  return allTaken(staples, findings);
}

/** A server that starts again in place ends its connections first, however long they last. */
function limitsOf({ keepsRights }: Daemon, { limits }: SignalTools): ReloadLimits {
  return keepsRights ? limits : { ...limits, timeoutMilliseconds: Math.min(restartWithin, limits.timeoutMilliseconds) };
}

const restartWithin = 1000;

/** A master that has loaded its configuration starts new workers; one that starts again in place first waits for its connections. */
function requireReload(
  { name, keepsRights }: Daemon,
  found: RunningProcess,
  { timeoutMilliseconds }: ReloadLimits,
  whyNotChecked: string | undefined,
): void {
  if (!isStillRunning(found)) throw endedMeanwhile(name, found.pid);
  if (!keepsRights) return;
  const untested = whyNotChecked === undefined ? '' : ` (its configuration was not checked: ${whyNotChecked})`;
  throw new TargetFailure(
    'not-reloaded',
    `${name} (process ${found.pid}) was told, and started no new worker within ${timeoutMilliseconds / 1000} s${untested}`,
    `see its error log for what keeps it from loading its configuration: systemctl status ${name}`,
  );
}

function notChecked({ name }: Daemon, why: string): Finding {
  const message = `configuration not checked: ${why}`;
  return { rule: 'configuration-not-checked', severity: 'info', message, source: `the test of ${name}` };
}

function notSeen({ name }: Daemon): Finding {
  const message = 'its reload was not seen: only --confirm proves it';
  return { rule: 'reload-not-seen', severity: 'info', message, source: `the processes of ${name}` };
}

/**
 * The process that the pid file names, looked at and found to be the server.
 *
 * @throws TargetFailure
 */
export function findServer(
  { name, program, keepsRights }: Pick<Daemon, 'name' | 'program' | 'keepsRights'>,
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
export function signalServer(
  { name, signal }: Daemon,
  found: RunningProcess,
  { sendSignal }: Pick<SignalTools, 'sendSignal'>,
): void {
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
