import { hostname } from 'node:os';
import { isMainThread, threadId } from 'node:worker_threads';
import type { OwnProcess } from '../store/lock-holder.js';

/** This process as the store's lock needs to know it. */
export function ownProcess(): OwnProcess {
  return {
    pid: process.pid,
    effectiveUserId: process.geteuid?.() ?? 0,
    hostName: hostname(),
    isProcessAlive,
    ...(isMainThread ? { lostThreads: new Set() } : { thread: threadId }),
  };
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
