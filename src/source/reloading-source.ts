import { statSync } from 'node:fs';
import type { FilePath } from '../core/file-path.js';

export interface ReloadingSourceOptions {
  /** The time of the first reading. */
  readonly now: Date;
  /** The files are looked at when they are asked for, at most once in this time. */
  readonly checkEveryMilliseconds: number;
  /** Hears of each change that could not be read, once; what was read before goes on. Must not throw. */
  readonly onError: (error: unknown) => void;
  /** Hears of each change that was read. Must not throw. */
  readonly onReload?: () => void;
}

/** What was made of some files, and is made again when one of them changes. */
export interface ReloadingSource<Value> {
  /** The last value that could be read; looks at the files first when it is time to. Never rejects. */
  current(now: Date): Promise<Value>;
  /** Goes up by one with each value, from 1: what was made of an older one is out of date. */
  readonly generation: number;
}

/** Between two readings of a change that could not be read: so many checks at most, after 1, 2, 4 and so on. */
const mostChecksBetween = 64;

/**
 * Reads files, and reads them again when the time of change, size or identity of one of them is another. Who asks while
 * they are read gets what was read before. A change that could not be read is tried again, less and less often: a
 * reading may fail for want of descriptors or of a minute, and the change may be a revocation.
 *
 * @param read makes the value of the files as they are; gets the present time
 * @throws what the first reading throws
 */
export async function createReloadingSource<Value>(
  paths: readonly FilePath[],
  read: (now: Date) => Value | Promise<Value>,
  options: ReloadingSourceOptions,
): Promise<ReloadingSource<Value>> {
  // Before each reading: a change during it is then found the next time.
  let seen = fingerprintOf(paths);
  let value = await read(options.now);
  let generation = 1;
  let checkedAt = options.now.getTime();
  let isReading = false;
  let failures = 0;
  let triedAt = checkedAt;

  async function reload(now: Date): Promise<void> {
    isReading = true;
    triedAt = now.getTime();
    try {
      value = await read(now);
      failures = 0;
      generation += 1;
      options.onReload?.();
    } catch (error) {
      failures += 1;
      if (failures === 1) options.onError(error);
    } finally {
      isReading = false;
    }
  }

  function mayHaveHealed(now: Date): boolean {
    if (failures === 0) return false;
    const elapsed = now.getTime() - triedAt;
    return elapsed < 0 || elapsed >= Math.min(2 ** (failures - 1), mostChecksBetween) * options.checkEveryMilliseconds;
  }

  return {
    get generation() {
      return generation;
    },
    async current(now) {
      const elapsed = now.getTime() - checkedAt;
      // A clock that was set back must not stop the checks.
      if (isReading || (elapsed >= 0 && elapsed < options.checkEveryMilliseconds)) return value;
      checkedAt = now.getTime();
      const found = fingerprintOf(paths);
      if (found === seen && !mayHaveHealed(now)) return value;
      if (found !== seen) failures = 0;
      seen = found;
      await reload(now);
      return value;
    },
  };
}

/** All that tells one state of the files from another; a file replaced by rename has another inode. */
function fingerprintOf(paths: readonly FilePath[]): string {
  return paths
    .map((path) => {
      try {
        const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
        return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? 'unknown';
      }
    })
    .join('\n');
}
