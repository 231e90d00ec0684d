import type { Config } from '@oclif/core';
import type { FilePath } from '../core/file-path.js';
import type { Verdict } from '../core/index.js';
import type { TargetResult } from '../reload/reload-result.js';
import type { Announcer } from './announcer.js';
import { exitCodes, type ExitCode } from './exit-code.js';
import type { Output } from './output.js';
import type { AnnounceFlags } from './reload-flags.js';

/** What a run needs of telling servers; does nothing where nobody is to be told. */
export interface RunAnnouncer {
  /** A staple that is on disk by now, with its verdict; only good ones are told. */
  take(
    certificate: FilePath,
    staple: FilePath | undefined,
    verdict: Verdict | undefined,
    isChanged: boolean,
  ): Promise<void>;
  /** Tells and proves at the end of the run. */
  finish(): Promise<{ readonly results: readonly TargetResult[]; readonly exitCode: ExitCode }>;
}

const nobody: RunAnnouncer = {
  take: () => Promise.resolve(),
  finish: () => Promise.resolve({ results: [], exitCode: exitCodes.success }),
};

/** The announcer for these flags. The code behind it is loaded only where somebody has to be told. */
export async function announcerFor(
  config: Config,
  flags: AnnounceFlags & { readonly reload: readonly string[]; readonly at?: Date | undefined },
  signal: AbortSignal,
  output: Output,
): Promise<RunAnnouncer> {
  if (flags.reload.length === 0 && flags.confirm.length === 0 && config.plugins.size <= 1) return nobody;
  const [{ createAnnouncer, exitCodeOfTargets }, { stapleToPush }] = await Promise.all([
    import('./announcer.js'),
    import('../pipeline/reload/staple-to-push.js'),
  ]);
  const announcer: Announcer = createAnnouncer(config, flags, signal, output);
  if (!announcer.isNeeded) return nobody;
  return {
    take: async (certificate, path, verdict, isChanged) => {
      if (path === undefined) return;
      const staple = await stapleToPush(certificate, path, verdict, isChanged);
      if (staple !== undefined) await announcer.take(staple);
    },
    finish: async () => {
      const results = await announcer.finish();
      return { results, exitCode: exitCodeOfTargets(results) };
    },
  };
}
