import { OcspError } from '../core/ocsp-error.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { isTrustedOwner } from '../system/owner-and-mode.js';
import type { OwnProcess } from './lock-holder.js';
import { replaceFile } from './replace-file.js';
import type { StapleTarget } from './staple-target.js';
import type { CurrentFile } from './written-kind.js';
import { unsafe } from './store-error.js';

/** node_exporter runs as a user of its own. */
const readableByAll = 0o644;

/**
 * Replaces a metrics file in one step, mode 0644: its reader sees the old text or the new one, whole. The rules for
 * links and the temporary dot file in the same folder are those of a staple (node_exporter reads only `*.prom`). Nothing
 * is flushed to disk: figures that a crash takes are stale, and the next run writes them again.
 *
 * @param pieces the text, beginning with the HELP line of a metric named `restaple_…`
 * @throws OcspError `metrics-unwritable`; the old file is untouched then
 */
export async function replaceMetricsFile(
  path: FilePath,
  pieces: Iterable<string>,
  ownProcess: OwnProcess,
): Promise<void> {
  const judgeLinked = (target: StapleTarget, current: CurrentFile): void =>
    requireTrustedTarget(target, current, ownProcess);
  try {
    await replaceFile({
      ...{ path, kind: 'metrics', pieces, ownProcess, judgeLinked },
      decide: () => 'write',
      mode: readableByAll,
      durable: false,
    });
  } catch (error) {
    throw inOwnWords(error);
  }
}

/** Through a link only a file of root or of this user is replaced. */
function requireTrustedTarget({ link, path }: StapleTarget, { status }: CurrentFile, own: OwnProcess): void {
  if (link === undefined || status === undefined || isTrustedOwner(status.uid, own.effectiveUserId)) return;
  const why = `it is a symbolic link to ${shownPath(path)}, which belongs to user ${status.uid}`;
  throw unsafe(link, why, 'name the file itself with --out');
}

/** The store speaks of staples and --out; this file has a code and a flag of its own. */
function inOwnWords(error: unknown): unknown {
  if (!(error instanceof OcspError) || error.kind !== 'store') return error;
  const message = error.message.replace('; what was stored is untouched', '; the old figures stay');
  const hint = error.hint.replace(' with --out', ' with --metrics');
  return new OcspError('metrics-unwritable', message, hint, { cause: error });
}
