import type { FilePath } from '../../core/file-path.js';
import type { Verdict } from '../../core/index.js';
import type { SourceTraits } from '../../source/named-source.js';
import type { TargetResult } from '../../servers/reload-result.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import type { AnnounceFlags } from '../flags/reload-flags.js';

/** Gathers the staples of a run, tells servers once at its end, and proves what --confirm asks for. */
export interface ReloadAtEnd {
  /** A staple that is on disk by now, with its verdict; only good ones are told. */
  take(
    certificate: FilePath,
    staple: FilePath | undefined,
    verdict: Verdict | undefined,
    isChanged: boolean,
    own?: OwnLists,
  ): Promise<void>;
  /** Tells, proves and reports, unless the run was interrupted before or is meanwhile. */
  finish(): Promise<ReloadedAtEnd>;
}

/** What a source of the configuration says of its certificates, instead of the flags. */
export type OwnLists = Pick<SourceTraits, 'reload' | 'confirm'>;

/** Who is told beside those that the flags name, and whose flags these are. */
export interface ReloadPlan {
  readonly sources: readonly OwnLists[];
  /** --reload stands in the configuration file, for all its certificates: what a target of it does not serve is skipped. */
  readonly isOfFile: boolean;
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
