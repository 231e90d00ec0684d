import type { Interfaces } from '@oclif/core';
import { parseConfirmPlace } from '../../pipeline/reload/confirm-place.js';
import { parseReloadTarget } from '../../servers/reload-target.js';
import type { Output } from '../output.js';
import { confirmPlaceInFolder } from '../config/file-folder.js';
import { fileFlag, listOf, positiveDurationFlag, textFlag } from './flag-kinds.js';

/** Flags of every command that may tell servers of new staples. */
export const announceFlags = {
  'dnsdist-key-file': fileFlag('the console key of dnsdist (setKey); or set RESTAPLE_DNSDIST_KEY', {
    section: 'dnsdist-key-file',
  }),
  'reload-timeout': positiveDurationFlag('for each answer of a reload target, and for its command', { default: '10s' }),
  confirm: listOf(
    textFlag('prove by a handshake that this server staples these very bytes', {
      helpValue: '<[CERT=]HOST:PORT[#SERVERNAME]>',
      section: 'confirm',
      inFolder: confirmPlaceInFolder,
      check: parseConfirmPlace,
    }),
  ),
};

export type AnnounceFlags = Interfaces.InferredFlags<typeof announceFlags>;

/** --reload of fetch and generate. */
export const reloadFlag = {
  reload: listOf(
    textFlag('tell this server of staples it has not taken yet; see: restaple reload --help', {
      helpValue: '<target>',
      section: 'reload',
      check: parseReloadTarget,
    }),
  ),
};

/** A staple in another hash than a target takes is fetched or signed as asked, but will not be served there. */
export function warnOfHash(hash: string, targets: readonly string[], output: Pick<Output, 'warn'>): void {
  if (hash === 'sha1') return;
  for (const text of new Set(targets)) {
    const { server } = parseReloadTarget(text);
    if (server.rules?.takesSha1Only !== true) continue;
    output.warn(`${server.name} takes staples with a SHA-1 CertID only: with --hash ${hash} ${text} will serve none`);
  }
}
