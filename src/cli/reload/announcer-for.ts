import type { Config } from '@oclif/core';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { OcspError, type Verdict } from '../../core/index.js';
import { stapleToPush } from '../../pipeline/reload/staple-to-push.js';
import type { TargetResult } from '../../servers/reload-result.js';
import type { Announcer } from './announcer.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import type { Interrupt } from '../interrupt.js';
import type { Output } from '../output.js';
import type { AnnounceFlags } from '../flags/reload-flags.js';

/** What a run needs of telling servers; does nothing where nobody is to be told. */
export interface RunAnnouncer {
  /** A staple that is on disk by now, with its verdict; only good ones are told. */
  take(
    certificate: FilePath,
    staple: FilePath | undefined,
    verdict: Verdict | undefined,
    isChanged: boolean,
  ): Promise<void>;
  /** Tells and proves at the end of the run. Throws OcspError `interrupted`. */
  finish(): Promise<Announced>;
}

/** What became of the targets, in the order of the flags. */
export interface Announced {
  readonly results: readonly TargetResult[];
  readonly exitCode: ExitCode;
}

const nothing: Announced = { results: [], exitCode: exitCodes.success };

const nobody: RunAnnouncer = { take: () => Promise.resolve(), finish: () => Promise.resolve(nothing) };

/** Tells, unless the run was interrupted before or is while it tells. */
export async function uninterrupted(interrupt: Interrupt, tell: () => Promise<Announced>): Promise<Announced> {
  if (interrupt.signal.aborted) return nothing;
  try {
    return await tell();
  } catch (error) {
    if (interrupt.exitCode() === undefined || !(error instanceof OcspError)) throw error;
    return nothing;
  }
}

/**
 * The announcer for these flags. The code behind it is loaded only where somebody has to be told.
 *
 * @throws OcspError `usage`, and what reading the dnsdist key can throw
 */
export async function announcerFor(
  config: Config,
  flags: AnnounceFlags & { readonly reload: readonly string[]; readonly at?: Date | undefined },
  certificates: () => readonly FilePath[],
  signal: AbortSignal,
  output: Output,
): Promise<RunAnnouncer> {
  if (flags.reload.length === 0 && flags.confirm.length === 0 && config.plugins.size <= 1) return nobody;
  const { createAnnouncer, exitCodeOfTargets } = await import('./announcer.js');
  const announcer: Announcer = createAnnouncer(config, flags, certificates, signal, output);
  if (!announcer.isNeeded) return nobody;
  let lost = false;
  return {
    take: async (certificate, path, verdict, isChanged) => {
      if (path === undefined) return;
      try {
        const staple = await stapleToPush(certificate, path, verdict, isChanged);
        if (staple !== undefined) await announcer.take(staple);
      } catch (error) {
        // Files that changed under the run: one certificate must not keep the servers from hearing of the others.
        if (!(error instanceof OcspError)) throw error;
        lost = true;
        output.say(`${shownPath(certificate)}: no server can be told: ${error.message}`);
        output.hint(error.hint);
      }
    },
    finish: async () => {
      const results = await announcer.finish();
      return { results, exitCode: lost ? exitCodes.reloadFailed : exitCodeOfTargets(results) };
    },
  };
}
