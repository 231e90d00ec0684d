import type { RunLockOptions } from '../../../src/store/run-lock.js';
import { ownProcess } from './support.js';

/** One piece of work for `run-lock-child.ts`. */
export interface RunLockJob {
  readonly work: 'take' | 'hold' | 'hold-with-hook' | 'count';
  readonly path: string;
  readonly waitMilliseconds?: number;
  readonly counter?: string;
  readonly times?: number;
}

export const takenAt = new Date('2026-03-01T12:00:00Z');

export function runLockOptions(path: string, changes: Partial<RunLockOptions> = {}): RunLockOptions {
  return {
    path,
    makesFolder: false,
    waitMilliseconds: 0,
    ownProcess,
    now: () => takenAt,
    searchPath: process.env['PATH'],
    signal: new AbortController().signal,
    ...changes,
  };
}
