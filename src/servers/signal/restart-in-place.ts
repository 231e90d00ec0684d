import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { appendToPath, folderOf, joinPath, nameOf, shownPath, type FilePath } from '../../core/file-path.js';
import { readingObstacle } from '../../system/reading-obstacle.js';
import { isStillRunning, type RunningProcess } from '../../system/running-process.js';
import { TargetFailure, type StapleToPush } from '../reload-result.js';
import type { Daemon } from './daemon.js';

/** A restart in place took a tenth of a second on an idle server; one that cannot read its files ends sooner. */
const usualWatchMilliseconds = 500;
const lookEveryMilliseconds = 25;

/**
 * Refuses a restart that would end the server. It starts again in place with the rights it has by then: where it gave up
 * root and only root may read its private key, it goes down and does not come back.
 *
 * @throws TargetFailure `staple-unreadable-by-server` where a file of a certificate cannot be read by that user
 */
export function checkRestart({ name }: Daemon, found: RunningProcess, staples: readonly StapleToPush[]): void {
  if (found.userId === 0) return;
  for (const { certificatePath, staplePath } of staples) {
    for (const path of [certificatePath, staplePath, ...keysBeside(certificatePath)]) {
      const obstacle = readingObstacle(path, found);
      if (obstacle === undefined) continue;
      throw new TargetFailure(
        'staple-unreadable-by-server',
        `${name} would go down: it starts again as user ${found.userId}, who may not read ${shownPath(path)} (${obstacle})`,
        `let that user's group read the files, or restart it as root: exec:'systemctl restart ${name}'`,
      );
    }
  }
}

/**
 * Watches the process after the signal, for half a second unless told otherwise.
 *
 * @throws TargetFailure `not-running`
 */
export async function watchRestart(
  { name }: Daemon,
  found: RunningProcess,
  watchMilliseconds = usualWatchMilliseconds,
): Promise<void> {
  const start = performance.now();
  while (performance.now() - start < watchMilliseconds) {
    if (!isStillRunning(found)) {
      throw new TargetFailure(
        'not-running',
        `${name} (process ${found.pid}) went down when it was told to reload, as user ${found.userId}`,
        'start it now, and see its error log: it must be able to read its configuration and private key again without root',
      );
    }
    await wait(lookEveryMilliseconds);
  }
}

/** Where the private key usually lies; often it is in the certificate's file. */
function keysBeside(certificatePath: FilePath): FilePath[] {
  const name = nameOf(certificatePath).toString('latin1');
  const names = [Buffer.from('privkey.pem'), Buffer.from(name.replace(/\.[^.]+$/, '.key'), 'latin1')];
  return [
    appendToPath(certificatePath, '.key'),
    ...names.map((one) => joinPath(folderOf(certificatePath), one)),
  ].filter((path) => existsSync(path));
}
