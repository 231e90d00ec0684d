import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { readableModule } from '../../support/readable-copy.js';
import type { ChildJob, ChildResult } from './support.js';

const childScript = fileURLToPath(new URL('child.ts', import.meta.url));

export interface Child {
  readonly pid: number;
  /** Resolves with the first line of output, `''` where there is none. */
  readonly firstLine: Promise<string>;
  readonly ended: Promise<{ readonly output: string; readonly code: number | null }>;
  kill(): void;
}

/** Starts a process that does the job with the store of this tree, as `userId` where one is given (needs root). */
export function startChild(job: ChildJob, userId?: number): Child {
  const user = userId === undefined ? {} : { uid: userId, gid: userId };
  const child = spawn(process.execPath, [readableModule(childScript), JSON.stringify(job)], {
    ...user,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const firstLine = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('\n')) resolve(output.split('\n')[0] ?? '');
    });
    child.on('close', () => resolve(output.split('\n')[0] ?? ''));
  });
  const ended = new Promise<{ output: string; code: number | null }>((resolve) => {
    child.on('close', (code) => resolve({ output: output + errors, code }));
  });
  if (child.pid === undefined) throw new Error('the child did not start');
  return { pid: child.pid, firstLine, ended, kill: () => child.kill('SIGKILL') };
}

export async function runChild(job: ChildJob, userId?: number): Promise<ChildResult> {
  const { output } = await startChild(job, userId).ended;
  try {
    return JSON.parse(output) as ChildResult;
  } catch {
    throw new Error(`the child said: ${output}`);
  }
}
