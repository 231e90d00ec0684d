import { basename, dirname, join } from 'node:path';
import type { FilePath } from '../../core/file-path.js';
import { shownPath } from '../../core/file-path.js';
import { readRegularFile } from '../../system/read-file.js';
import { unlessRefused } from '../../system/system-error.js';
import { staplePlace } from '../../store/staple-location.js';
import type { Refresher } from './doctor-report.js';
import { commandsIn, restapleWords, type ScheduledCommand } from './scheduled-commands.js';

/** A certificate that a run of `fetch` takes, and where its staple goes. */
export interface RunCertificate {
  readonly certificate: FilePath;
  readonly staple: FilePath;
}

/** What a run of `fetch` with these words would take; rejects where its words or its configuration are wrong. */
export type CertificatesOfRun = (words: readonly string[]) => Promise<readonly RunCertificate[]>;

/** Whose staple it is. */
export interface StapleOwner {
  readonly certificate: FilePath;
  readonly staple: FilePath;
}

/** Who refreshes which staples of this host. */
export interface Refreshers {
  of(owner: StapleOwner): readonly Refresher[];
  /** Commands of restaple whose certificates could not be told, and why. */
  readonly troubles: readonly { readonly where: string; readonly message: string }[];
}

/** One command, and what it refreshes. */
interface FoundRefresher {
  readonly refresher: Refresher;
  readonly covers: (owner: StapleOwner) => boolean;
}

/** Looks through what this host runs by itself. */
export async function findRefreshers(
  commands: readonly ScheduledCommand[],
  certificatesOfRun: CertificatesOfRun,
  root = '/',
): Promise<Refreshers> {
  const found: FoundRefresher[] = [];
  const troubles: { where: string; message: string }[] = [];
  for (const { text, where, when } of [...commands, ...renewalHooks(root)]) {
    for (const words of [...commandsIn(text), ...commandsIn(scriptOf(text))]) {
      const schedule = when === undefined ? {} : { when };
      const own = restapleWords(words);
      if (own === undefined) {
        const other = otherTool(words);
        if (other !== undefined) found.push({ refresher: { by: other.by, where, ...schedule }, covers: other.covers });
        continue;
      }
      const refresher = { by: 'restaple', where, ...schedule };
      if (when === atRenewal) {
        found.push({ refresher: { ...refresher, isAtRenewalOnly: true }, covers: isOfCertbot });
        continue;
      }
      try {
        const places = new Set((await certificatesOfRun(own)).map(({ staple }) => staplePlace(staple)));
        found.push({ refresher, covers: ({ staple }) => places.has(staplePlace(staple)) });
      } catch (error) {
        // What follows on more lines is where to find help.
        const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
        troubles.push({ where, message });
      }
    }
  }
  return {
    troubles,
    of: (owner) => found.filter(({ covers }) => covers(owner)).map(({ refresher }) => refresher),
  };
}

const atRenewal = 'at each renewal';

/** What certbot runs after a renewal: it brings the first staple of a certificate, and none after that. */
function renewalHooks(root: string): ScheduledCommand[] {
  const file = join(root, 'etc/letsencrypt/renewal-hooks/deploy/restaple-deploy-hook');
  return textOf(file) === '' ? [] : [{ text: 'restaple fetch', where: file, when: atRenewal }];
}

function isOfCertbot({ certificate }: StapleOwner): boolean {
  return shownPath(certificate).startsWith('/etc/letsencrypt/live/');
}

/** Other programs that are known to write staples, and which ones by their words. */
function otherTool(words: readonly string[]): (Pick<FoundRefresher, 'covers'> & { readonly by: string }) | undefined {
  const index = words.findIndex((word) => otherTools.has(nameOf(word)));
  const by = nameOf(words[index] ?? '');
  const rule = otherTools.get(by);
  if (rule === undefined) return undefined;
  const own = words.slice(index + 1);
  return { by, covers: (owner) => rule(own, owner) };
}

type CoverRule = (words: readonly string[], owner: StapleOwner) => boolean;

const valueOf = (words: readonly string[], ...names: readonly string[]): string | undefined => {
  const index = words.findIndex((word) => names.includes(word.replace(/=.*$/, '')));
  const word = words[index];
  return word?.includes('=') === true ? word.slice(word.indexOf('=') + 1) : words[index + 1];
};

const isIn = (folder: string | undefined, path: FilePath): boolean =>
  dirname(shownPath(path)) === folder?.replace(/\/$/, '');

const otherTools: ReadonlyMap<string, CoverRule> = new Map<string, CoverRule>([
  ['hapos-upd', (words, { certificate }) => valueOf(words, '--cert') === shownPath(certificate)],
  ['certbot-ocsp-fetcher', (words, { staple }) => isIn(valueOf(words, '-o', '--output-dir'), staple)],
  [
    'openssl',
    (words, { staple }) => words[0] === 'ocsp' && valueOf(words, '-respout', '--respout') === shownPath(staple),
  ],
  ['cert-staple', (words, { staple }) => words.includes(shownPath(staple))],
  ['dehydrated', (_words, { staple }) => basename(shownPath(staple)) === 'ocsp.der'],
  ['stapled', (words, { certificate }) => words.some((word) => isIn(word, certificate))],
]);

function nameOf(word: string): string {
  return basename(word).replace(/\.(?:sh|py|pl)$/, '');
}

/** The text of the script that a command runs, where its first word is one. */
function scriptOf(text: string): string {
  const [first = ''] = commandsIn(text)[0] ?? [];
  if (!first.startsWith('/')) return '';
  const script = textOf(first);
  return script.startsWith('#!') ? script : '';
}

/** Empty where there is no such text, or this user may not read it. */
function textOf(file: string): string {
  return unlessRefused(() => {
    const { bytes = new Uint8Array() } = readRegularFile(file, { limit: 256 * 1024 });
    return Buffer.from(bytes).toString('utf8');
  }, '');
}
