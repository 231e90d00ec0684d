import { startRestaple, type RunOptions, type RunResult } from '../../support/run-program.js';
import { withUsual, type FetchRecord } from './fetch-scene.js';

/** A `restaple fetch --json` that goes on, as with --watch. */
export interface RunningFetch {
  /** Resolves with the first line that meets the condition, past or to come. */
  line(isIt: (record: FetchRecord) => boolean): Promise<FetchRecord>;
  /** Resolves once stderr has this text. */
  says(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly result: Promise<RunResult>;
}

/** Starts it with loopback allowed and one attempt of 5 s unless the words say otherwise; killed after 60 s. */
export function startRunningFetch(words: readonly string[], options: RunOptions = {}): RunningFetch {
  const running = startRestaple(withUsual(words), { timeoutMilliseconds: 60_000, ...options });
  let output = '';
  let talk = '';
  const wakers = new Set<() => void>();
  const wake = (): void => {
    for (const waker of [...wakers]) waker();
  };
  running.process.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    wake();
  });
  running.process.stderr?.on('data', (chunk: Buffer) => {
    talk += chunk.toString();
    wake();
  });
  const until = async <Value>(look: () => Value | undefined): Promise<Value> =>
    await new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === undefined) return;
        wakers.delete(check);
        resolve(found);
      };
      wakers.add(check);
      void running.result.then(() => reject(new Error(`it ended before that: ${output}${talk}`)));
      check();
    });
  const records = (): FetchRecord[] =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as FetchRecord);
  return {
    line: (isIt) => until(() => records().find(isIt)),
    says: (text) => until(() => (talk.includes(text) ? true : undefined)).then(() => undefined),
    signal: (name) => void running.process.kill(name),
    result: running.result,
  };
}
