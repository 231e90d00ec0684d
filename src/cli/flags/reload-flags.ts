import type { Interfaces } from '@oclif/core';
import { parseConfirmPlace } from '../../pipeline/reload/confirm-place.js';
import { OcspError } from '../../core/index.js';
import { parseReloadTarget, toldServers, type ReloadTarget } from '../../servers/reload-target.js';
import type { Output } from '../output.js';
import { confirmPlaceInFolder } from '../config/file-folder.js';
import { inGroup } from './flag-groups.js';
import { nearestWord } from './nearest-word.js';
import { choiceFlag, fileFlag, listOf, positiveDurationFlag, switchFlag, textFlag } from './flag-kinds.js';

/** How haproxy loads certificates. */
export const haproxyFlags = inGroup('servers', {
  'haproxy-config': listOf(
    fileFlag('a file that haproxy is started with: it says where haproxy reads each staple from'),
  ),
});

/** Flags of every command that may tell servers of new staples. */
export const announceFlags = inGroup('servers', {
  confirm: listOf(
    textFlag(
      'connect to this server and check that it sends exactly this staple; in full [CERT=]HOST:PORT[#SERVERNAME]',
      {
        helpValue: '<host:port>',
        section: 'confirm',
        inFolder: confirmPlaceInFolder,
        check: parseConfirmPlace,
        summary: 'check by a handshake that it sends them',
      },
    ),
  ),
  starttls: choiceFlag(['smtp', 'imap'])('speak this protocol first, with --confirm'),
  'reload-timeout': positiveDurationFlag('how long to wait for each answer from a reload target, and for its command', {
    default: '10s',
  }),
  ...haproxyFlags,
  'take-over': switchFlag('push a staple that haproxy fetches itself (ocsp-update on) where its own fetching fails'),
  'dnsdist-key-file': fileFlag('the console key of dnsdist (setKey); or set RESTAPLE_DNSDIST_KEY', {
    section: 'dnsdist-key-file',
  }),
});

export type AnnounceFlags = Interfaces.InferredFlags<typeof announceFlags>;

/** --reload of fetch and generate. */
export const reloadFlag = inGroup('servers', {
  reload: listOf(
    textFlag('tell this server about each staple that it does not have yet; for targets see: restaple reload --help', {
      helpValue: '<target>',
      section: 'reload',
      check: reloadTargetFrom,
      summary: 'tell this server about new staples',
    }),
  ),
});

/** The target of these words, with the server that was probably meant where there is none of that name. Throws OcspError `usage`. */
export function reloadTargetFrom(text: string): ReloadTarget {
  try {
    return parseReloadTarget(text);
  } catch (error) {
    const [name = ''] = text.split(':', 1);
    const names = toldServers.map((server) => server.name);
    const meant = names.includes(name) ? undefined : nearestWord(name, names);
    if (!(error instanceof OcspError) || meant === undefined) throw error;
    const hint = `did you mean ${meant}${text.slice(name.length)}? see: restaple reload --help`;
    throw new OcspError('usage', error.message, hint, { cause: error });
  }
}

const takingSha1Only = toldServers.filter(({ rules }) => rules?.takesSha1Only === true).map(({ name }) => name);

/** What --hash is for. */
export const hashDescription = `the hash of the CertID; ${takingSha1Only.join(' and ')} take only sha1`;

/**
 * Warns of targets that will not serve staples in the hash that is asked for; they are fetched or signed as asked all the
 * same. Each target is warned of once.
 */
export function createHashWarning(hash: string, output: Pick<Output, 'warn'>): (targets: readonly string[]) => void {
  const known = new Set<string>();
  return (targets) => {
    if (hash === 'sha1') return;
    for (const text of targets) {
      const { server } = parseReloadTarget(text);
      if (known.has(text) || server.rules?.takesSha1Only !== true) continue;
      known.add(text);
      output.warn(`${server.name} takes staples with a SHA-1 CertID only: with --hash ${hash} ${text} will serve none`);
    }
  };
}
