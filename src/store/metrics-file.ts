import { closeSync, constants, fchmodSync, openSync, readSync, renameSync, statSync } from 'node:fs';

import { OcspError } from '../core/ocsp-error.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import type { OwnProcess } from './lock-holder.js';
import { acquireLock, releaseLock } from './staple-lock.js';
import { locateTarget, type StapleTarget } from './staple-target.js';
import { systemErrorCode, unsafe, unwritable, unwritableBecause } from './store-error.js';
import { closeTemporaryFile, createTemporaryFile, discardTemporaryFile, writeAll } from './temporary-file.js';

/** How every metrics file of restaple begins; a file that begins otherwise is somebody else's. */
const beginning = '# HELP restaple_';

/** node_exporter runs as a user of its own. */
const readableByAll = 0o644;
const lockWaitMilliseconds = 5000;

/**
 * Replaces a metrics file in one step, mode 0644: its reader sees the old text or the new one, whole. The rules for
 * links and the temporary dot file in the same folder are those of a staple (node_exporter reads `*.prom` alone). Nothing
 * is flushed to disk: figures that a crash takes are stale, and the next run writes them again.
 *
 * @param pieces the text, beginning with the HELP line of a metric named `restaple_…`
 * @throws OcspError `metrics-unwritable`; the old file is untouched then
 */
export async function replaceMetricsFile(path: FilePath, pieces: Iterable<string>, own: OwnProcess): Promise<void> {
  try {
    const target = locateTarget(path, own);
    requireTrustedTarget(target, own);
    const lock = await acquireLock(target.path, own, lockWaitMilliseconds);
    try {
      requireReplaceable(target.path);
      writeInOneStep(target.path, pieces, own);
    } finally {
      releaseLock(lock);
    }
  } catch (error) {
    throw inOwnWords(error);
  }
}

function writeInOneStep(path: FilePath, pieces: Iterable<string>, own: OwnProcess): void {
  const temporary = createTemporaryFile(path, own, undefined);
  let isRenamed = false;
  let isClosed = false;
  try {
    for (const piece of pieces) writeAll(temporary.descriptor, Buffer.from(piece));
    fchmodSync(temporary.descriptor, readableByAll);
    isClosed = true;
    closeTemporaryFile(temporary);
    renameSync(temporary.path, path);
    isRenamed = true;
  } catch (error) {
    throw systemErrorCode(error) === undefined ? error : unwritable(path, error);
  } finally {
    if (!isClosed) closeTemporaryFile(temporary);
    if (!isRenamed) discardTemporaryFile(temporary);
  }
}

/** Through a link only a file of root or of this user is replaced. */
function requireTrustedTarget({ link, path }: StapleTarget, own: OwnProcess): void {
  if (link === undefined) return;
  const { uid } = statSync(path);
  if (uid === 0 || uid === own.effectiveUserId) return;
  const why = `it is a symbolic link to ${shownPath(path)}, which belongs to user ${uid}`;
  throw unsafe(link, why, 'name the file itself with --out');
}

/** A slip of the pen must not cost a certificate or a configuration. */
function requireReplaceable(path: FilePath): void {
  const first = readBeginning(path);
  if (first === '' || first === beginning) return;
  const why = 'the file there does not look like metrics of restaple';
  throw unwritableBecause(path, why, `name another file with --out, or remove ${shownPath(path)}`);
}

/** The first characters of a regular file; empty where there is none. */
function readBeginning(path: FilePath): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw unwritable(path, error);
  }
  try {
    const bytes = Buffer.alloc(beginning.length);
    return bytes.toString('latin1', 0, readSync(descriptor, bytes));
  } catch (error) {
    throw unwritable(path, error);
  } finally {
    closeSync(descriptor);
  }
}

/** The store speaks of staples and --out; this file has a code and a flag of its own. */
function inOwnWords(error: unknown): unknown {
  if (!(error instanceof OcspError) || error.kind !== 'store') return error;
  const message = error.message.replace('; what was stored is untouched', '; the old figures stay');
  const hint = error.hint.replace(' with --out', ' with --metrics');
  return new OcspError('metrics-unwritable', message, hint, { cause: error });
}
