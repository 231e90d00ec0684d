import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync } from 'node:fs';
import { join } from 'node:path';

import { readableProgram } from './readable-copy.js';
import { createTemporaryFolder } from './temporary-folder.js';

/** The project's own folder. */
export const projectFolder = join(import.meta.dirname, '..', '..');

/** What the tests run: the built program. */
export const programPath = join(projectFolder, 'bin', 'run.js');

export interface RunOptions {
  readonly cwd?: string;
  /** Set on top of a clean environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Written to stdin, which is then closed; default: nothing. */
  readonly input?: string | Uint8Array;
  /** Leaves stdin open, with nothing in it. */
  readonly keepsInputOpen?: boolean;
  /** Killed after that; default 20000. */
  readonly timeoutMilliseconds?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface RunResult {
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Buffer;
  readonly timedOut: boolean;
  /** stdout as JSON lines; throws where a line is no JSON object. */
  readonly lines: () => Record<string, unknown>[];
}

export interface RunningProgram {
  readonly process: ChildProcess;
  readonly result: Promise<RunResult>;
}

/** Runs the built program to its end. It never rejects for what the program does. */
export function runRestaple(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return startRestaple(args, options).result;
}

/** Starts the built program, for tests that send it signals. */
export function startRestaple(args: readonly string[], options: RunOptions = {}): RunningProgram {
  const program = options.uid === undefined ? programPath : readableProgram(projectFolder);
  return start(process.execPath, [program, ...args], options);
}

/** Runs openssl in the same clean environment. */
export function runOpenssl(args: readonly string[], input?: string | Uint8Array): Promise<RunResult> {
  return runCommand('openssl', args, input === undefined ? {} : { input });
}

/** Runs any other program in the same clean environment. */
export function runCommand(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return start(command, args, options).result;
}

function start(command: string, args: readonly string[], options: RunOptions): RunningProgram {
  const home = createTemporaryFolder('restaple-home-');
  if (options.uid !== undefined) chownSync(home.path, options.uid, options.gid ?? options.uid);
  const child = spawn(command, args, {
    cwd: options.cwd ?? home.path,
    env: definedOnly({ ...cleanEnvironment(home.path), ...options.env }),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  child.stdin.on('error', () => undefined);
  if (options.keepsInputOpen !== true) child.stdin.end(options.input ?? '');

  const output: Buffer[] = [];
  const talk: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => talk.push(chunk));

  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, options.timeoutMilliseconds ?? 20_000);

  const result = new Promise<RunResult>((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer);
      home.remove();
    };
    child.on('error', (error) => {
      finish();
      reject(error);
    });
    child.on('close', (exitCode, signal) => {
      finish();
      resolve(collected(exitCode, signal, Buffer.concat(output), Buffer.concat(talk).toString('utf8'), timedOut));
    });
  });
  return { process: child, result };
}

function collected(
  exitCode: number | null,
  signal: NodeJS.Signals | null,
  stdoutBytes: Buffer,
  stderr: string,
  timedOut: boolean,
): RunResult {
  const stdout = stdoutBytes.toString('utf8');
  return { exitCode, signal, stdout, stderr, stdoutBytes, timedOut, lines: () => jsonLines(stdout) };
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const value: unknown = JSON.parse(line);
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new Error(`no JSON object: ${line}`);
      return value as Record<string, unknown>;
    });
}

/** No proxy, no extra roots, no colour, no home of a real user: a test must not depend on who runs it. */
function cleanEnvironment(home: string): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    NO_COLOR: '1',
  };
}

function definedOnly(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const defined: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) defined[name] = value;
  return defined;
}
