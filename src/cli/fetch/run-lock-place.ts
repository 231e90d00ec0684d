import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { OcspError } from '../../core/index.js';

/** Where the run lock is, and whether its folder is ours to make. */
export interface RunLockPlace {
  readonly path: string;
  readonly makesFolder: boolean;
}

/** Root's folder for run locks: on a tmpfs that ends with the boot, and writable only by root, unlike /run/lock. */
const rootFolder = '/run/restaple';

/** A file name's limit is 255 octets on every file system of Linux. */
const longestName = 200;

/**
 * The run lock of a run: the file of `--lock`, else the default one of its configuration file, else none. The folder is
 * made only where it is the default one, so that a misspelt `--lock` is seen.
 *
 * @throws OcspError `usage` as {@link defaultRunLockPath}
 */
export function runLockPlace(
  { lock, configPath }: { readonly lock?: string | undefined; readonly configPath?: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
  effectiveUserId: number,
): RunLockPlace | undefined {
  if (lock !== undefined) {
    if (lock === '' || lock.endsWith('/')) {
      throw new OcspError(
        'usage',
        `--lock: "${lock}" is not a file name`,
        `for example --lock ${rootFolder}/fleet.lock`,
      );
    }
    const folder = runLockFolder(environment, effectiveUserId);
    return { path: lock, makesFolder: folder !== undefined && posix.dirname(posix.normalize(lock)) === folder };
  }
  if (configPath === undefined) return undefined;
  return { path: defaultRunLockPath(environment, effectiveUserId, configPath), makesFolder: true };
}

/**
 * `/run/restaple/NAME.lock` for root, else `$XDG_RUNTIME_DIR/restaple/NAME.lock`; never in a folder that all may write
 * in. NAME is the real path of the configuration file, `etc-restaple.yaml` for /etc/restaple.yaml, so that runs of two
 * configurations do not wait for each other and one that is reached by two names is one.
 *
 * @throws OcspError `usage` for a user without XDG_RUNTIME_DIR (XDG Base Directory Specification)
 */
export function defaultRunLockPath(
  environment: Readonly<Record<string, string | undefined>>,
  effectiveUserId: number,
  configPath: string,
): string {
  const folder = runLockFolder(environment, effectiveUserId);
  if (folder === undefined) {
    throw new OcspError(
      'usage',
      'there is no place for the run lock: XDG_RUNTIME_DIR is not set to an absolute path, as in cron jobs and system services',
      'name a file in a folder of your own with --lock, or set XDG_RUNTIME_DIR=/run/user/$(id -u)',
    );
  }
  return posix.join(folder, `${nameFor(realPath(configPath))}.lock`);
}

function runLockFolder(
  environment: Readonly<Record<string, string | undefined>>,
  effectiveUserId: number,
): string | undefined {
  if (effectiveUserId === 0) return rootFolder;
  const runtimeFolder = environment['XDG_RUNTIME_DIR'] ?? '';
  return posix.isAbsolute(runtimeFolder) ? posix.join(runtimeFolder, 'restaple') : undefined;
}

/** A slash becomes a hyphen, and what could be mistaken for one, or is not a plain character, %XX: no two paths share a name. */
function nameFor(path: string): string {
  const name = Array.from(Buffer.from(path.replace(/^\//, '')), (byte) => {
    const character = String.fromCharCode(byte);
    if (character === '/') return '-';
    return /[A-Za-z0-9._]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
  }).join('');
  return name.length <= longestName ? name : createHash('sha256').update(path).digest('hex');
}

/** The path itself where it cannot be resolved: reading the file will say what is wrong with it. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return posix.resolve(path);
  }
}
