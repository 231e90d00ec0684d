import { createHash } from 'node:crypto';
import { asPath, type FilePath } from '../core/file-path.js';

/** NAME_MAX of every file system that servers keep certificates on, in bytes. */
const longestName = 255;
const slash = 0x2f;

/** Where a new staple is written before it is renamed into place. One name a staple, used under its lock only. */
export function temporaryPath(staple: FilePath): FilePath {
  return dotFileBeside(staple, 'restaple-tmp');
}

/** The lock of one staple. */
export function lockPath(staple: FilePath): FilePath {
  return dotFileBeside(staple, 'restaple-lock');
}

/** The lock (level 1 or 2) under which a dead run's lock of the level below is removed. */
export function takeoverLockPath(staple: FilePath, level: number): FilePath {
  return dotFileBeside(staple, `restaple-lock-${level}`);
}

/** Where the signed revoked answer for a staple's certificate is kept. */
export function revokedMarkPath(staple: FilePath): FilePath {
  return dotFileBeside(staple, 'restaple-revoked');
}

/** Which targets were told of which staple. */
export function reloadRecordPath(staple: FilePath): FilePath {
  return dotFileBeside(staple, 'restaple-reloaded');
}

// haproxy loads every file of a crt folder that does not start with a dot as a certificate.
function dotFileBeside(staple: FilePath, suffix: string): FilePath {
  if (typeof staple !== 'string') return anyDotFileBeside(staple, suffix);
  const start = staple.lastIndexOf('/') + 1;
  return staple.length - start > surelyShortName
    ? anyDotFileBeside(staple, suffix)
    : `${staple.slice(0, start)}.${staple.slice(start)}.${suffix}`;
}

/** So many characters are at most 180 bytes, which leaves room for any suffix. */
const surelyShortName = 60;

function anyDotFileBeside(staple: FilePath, suffix: string): FilePath {
  const bytes = Buffer.from(staple);
  const start = bytes.lastIndexOf(slash) + 1;
  const ending = Buffer.from(`.${suffix}`);
  let name: Uint8Array = bytes.subarray(start);
  if (1 + name.length + ending.length > longestName) name = Buffer.from(sha256Hex(name));
  return asPath(Buffer.concat([bytes.subarray(0, start), Buffer.from('.'), name, ending]));
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
