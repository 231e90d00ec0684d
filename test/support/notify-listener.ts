import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('notify-listener.py', import.meta.url));

/** A service manager that hears what is sent to NOTIFY_SOCKET. */
export interface NotifyListener {
  /** All messages until now, each the list of its assignments. */
  heard(): Promise<readonly (readonly string[])[]>;
  close(): Promise<void>;
}

/** Listens at a real AF_UNIX datagram socket, which Node itself has not. */
export async function startNotifyListener(path: string): Promise<NotifyListener> {
  const child = spawn('python3', [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const wakers: (() => void)[] = [];
  let marks = 0;
  let rest = '';
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const listening = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString('utf8')).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts.map((part) => JSON.parse(part) as string));
      resolve();
      for (const waker of wakers.splice(0)) waker();
    });
  });
  await Promise.race([listening, ended]);
  return {
    heard: async () => {
      // What was sent before this mark comes before it.
      const mark = `MARK=${++marks}`;
      spawnSync('systemd-notify', ['--no-block', mark], { env: { ...process.env, NOTIFY_SOCKET: path } });
      while (!lines.includes(mark)) await new Promise<void>((resolve) => wakers.push(resolve));
      return lines.filter((line) => line !== 'listening' && !line.startsWith('MARK=')).map((line) => line.split('\n'));
    },
    close: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
