import type { Config } from '@oclif/core';
import type { FilePath } from '../../core/file-path.js';
import type { Verdict } from '../../core/index.js';
import type { TargetResult } from '../../servers/reload-result.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import type { AnnounceFlags } from '../flags/reload-flags.js';
import type { Interrupt } from '../interrupt.js';
import type { Output } from '../output.js';

/** Gathers the staples of a run, tells servers once at its end, and proves what --confirm asks for. */
export interface ReloadAtEnd {
  /** A staple that is on disk by now, with its verdict; only good ones are told. */
  take(
    certificate: FilePath,
    staple: FilePath | undefined,
    verdict: Verdict | undefined,
    isChanged: boolean,
  ): Promise<void>;
  /** Tells, proves and reports, unless the run was interrupted before or is meanwhile. */
  finish(): Promise<ReloadedAtEnd>;
}

/** What became of the targets, in the order of the flags. */
export interface ReloadedAtEnd {
  readonly results: readonly TargetResult[];
  readonly exitCode: ExitCode;
}

/** The flags of a run that may tell servers. */
export type ReloadAtEndFlags = AnnounceFlags & {
  readonly reload: readonly string[];
  readonly at?: Date | undefined;
};

export const nobodyTold: ReloadedAtEnd = { results: [], exitCode: exitCodes.success };

/**
 * Does nothing where nobody has to be told: the code behind it is loaded only where somebody has.
 *
 * @throws OcspError `usage`, and what reading the dnsdist key can throw: before any traffic
 */
export async function reloadAtEnd(
  config: Config,
  flags: ReloadAtEndFlags,
  certificates: () => readonly FilePath[],
  interrupt: Interrupt,
  output: Output,
): Promise<ReloadAtEnd> {
  const nobody = { take: () => Promise.resolve(), finish: () => Promise.resolve(nobodyTold) };
  if (flags.reload.length === 0 && flags.confirm.length === 0 && config.plugins.size <= 1) return nobody;
  const { gatherAndTell } = await import('./gather-and-tell.js');
  return gatherAndTell(config, flags, certificates, interrupt, output) ?? nobody;
}
