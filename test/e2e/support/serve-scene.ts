import { onTestFinished } from 'vitest';

import { startRestaple, type RunOptions, type RunResult } from '../../support/run-program.js';

/** A `restaple serve` that listens. */
export interface RunningServe {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** What it has said so far. */
  readonly stderr: () => string;
  /** The JSON lines of the requests so far. */
  readonly lines: () => Record<string, unknown>[];
  /** Sends a signal and waits for the end. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<RunResult>;
}

/**
 * Starts `restaple serve` on a free port of 127.0.0.1, until the test ends or, where another hook is given, until that runs;
 * throws when it does not come to listen.
 */
export async function startServe(
  flags: readonly string[],
  options: RunOptions = {},
  atEnd: (end: () => Promise<void>) => void = onTestFinished,
): Promise<RunningServe> {
  const program = startRestaple(['serve', '--listen', '127.0.0.1:0', ...flags], {
    timeoutMilliseconds: 60_000,
    ...options,
  });
  let talk = '';
  let data = '';
  program.process.stderr?.on('data', (chunk: Buffer) => (talk += chunk.toString('utf8')));
  program.process.stdout?.on('data', (chunk: Buffer) => (data += chunk.toString('utf8')));
  atEnd(async () => {
    program.process.kill('SIGKILL');
    await program.result;
  });
  const url = await new Promise<string>((resolve, reject) => {
    program.process.stderr?.on('data', () => {
      const found = /serving on (http:\/\/127\.0\.0\.1:\d+) /.exec(talk)?.[1];
      if (found !== undefined) resolve(found);
    });
    program.result.then(
      ({ exitCode, stderr }) => reject(new Error(`restaple serve ended with ${exitCode}:\n${stderr}`)),
      reject,
    );
  });
  return {
    url,
    port: Number(new URL(url).port),
    stderr: () => talk,
    lines: () =>
      data
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    stop: (signal = 'SIGTERM') => {
      program.process.kill(signal);
      return program.result;
    },
  };
}
