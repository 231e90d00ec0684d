import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

import { isListening } from './free-port.js';

/** A server of somebody else that runs for a test. */
export interface Daemon {
  readonly pid: number;
  /** What it has written to stdout and stderr so far. */
  readonly log: () => string;
  /** Sends it a signal, such as SIGUSR2 to a haproxy master. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Ends it and waits until it is gone; does nothing the second time. */
  readonly stop: () => Promise<void>;
}

export interface DaemonOptions {
  readonly command: string;
  /** The Debian package that has it, for the error when it is missing. */
  readonly debianPackage: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Ports of 127.0.0.1, and paths of sockets; all of them must take connections before it counts as started. */
  readonly ports: readonly (number | string)[];
}

const startsWithinMilliseconds = 20_000;

/**
 * Starts a server in the foreground and waits until it listens.
 *
 * @throws Error that names the package when the program is missing, or with its log when it ends instead
 */
export async function startDaemon({ command, debianPackage, args, folder, ports }: DaemonOptions): Promise<Daemon> {
  const child = spawn(command, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, HOME: folder, LANG: 'C.UTF-8', TZ: 'UTC' },
  });
  let log = '';
  let ended: string | undefined;
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  const end = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      ended = `${command} cannot be run (${error.message}): apt-get install ${debianPackage}`;
      resolve();
    });
    child.once('close', (code, signal) => {
      ended ??= `${command} ended with ${String(signal ?? code)}`;
      resolve();
    });
  });
  const daemon: Daemon = {
    pid: child.pid ?? 0,
    log: () => log,
    signal: (signal) => void child.kill(signal),
    async stop() {
      if (ended === undefined) child.kill('SIGTERM');
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        // A process of its own that it left behind, as hitch may in a reload, holds them open.
        child.stdout.destroy();
        child.stderr.destroy();
      }, 3000);
      await end;
      clearTimeout(timer);
    },
  };
  const deadline = performance.now() + startsWithinMilliseconds;
  for (const port of ports) {
    while (!(await isListening(port))) {
      if (ended !== undefined) throw new Error(`${ended}\n${log}`);
      if (performance.now() > deadline) {
        await daemon.stop();
        throw new Error(`${command} does not listen on ${port}\n${log}`);
      }
      await wait(50);
    }
  }
  // Another program may have taken the port first.
  if (ended !== undefined) throw new Error(`${ended}\n${log}`);
  return daemon;
}
