import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

/** One command line and all that a process of its own would be started with. */
export interface PooledRun {
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly input: string | Uint8Array;
  readonly timeoutMilliseconds: number;
}

export interface PooledResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdoutBytes: Buffer;
  readonly stderrBytes: Buffer;
  readonly timedOut: boolean;
}

/** Runs the built program in processes that are used again: a start takes many times as long as most runs. */
export interface ProgramPool {
  run(run: PooledRun): Promise<PooledResult>;
  /** How many processes it has started. */
  startCount(): number;
}

export function createProgramPool(programPath: string, mainPath: string): ProgramPool {
  const idle: PooledChild[] = [];
  let startCount = 0;
  const start = (): PooledChild => {
    startCount += 1;
    return startChild(programPath, mainPath);
  };
  return {
    startCount: () => startCount,
    async run(run) {
      const child = idle.pop() ?? start();
      const result = await child.run(run);
      if (child.isUsable()) idle.push(child);
      return result;
    },
  };
}

interface PooledChild {
  run(run: PooledRun): Promise<PooledResult>;
  isUsable(): boolean;
}

const childScript = join(import.meta.dirname, 'program-child.mjs');

function startChild(programPath: string, mainPath: string): PooledChild {
  const child = spawn(process.execPath, [childScript, programPath, mainPath], {
    cwd: '/',
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', TZ: 'UTC', NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  child.stdin!.on('error', () => undefined);
  child.stdin!.end();
  let isEnded = false;
  child.on('error', () => (isEnded = true));
  child.on('close', () => (isEnded = true));
  const ready = new Promise<void>((resolve) => {
    child.once('message', () => resolve());
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const read = { stdout: outputOf(child, 'stdout'), stderr: outputOf(child, 'stderr') };

  return {
    isUsable: () => !isEnded && child.connected && read.stdout.isEmpty() && read.stderr.isEmpty(),
    async run({ timeoutMilliseconds, ...run }) {
      hold(child, true);
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        child.kill('SIGKILL');
      }, timeoutMilliseconds);
      try {
        await ready;
        return await new Promise<PooledResult>((resolve, reject) => {
          const sentinel = `\0${randomUUID()}\0`;
          let exitCode: number | undefined;
          const look = (): void => {
            if (exitCode === undefined || !read.stdout.endsWith(sentinel) || !read.stderr.endsWith(sentinel)) return;
            settle(exitCode, null, sentinel.length);
          };
          const onMessage = (message: unknown): void => {
            ({ exitCode } = message as { exitCode: number });
            look();
          };
          const onClose = (code: number | null, signal: NodeJS.Signals | null): void => settle(code, signal, 0);
          const settle = (code: number | null, signal: NodeJS.Signals | null, trailing: number): void => {
            child.off('message', onMessage).off('close', onClose).off('error', reject);
            read.stdout.onData = read.stderr.onData = undefined;
            const [stdoutBytes, stderrBytes] = [read.stdout.take(trailing), read.stderr.take(trailing)];
            resolve({ exitCode: code, signal, stdoutBytes, stderrBytes, timedOut });
          };
          if (isEnded && timedOut) {
            settle(null, 'SIGKILL', 0);
            return;
          }
          if (isEnded) {
            reject(new Error(`a process for the program did not start: ${read.stderr.take(0).toString()}`));
            return;
          }
          child.on('message', onMessage).on('close', onClose).on('error', reject);
          read.stdout.onData = read.stderr.onData = look;
          // eslint-disable-next-line @typescript-eslint/no-deprecated -- no other thread makes files meanwhile
          child.send({ ...run, umask: process.umask(), sentinel });
        });
      } finally {
        clearTimeout(timer);
        hold(child, false);
      }
    },
  };
}

/** An idle process keeps nobody from ending, and ends with the one that started it. */
function hold(child: ChildProcess, isHeld: boolean): void {
  const how = isHeld ? 'ref' : 'unref';
  child[how]();
  child.channel?.[how]();
  for (const stream of [child.stdout, child.stderr]) (stream as unknown as Record<typeof how, () => void>)[how]();
}

function outputOf(child: ChildProcess, name: 'stdout' | 'stderr') {
  let chunks: Buffer[] = [];
  const output = {
    onData: undefined as (() => void) | undefined,
    isEmpty: () => chunks.length === 0,
    endsWith(text: string): boolean {
      chunks = [Buffer.concat(chunks)];
      return chunks[0]!.subarray(-text.length).toString('latin1') === text;
    },
    /** What came since the last time, without so many octets at its end. */
    take(trailing: number): Buffer {
      const bytes = Buffer.concat(chunks);
      chunks = [];
      return bytes.subarray(0, bytes.length - trailing);
    },
  };
  child[name]!.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    output.onData?.();
  });
  return output;
}
