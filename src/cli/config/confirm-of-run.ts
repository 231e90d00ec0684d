import { resolve } from 'node:path';
import { shownPath, type FilePath } from '../../core/file-path.js';
import type { Setting } from './merge-settings.js';

/**
 * The places of --confirm that are about certificates of this run. On the command line another certificate is a mistake,
 * heard of later. A file speaks of all certificates of the machine: a run for one of them, as from a deploy hook, proves
 * that one alone, by whatever name it has on the command line.
 */
export function confirmOfRun(
  texts: readonly string[],
  setting: Setting | undefined,
  certificates: readonly FilePath[],
): string[] {
  if (setting?.origin.kind !== 'file') return [...texts];
  const names = new Map(certificates.map((path) => [resolve(shownPath(path)), shownPath(path)]));
  return texts.flatMap((text) => {
    const equals = text.split('#', 1)[0]?.lastIndexOf('=') ?? -1;
    if (equals < 0) return [text];
    const name = names.get(resolve(text.slice(0, equals)));
    return name === undefined ? [] : [name + text.slice(equals)];
  });
}
