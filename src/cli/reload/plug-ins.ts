import type { Config } from '@oclif/core';
import { shownPath } from '../../core/file-path.js';
import { formatTime } from '../../core/time.js';
import type { StapleToPush, TargetResult } from '../../servers/reload-result.js';

/** Whether a plug-in subscribes to oclif's custom hook `updated`. */
export function hasSubscribers(config: Config): boolean {
  return [...config.plugins.values()].some(({ hooks }) => hooks['updated'] !== undefined);
}

/**
 * Raises the hook `updated`, whose option `updated` lists the staples that changed in this run.
 *
 * @returns a failed target for each plug-in that failed
 */
export async function tellPlugIns(config: Config, changed: readonly StapleToPush[]): Promise<TargetResult[]> {
  // Errors are captured, so that a plug-in that calls this.exit() does not end the run while others are still told.
  const { failures } = await config.runHook('updated', { updated: changed.map(describe) }, undefined, true);
  return failures.map(({ error, plugin }) => failureOf(error, plugin.name));
}

/** One staple as a plug-in sees it in the hook `updated`; times are ISO 8601. */
function describe({ certificatePath, staplePath, certId, nextUpdate }: StapleToPush): Readonly<Record<string, string>> {
  return {
    certificate: shownPath(certificatePath),
    staple: shownPath(staplePath),
    serialNumber: certId.serialNumber,
    nextUpdate: formatTime(nextUpdate),
  };
}

function failureOf(error: unknown, plugin: string): TargetResult {
  const message = error instanceof Error ? error.message : String(error);
  const trouble = {
    code: 'command-failed',
    message: `the plug-in failed: ${message}`,
    hint: `check the plug-in ${plugin}; the staples are stored, and it will not be told about them again`,
  } as const;
  return { target: `hook:${plugin}`, ok: false, certificates: [], milliseconds: 0, error: trouble };
}
