import { basename, dirname } from 'node:path';
import { definedOnly } from '../../core/defined-only.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { staplePlace } from '../../store/staple-location.js';
import type { Refresher } from './doctor-report.js';
import { textOfFile } from './host-files.js';
import { certbotTree, deployedStaples, renewalHooks, type RenewalHook } from './renewal-hooks.js';
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

/** Looks through what this host runs by itself, and what ACME clients run after a renewal. */
export async function findRefreshers(
  commands: readonly ScheduledCommand[],
  certificatesOfRun: CertificatesOfRun,
  root = '/',
): Promise<Refreshers> {
  const troubles: { where: string; message: string }[] = [];
  const ofWords = async (words: readonly string[], refresher: Omit<Refresher, 'by'>): Promise<FoundRefresher[]> => {
    const own = restapleWords(words);
    if (own === undefined) {
      const other = otherTool(words);
      return other === undefined ? [] : [{ refresher: { by: other.by, ...refresher }, covers: other.covers }];
    }
    try {
      const places = new Set((await certificatesOfRun(own)).map(({ staple }) => staplePlace(staple)));
      const covers = ({ staple }: StapleOwner): boolean => places.has(staplePlace(staple));
      return [{ refresher: { by: 'restaple', ...refresher }, covers }];
    } catch (error) {
      // What follows on more lines is where to find help.
      const [message = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      troubles.push({ where: refresher.where, message });
      return [];
    }
  };
  const found: FoundRefresher[] = [];
  for (const { text, where, when } of commands) {
    for (const words of [...commandsIn(text), ...commandsIn(scriptOf(text))]) {
      found.push(...(await ofWords(words, definedOnly({ where, when }))));
      for (const hook of hooksIn(words).flatMap(commandsIn)) {
        found.push(...(await ofHook(hook, { where, tree: certbotTree }, ofWords)));
      }
    }
  }
  for (const hook of renewalHooks(root)) {
    for (const words of [...commandsIn(hook.text), ...commandsIn(scriptOf(hook.text))]) {
      found.push(...(await ofHook(words, hook, ofWords)));
    }
  }
  for (const { certificate: deployed, where } of deployedStaples(root)) {
    const covers = ({ certificate }: StapleOwner): boolean => shownPath(certificate) === deployed;
    found.push({ refresher: { by: 'acme.sh', where, ...atRenewal }, covers });
  }
  return {
    troubles,
    of: (owner) => distinct(found.filter(({ covers }) => covers(owner)).map(({ refresher }) => refresher)),
  };
}

const atRenewal = { when: 'at each renewal', isAtRenewalOnly: true } as const;

/** What a command of a hook brings: the first staple of a certificate, and none after that. */
async function ofHook(
  words: readonly string[],
  { where, tree, certificates = [] }: { readonly where: string } & Partial<RenewalHook>,
  ofWords: (words: readonly string[], refresher: Omit<Refresher, 'by'>) => Promise<FoundRefresher[]>,
): Promise<FoundRefresher[]> {
  const own = restapleWords(words);
  if (own?.some((word) => word.includes('$')) !== true) return await ofWords(words, { where, ...atRenewal });
  // The client says for which certificate.
  const covers = ({ certificate }: StapleOwner): boolean => {
    const path = shownPath(certificate);
    if (certificates.length > 0) return certificates.includes(path);
    return tree !== undefined && path.startsWith(`${tree}/`);
  };
  return [{ refresher: { by: 'restaple', where, ...atRenewal }, covers }];
}

const hookFlags = new Set(['--deploy-hook', '--renew-hook', '--post-hook', '--run-hook', '--reloadcmd']);

/** The commands that the words of an ACME client name: `certbot renew --deploy-hook 'restaple fetch …'`. */
function hooksIn(words: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    const [, flag = '', value] = /^(--[\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
    return hookFlags.has(flag) ? [value ?? words[index + 1] ?? ''] : [];
  });
}

/** One entry for a file that says the same on several lines. */
function distinct(refreshers: readonly Refresher[]): Refresher[] {
  return [...new Map(refreshers.map((one) => [JSON.stringify(one), one])).values()];
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
  const script = textOfFile(first) ?? '';
  return script.startsWith('#!') ? script : '';
}
