import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync } from 'node:fs';
import { join } from 'node:path';

import { createProgramPool, type PooledRun } from './program-pool.js';
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
  /** Killed after that; default 90000. */
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
  /** stdout as JSON lines; throws where a line is not a JSON object. */
  readonly lines: () => Record<string, unknown>[];
}

export interface RunningProgram {
  readonly process: ChildProcess;
  readonly result: Promise<RunResult>;
}

/**
 * Runs the built program to its end, in a process that is used again where nothing asks for one of its own. It never rejects
 * for what the program does.
 */
export function runRestaple(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return needsOwnProcess(args, options) ? startRestaple(args, options).result : runInPool(args, options);
}

/** Starts the built program in a process of its own, as a user does. */
export function startRestaple(args: readonly string[], options: RunOptions = {}): RunningProgram {
  const program = options.uid === undefined ? programPath : readableProgram(projectFolder);
  return start(process.execPath, [program, ...args], options);
}

/** The processes that are used again. */
export const pool = createProgramPool(programPath, join(projectFolder, 'bin', 'program.js'));

/** What the program reads when it is asked to, and nothing in Node.js itself. */
const ownVariables = /^(?:RESTAPLE_\w+|PATH|HOME|(?:https?|no|all)_proxy|SSL_CERT_(?:FILE|DIR)|XDG_RUNTIME_DIR)$/i;

/** Whether a run is about its process: another user, an open stdin, the descriptors, or what Node.js reads once at its start. */
function needsOwnProcess(args: readonly string[], { env = {}, uid, gid, keepsInputOpen }: RunOptions): boolean {
  if (everyRunForItself || uid !== undefined || gid !== undefined || keepsInputOpen === true) return true;
  if (Object.keys(env).some((name) => !ownVariables.test(name))) return true;
  return [...args, ...Object.values(env)].some((text) => /\/(?:dev\/(?!null$)|proc\/)/.test(text ?? ''));
}

/** Has each run start the program, to see whether a failure comes of the processes that are used again. */
const everyRunForItself = process.env['RESTAPLE_TEST_REAL_STARTS'] === '1';

async function runInPool(args: readonly string[], options: RunOptions): Promise<RunResult> {
  const home = createTemporaryFolder('restaple-home-');
  try {
    const run: PooledRun = { args, ...surroundings(home.path, options) };
    const { exitCode, signal, stdoutBytes, stderrBytes, timedOut } = await pool.run(run);
    return collected(exitCode, signal, stdoutBytes, stderrBytes.toString('utf8'), timedOut);
  } finally {
    home.remove();
  }
}

/** A file and a folder without roots in the place of the machine's, which openssl takes longer to read than all else. */
export const withoutRoots = { SSL_CERT_FILE: '/dev/null', SSL_CERT_DIR: import.meta.dirname };

/** Runs openssl in the same clean environment, without the roots of the machine. */
export function runOpenssl(args: readonly string[], input?: string | Uint8Array): Promise<RunResult> {
  return runCommand('openssl', args, { env: withoutRoots, ...(input === undefined ? {} : { input }) });
}

/** Runs any other program in the same clean environment. */
export function runCommand(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return start(command, args, options).result;
}

function start(command: string, args: readonly string[], options: RunOptions): RunningProgram {
  const home = createTemporaryFolder('restaple-home-');
  const { cwd, env, input, timeoutMilliseconds } = surroundings(home.path, options);
  if (options.uid !== undefined) chownSync(home.path, options.uid, options.gid ?? options.uid);
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  child.stdin.on('error', () => undefined);
  if (options.keepsInputOpen !== true) child.stdin.end(input);

  const output: Buffer[] = [];
  const talk: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => talk.push(chunk));

  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, timeoutMilliseconds);

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

/** What every run is given, however it is run. */
function surroundings(home: string, options: RunOptions): Omit<PooledRun, 'args'> {
  return {
    cwd: options.cwd ?? home,
    env: definedOnly({ ...cleanEnvironment(home), ...options.env }),
    input: options.input ?? '',
    timeoutMilliseconds: options.timeoutMilliseconds ?? 90_000,
  };
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
