import { runCommand } from '../../system/run-command.js';
import { escapeText } from '../render/escape-text.js';

/** Tells the service manager how this process is, by sd_notify(3). Nothing here throws or waits, but for `close`. */
export interface ServiceNotifier {
  /** Start or reload is done; `status` is the line that `systemctl status` shows. */
  ready(status: string): void;
  /** The configuration is being read again; `ready` ends it. */
  reloading(): void;
  status(text: string): void;
  stopping(): void;
  /** Stops the keep-alives. Resolves when what was said before has been delivered or given up, in seconds at most. */
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Assignments of sd_notify(3), sent as one message. */
type Message = readonly string[];

/** A status line is read in a terminal. */
const longestStatus = 300;

/** Of what systemd-notify says, enough for a warning. */
const longestTalk = 1024;

/**
 * The notifier for the service manager that started this process, by systemd-notify(1), since Node has no datagram
 * sockets of AF_UNIX. As that is a child, the unit needs `NotifyAccess=all`. Without NOTIFY_SOCKET it does nothing.
 *
 * Where WATCHDOG_USEC is for this process (sd_watchdog_enabled(3)), it also says every half of that time that the event
 * loop turns.
 *
 * @param warn takes one line, once, when the manager cannot be told
 * @param timeoutMilliseconds for one message: systemd-notify waits until the manager has read it
 */
export function createServiceNotifier(
  environment: Environment,
  warn: (line: string) => void,
  timeoutMilliseconds = 5000,
): ServiceNotifier {
  const hasManager = (environment['NOTIFY_SOCKET'] ?? '') !== '';
  const queue = createQueue((message) => notify(message, environment, timeoutMilliseconds), warn);
  const send = (...message: Message): void => {
    if (hasManager) queue.send(message);
  };
  const keepAlive = startKeepAlive(environment, () => send('WATCHDOG=1'));
  return {
    ready: (status) => send('READY=1', statusLine(status)),
    // The time is what Type=notify-reload asks for: of CLOCK_MONOTONIC, in microseconds.
    reloading: () => send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    status: (text) => send(statusLine(text)),
    stopping: () => send('STOPPING=1'),
    close: () => {
      clearInterval(keepAlive);
      return queue.drained();
    },
  };
}

/** One line: a line feed in a certificate's name would be the next assignment. */
function statusLine(text: string): string {
  return `STATUS=${escapeText(text).slice(0, longestStatus)}`;
}

function startKeepAlive(environment: Environment, send: () => void): NodeJS.Timeout | undefined {
  const microseconds = Number(environment['WATCHDOG_USEC'] ?? '');
  const pid = environment['WATCHDOG_PID'] ?? '';
  if (!Number.isSafeInteger(microseconds) || microseconds <= 0) return undefined;
  if (pid !== '' && pid !== String(process.pid)) return undefined;
  const timer = setInterval(send, Math.max(1, Math.min(microseconds / 2000, 0x7fff_ffff)));
  // It must not keep alive what has nothing left to do.
  return timer.unref();
}

/** One message after the other, in order; a status or keep-alive that waits gives way to a newer one of its kind. */
function createQueue(deliver: (message: Message) => Promise<string | undefined>, warn: (line: string) => void) {
  const waiting: Message[] = [];
  let work: Promise<void> | undefined;
  let isHeard = true;

  const run = async (): Promise<void> => {
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      const trouble = await deliver(message);
      if (trouble === undefined || !isHeard) continue;
      isHeard = false;
      warn(`the service manager cannot be notified: ${trouble}`);
    }
    work = undefined;
  };
  return {
    send: (message: Message): void => {
      const last = waiting.at(-1);
      if (last?.length === 1 && message.length === 1 && nameOf(last) === nameOf(message)) waiting.pop();
      waiting.push(message);
      work ??= run();
    },
    drained: () => work ?? Promise.resolve(),
  };
}

function nameOf([assignment = '']: Message): string {
  return assignment.slice(0, assignment.indexOf('='));
}

/** Undefined when the manager has read the message, else what went wrong. */
async function notify(
  message: Message,
  { PATH, NOTIFY_SOCKET }: Environment,
  timeoutMilliseconds: number,
): Promise<string | undefined> {
  const { exitCode, startError, stderr } = await runCommand(['systemd-notify', '--', ...message], {
    // Nothing else of our environment: it may hold secrets.
    env: { PATH, NOTIFY_SOCKET, LC_ALL: 'C' },
    timeoutMilliseconds,
    // It is heard to the end, whatever ends this process, and has nothing to clean up.
    signal: new AbortController().signal,
    graceMilliseconds: 0,
  });
  if (startError === 'ENOENT') return 'systemd-notify was not found in PATH; it is part of the package systemd';
  if (startError !== undefined) return `systemd-notify could not be started: ${startError}`;
  if (exitCode === 0) return undefined;
  const how = exitCode === undefined ? 'did not end in time' : `ended with ${exitCode}`;
  const said = stderr.slice(0, longestTalk).trim().split('\n')[0] ?? '';
  return `systemd-notify ${how}${said === '' ? '' : ` and said: ${said}`}`;
}
