import { readdirSync, readlinkSync } from 'node:fs';
import { pause } from '../../system/pause.js';
import { childrenOf, isStillRunning, type RunningProcess } from '../../system/running-process.js';
import { unlessRefused } from '../../system/system-error.js';
import type { ReloadLimits } from '../reload-result.js';

const lookEveryMilliseconds = 25;

/**
 * What a reload makes anew: workers, and in a process that starts again in place its pipes. Undefined where nothing of the kind
 * can be seen.
 */
export type ReloadEvidence = ReadonlySet<string> | undefined;

export function evidenceOf(found: RunningProcess, { keepsRights }: { readonly keepsRights: boolean }): ReloadEvidence {
  return unlessRefused(() => {
    const evidence = new Set([...childrenOf(found), ...(keepsRights ? [] : pipesOf(found))]);
    return evidence.size === 0 ? undefined : evidence;
  }, undefined);
}

function pipesOf({ pid }: RunningProcess): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder)
    .map((descriptor) => {
      try {
        return readlinkSync(`${folder}/${descriptor}`);
      } catch {
        // Closed meanwhile.
        return '';
      }
    })
    .filter((link) => link.startsWith('pipe:'));
}

/** Waits until there is something that was not there before the signal, for as long as the target may take. */
export async function isReloadSeen(
  found: RunningProcess,
  before: ReadonlySet<string>,
  how: { readonly keepsRights: boolean },
  { timeoutMilliseconds, signal }: ReloadLimits,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMilliseconds;
  for (;;) {
    const now = evidenceOf(found, how);
    if ([...(now ?? [])].some((one) => !before.has(one))) return true;
    if (performance.now() > deadline || !isStillRunning(found)) return false;
    await pause(lookEveryMilliseconds, signal);
  }
}
