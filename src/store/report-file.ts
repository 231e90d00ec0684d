import { OcspError } from '../core/ocsp-error.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { isTrustedOwner } from '../system/owner-and-mode.js';
import type { OwnProcess } from './lock-holder.js';
import { replaceFile } from './replace-file.js';
import type { StapleTarget } from './staple-target.js';
import type { CurrentFile } from './written-kind.js';
import { unsafe } from './store-error.js';

/** Others read it: node_exporter and web servers run as users of their own. */
const readableByAll = 0o644;

/** What there is to write for others to read; each has an error code and a flag of its own. */
export type ReportKind = 'metrics' | 'page';

const words = {
  metrics: { code: 'metrics-unwritable', flag: '--metrics', old: 'the old figures stay' },
  page: { code: 'page-unwritable', flag: '--html', old: 'the old page stays' },
} as const;

/** A report for others to read. */
export interface Report {
  readonly path: FilePath;
  readonly kind: ReportKind;
  /** The text. Metrics begin with the HELP line of a metric named `restaple_…`, a page with {@link beginningOfPages}. */
  readonly pieces: Iterable<string>;
}

/**
 * Replaces a report in one step, mode 0644: its reader sees the old text or the new one, whole. The rules for links and
 * the temporary dot file in the same folder are those of a staple (node_exporter reads only `*.prom`). Nothing is flushed
 * to disk: what a crash takes is stale, and the next run writes it again.
 *
 * @throws OcspError `metrics-unwritable`, `page-unwritable`; the old file is untouched then
 */
export async function replaceReport({ path, kind, pieces }: Report, ownProcess: OwnProcess): Promise<void> {
  const judgeLinked = (target: StapleTarget, current: CurrentFile): void =>
    requireTrustedTarget(target, current, ownProcess);
  try {
    await replaceFile({
      ...{ path, kind, pieces, ownProcess, judgeLinked },
      decide: () => 'write',
      mode: readableByAll,
      durable: false,
    });
  } catch (error) {
    throw inOwnWords(error, kind);
  }
}

/** Through a link only a file of root or of this user is replaced. */
function requireTrustedTarget({ link, path }: StapleTarget, { status }: CurrentFile, own: OwnProcess): void {
  if (link === undefined || status === undefined || isTrustedOwner(status.uid, own.effectiveUserId)) return;
  const why = `it is a symbolic link to ${shownPath(path)}, which belongs to user ${status.uid}`;
  throw unsafe(link, why, 'name the file itself with --out');
}

/** The store speaks of staples and --out. */
function inOwnWords(error: unknown, kind: ReportKind): unknown {
  if (!(error instanceof OcspError) || error.kind !== 'store') return error;
  const { code, flag, old } = words[kind];
  const message = error.message.replace('; what was stored is untouched', `; ${old}`);
  const hint = error.hint.replace(' with --out', ` with ${flag}`);
  return new OcspError(code, message, hint, { cause: error });
}
