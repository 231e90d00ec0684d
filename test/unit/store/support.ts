import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

import { OcspError } from '../../../src/core/ocsp-error.js';
import type { OwnProcess } from '../../../src/store/lock-holder.js';
import type { ReplaceStapleOptions } from '../../../src/store/write-staple.js';
import { pinFile, type PinnedFile } from '../../../src/system/pinned-folder.js';

export const ownProcess: OwnProcess = {
  pid: process.pid,
  effectiveUserId: process.geteuid?.() ?? 0,
  hostName: hostname(),
  isProcessAlive(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'EPERM';
    }
  },
};

export const runsAsRoot = process.geteuid?.() === 0;
/** A user without any rights, for the children that root's tests start. */
export const nobody = 65534;

/** What these tests take for an OCSPResponse. */
export function isPretendedResponse(bytes: Uint8Array): boolean {
  return bytes[0] === 0x30;
}

/** Recognizable bytes that count as a response here. */
export function pretendedResponse(text: string, length = 200): Uint8Array {
  return Buffer.from(`0${text}`.padEnd(length, '.'));
}

export function optionsFor(
  path: string | Buffer,
  bytes: Uint8Array,
  more: Partial<ReplaceStapleOptions> = {},
): ReplaceStapleOptions {
  return { path, bytes, ownProcess, decide: () => 'write', isOcspResponse: isPretendedResponse, ...more };
}

/** A folder that every user may enter and only its owner may change. */
export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'restaple-store-')));
  chmodSync(folder, 0o755);
  return folder;
}

const pinnedFiles: PinnedFile[] = [];

/** The file in its folder held open, until the folder of the test is removed. */
export function pinned(path: string): PinnedFile {
  const file = pinFile(path, ownProcess.effectiveUserId);
  pinnedFiles.push(file);
  return file;
}

export function removeFolder(folder: string): void {
  for (const file of pinnedFiles.splice(0)) file.folder.close();
  rmSync(folder, { recursive: true, force: true });
}

export function dotFilesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('.'));
}

export function modeOf(path: string): number {
  return lstatSync(path).mode & 0o7777;
}

export async function errorOf(promise: Promise<unknown>): Promise<OcspError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof OcspError)) throw error;
  return error;
}

/** The pid of a process that has ended. */
export function deadProcessId(): number {
  return spawnSync('true').pid;
}

export function lockText(changes: Record<string, unknown> = {}): string {
  const own = ownLockFields();
  return JSON.stringify({ ...own, ...changes });
}

function ownLockFields(): Record<string, unknown> {
  const linux = existsSync('/proc/self/stat');
  const stat = linux ? readFileSync('/proc/self/stat', 'latin1') : '';
  return {
    pid: process.pid,
    processStart: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '',
    bootId: linux ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : '',
    pidNamespace: linux ? spawnSync('readlink', ['/proc/self/ns/pid'], { encoding: 'utf8' }).stdout.trim() : '',
    host: hostname(),
  };
}

/** One piece of work for `child.ts`. */
export interface ChildJob {
  readonly work: 'replace' | 'remove-own' | 'increasing' | 'count' | 'hold' | 'forever';
  readonly path: string;
  readonly bytes?: string;
  readonly umask?: number;
  /** The folder to work in. */
  readonly folder?: string;
  readonly numbers?: { readonly first: number; readonly step: number; readonly count: number };
  /** A file of a dead lock, to be linked in as the staple's lock after each write. */
  readonly deadLock?: string;
  readonly lockWaitMilliseconds?: number;
}

export interface ChildResult {
  readonly written?: boolean;
  readonly path?: string;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
}

/** Mounts a tmpfs of 16 KiB; undefined where this user may not mount. */
export function mountSmallFileSystem(): string | undefined {
  const folder = makeFolder();
  mkdirSync(join(folder, 'm'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=755', 'tmpfs', join(folder, 'm')]);
  if (mounted.status === 0) return join(folder, 'm');
  removeFolder(folder);
  return undefined;
}

export function unmount(folder: string): void {
  const result = spawnSync('umount', [folder], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`umount ${folder}: ${result.stderr}`);
}
