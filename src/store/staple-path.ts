import { createHash } from 'node:crypto';
import { asPath, nameOf, type FilePath } from '../core/file-path.js';

/** NAME_MAX of every file system that servers keep certificates on, in bytes. */
const longestName = 255;

/** Where a new staple is written before it is renamed into place. One name per staple, used only under its lock. */
export const temporaryPath = dotFile('restaple-tmp');

/** Where the signed revoked answer for a staple's certificate is kept. */
export const revokedMarkPath = dotFile('restaple-revoked');

/** Which targets were told of which staple. */
export const reloadRecordPath = dotFile('restaple-reloaded');

/** The lock of one staple; at level 1 or 2 the one under which a dead run's lock of the level below is removed. */
export function lockPath(staple: FilePath, level = 0): FilePath {
  return dotFileBeside(staple, level === 0 ? 'restaple-lock' : `restaple-lock-${level}`);
}

function dotFile(suffix: string): (staple: FilePath) => FilePath {
  return (staple) => dotFileBeside(staple, suffix);
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
  const name = nameOf(bytes);
  const folder = bytes.subarray(0, bytes.length - name.length);
  const ending = `.${suffix}`;
  const isTooLong = 1 + name.length + ending.length > longestName;
  const shown = isTooLong ? Buffer.from(createHash('sha256').update(name).digest('hex')) : name;
  return asPath(Buffer.concat([folder, Buffer.from('.'), shown, Buffer.from(ending)]));
}
