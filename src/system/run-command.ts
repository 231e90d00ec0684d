import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/** Of what a command says, enough for a message. */
const maximumTalkOctets = 8192;

/** Between the polite signal and the other one. */
const defaultGraceMilliseconds = 2000;

/** How long the output is still read after the end, since a daemon that the command started may hold it open. */
const lingerMilliseconds = 200;

/** The whole environment of a command; undefined leaves a variable out. */
export type CommandEnvironment = Readonly<Record<string, string | undefined>>;

export interface CommandOptions {
  readonly env: CommandEnvironment;
  /** Written to stdin, which is then closed; a command need not read it. */
  readonly stdin?: string | Uint8Array;
  readonly timeoutMilliseconds: number;
  /** The run's interrupt: ends the command as a timeout does. */
  readonly signal: AbortSignal;
  /** From SIGTERM to SIGKILL; 2000 where not given. */
  readonly graceMilliseconds?: number;
  /** An open file that the command gets as its descriptor 3. */
  readonly descriptor?: number;
  /** Keeps the beginning of what it says on stdout too. */
  readonly withStdout?: boolean;
  /** How much of stdout is kept; 8 KiB where not given. */
  readonly maximumStdoutOctets?: number;
  /** Gives it a session of its own, so that a Ctrl-C on the terminal reaches only this process. */
  readonly detached?: boolean;
}

/** How a command ended. */
export interface CommandResult {
  /** Undefined where a signal ended it or it never started. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** The beginning of what it said on stderr, 8 KiB at most. */
  readonly stderr: string;
  /** The same of stdout, where it was asked for: it is thrown away otherwise, as ours carries data only. */
  readonly stdout: string;
  readonly timedOut: boolean;
  readonly interrupted: boolean;
  /** Why it could not be started, the system's code such as ENOENT. */
  readonly startError: string | undefined;
}

/** Variables of restaple's own that no other program is to see. */
const secrets = ['RESTAPLE_DNSDIST_KEY', 'RESTAPLE_PASSPHRASE'] as const;

/** What the service manager gave only to this process: a server started by a hook would speak for it (sd_notify(3)). */
const addressedToUs = ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC'] as const;

/** URLs that may hold a password, in either case: of the proxies and of the responder. */
const urls: ReadonlySet<string> = new Set([
  'restaple_url',
  'restaple_proxy',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'ftp_proxy',
]);

/**
 * An environment to hand on: all of it but the secrets, the credentials in URLs, and the service manager's ear. A URL in
 * which nobody can tell what is a password is left out.
 */
export function withoutSecrets(environment: CommandEnvironment): CommandEnvironment {
  const withCredentials = Object.entries(environment).filter(
    ([name, value]) => value?.includes('@') === true && urls.has(name.toLowerCase()),
  );
  return {
    ...environment,
    ...Object.fromEntries(withCredentials.map(([name, value = '']) => [name, urlWithoutCredentials(value)])),
    ...Object.fromEntries([...secrets, ...addressedToUs].map((name) => [name, undefined])),
  };
}

function urlWithoutCredentials(text: string): string | undefined {
  const bare = text.trim().replace(/^((?:[a-z][a-z0-9+.-]*:\/\/)?)[^/?#]*@/i, '$1');
  return bare.includes('@') ? undefined : bare;
}

/**
 * Runs a program without a shell and waits for its end. After the timeout it gets SIGTERM, and SIGKILL if it stays.
 * Never rejects for what the program does.
 */
export function runCommand(
  [command, ...words]: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<CommandResult> {
  if (options.signal.aborted) return Promise.resolve({ ...notEnded, interrupted: true });
  const { env, descriptor, detached = false, withStdout = false } = options;
  let child: ChildProcess;
  try {
    const stdio = [
      'pipe',
      withStdout ? 'pipe' : 'ignore',
      'pipe',
      ...(descriptor === undefined ? [] : [descriptor]),
    ] as const;
    child = spawn(command, words, { env: { ...env }, stdio: [...stdio], detached });
  } catch (error) {
    // A NUL in a word, or a list of words and an environment that are too long.
    return Promise.resolve({ ...notEnded, startError: codeOf(error) });
  }
  return outcomeOf(child, options);
}

const notEnded: CommandResult = {
  exitCode: undefined,
  signal: undefined,
  stderr: '',
  stdout: '',
  timedOut: false,
  interrupted: false,
  startError: undefined,
};

function outcomeOf(child: ChildProcess, options: CommandOptions): Promise<CommandResult> {
  const stop = startLimits(child, options);
  const talk = collect(child.stderr, maximumTalkOctets);
  const words = collect(child.stdout, options.maximumStdoutOctets ?? maximumTalkOctets);
  // A command that does not read, or ends first, breaks the pipe: that is its right.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.stdin ?? '');

  return new Promise((resolve) => {
    let linger: NodeJS.Timeout | undefined;
    const finish = (ending: Partial<CommandResult>): void => {
      clearTimeout(linger);
      child.stdin?.destroy();
      child.stderr?.destroy();
      child.stdout?.destroy();
      resolve({ ...notEnded, ...ending, ...stop(), stderr: talk(), stdout: words() });
    };
    child.once('error', (error) => finish({ startError: codeOf(error) }));
    child.once('exit', (exitCode, signal) => {
      const ending = { exitCode: exitCode ?? undefined, signal: signal ?? undefined };
      child.once('close', () => finish(ending));
      linger = setTimeout(() => finish(ending), lingerMilliseconds);
    });
  });
}

/** Ends the child by time or interrupt; the returned function stops watching and says which of the two it was. */
function startLimits(
  child: ChildProcess,
  { timeoutMilliseconds, signal, graceMilliseconds = defaultGraceMilliseconds }: CommandOptions,
): () => Pick<CommandResult, 'timedOut' | 'interrupted'> {
  let timedOut = false;
  let interrupted = false;
  let kill: NodeJS.Timeout | undefined;
  const end = (): void => {
    child.kill('SIGTERM');
    kill ??= setTimeout(() => child.kill('SIGKILL'), graceMilliseconds);
  };
  const timer = setTimeout(() => {
    timedOut = !interrupted;
    end();
  }, timeoutMilliseconds);
  const interrupt = (): void => {
    interrupted = !timedOut;
    end();
  };
  signal.addEventListener('abort', interrupt, { once: true });
  return () => {
    clearTimeout(timer);
    clearTimeout(kill);
    signal.removeEventListener('abort', interrupt);
    return { timedOut, interrupted };
  };
}

/** Keeps the beginning and drains the rest, so that a talkative command does not stop at a full pipe. */
function collect(stream: Readable | null, maximumOctets: number): () => string {
  const chunks: Buffer[] = [];
  let octets = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (octets < maximumOctets) chunks.push(chunk);
    octets += chunk.length;
  });
  stream?.on('error', () => undefined);
  return () => Buffer.concat(chunks).subarray(0, maximumOctets).toString('utf8');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);
}
