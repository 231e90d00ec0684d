import { accessSync, constants } from 'node:fs';
import { OcspError } from '../../core/index.js';
import { folderOf, shownPath, type FilePath } from '../../core/file-path.js';
import { listCertificates } from '../../source/certificate-list.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import { readListed } from '../../source/folder-member.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import type { NamedSource } from '../../source/named-source.js';
import { readConsoleKeyFile } from '../../servers/dnsdist/key.js';
import { parseReloadTarget, targetMistake } from '../../servers/reload-target.js';
import { fileKindAt, programProblem } from '../../system/file-kind.js';
import { splitWords } from '../../system/shell-words.js';
import { requestSignerFrom } from '../fetch/request-signer.js';
import { runLockPlace } from '../fetch/run-lock-place.js';
import type { Configuration } from './configuration.js';
import type { Problem } from './configuration-error.js';
import type { Setting, Settings } from './settings.js';

/** The process as far as a run depends on it. */
type NeedsProcess = Pick<NodeJS.Process, 'env' | 'geteuid'>;

/** What a run of `fetch` with this configuration would miss: files, folders, keys and programs, each where it is named. */
export async function missingNeeds(
  { file, isEmpty, sources, sourceLines }: Configuration,
  settings: Settings,
  process: NeedsProcess,
): Promise<Problem[]> {
  if (isEmpty)
    return [{ line: 1, text: 'the file says nothing, expected a mapping such as certificates: [/etc/haproxy/certs]' }];
  const problems: Problem[] = [];
  const out = settings.get('out')?.value as string | undefined;
  for (const [index, source] of sources.entries()) {
    const line = sourceLines[index];
    for (const text of await problemsOfSource(source, out)) problems.push({ line, text: `certificates: ${text}` });
  }
  for (const [name, check] of Object.entries(checks)) {
    const setting = settings.get(name);
    for (const [index, text] of (setting?.texts ?? []).entries()) {
      const found = await sentenceOf(() => check(text, process, settings));
      if (found !== undefined) problems.push(placed(setting, index, found));
    }
  }
  const lock = settings.get('lock')?.value as string | undefined;
  const place = await sentenceOf(() => {
    runLockPlace({ lock, configPath: file }, process.env, process.geteuid?.() ?? 0);
    return undefined;
  });
  if (place !== undefined) problems.push({ text: place });
  return problems;
}

/** The problem where its text stands. */
function placed(setting: Setting | undefined, index: number, text: string): Problem {
  const { origin, written } = setting ?? {};
  if (written !== undefined) return { line: written.lines[index], text: `${written.place}: ${text}` };
  return { text: origin?.kind === 'environment' ? `${origin.variable}: ${text}` : text };
}

type Check = (
  text: string,
  process: NeedsProcess,
  settings: Settings,
) => string | undefined | Promise<string | undefined>;

const hook: Check = (text, { env }) => {
  const [program] = splitWords(text) ?? [];
  return program === undefined ? undefined : programProblem(program, env['PATH']);
};

/** By flag: why a text of it would be of no use to a run, a sentence. */
const checks: Readonly<Record<string, Check>> = {
  issuer: async (path) => {
    await createIssuerFinder([path]).sources();
    return undefined;
  },
  'trusted-responder': async (path) => {
    await readCertificateFile(path);
    return undefined;
  },
  'sign-with': async (path, _process, settings) => {
    const textOf = (name: string): string | undefined => settings.get(name)?.texts?.[0];
    const files = { certificate: path, key: textOf('sign-key'), passphrase: textOf('passphrase-file') };
    await requestSignerFrom(files, () => undefined);
    return undefined;
  },
  'dnsdist-key-file': (path) => {
    readConsoleKeyFile(path);
    return undefined;
  },
  out: placeProblem,
  metrics: fileProblem,
  lock: (path, { env, geteuid }) =>
    runLockPlace({ lock: path }, env, geteuid?.() ?? 0)?.makesFolder === true ? undefined : fileProblem(path),
  reload: (text, { env }, settings) => {
    const target = parseReloadTarget(text);
    const hasKey = settings.get('dnsdist-key-file')?.value !== undefined || env['RESTAPLE_DNSDIST_KEY'] !== undefined;
    if (target.server.needsKey === true && !hasKey) return `${text} wants its console key: set dnsdist-key-file`;
    return targetMistake(target, env);
  },
  'on-updated': hook,
  'on-failed': hook,
  'on-revoked': hook,
};

async function problemsOfSource(source: NamedSource, usualOut: string | undefined): Promise<string[]> {
  const problems: string[] = [];
  const folders = new Set<string>();
  const { out } = source;
  let certificates = 0;
  const note = (problem: string | undefined): void => {
    if (problem !== undefined) problems.push(problem);
  };
  note(
    await sentenceOf(async () => {
      const list = await listCertificates([source]);
      for (let index = 0; index < list.length; index += 1) {
        const listed = list.at(index);
        const problem = await sentenceOf(() => {
          const found = readListed(listed);
          if (found !== undefined) folders.add(shownPath(folderOf(listed.path)));
          certificates += found === undefined ? 0 : 1;
          return undefined;
        });
        note(problem);
      }
      return undefined;
    }),
  );
  const name = shownPath('crtList' in source ? source.crtList : source.path);
  if (certificates === 0 && problems.length === 0) note(`there is no certificate in ${name}`);
  if (out !== undefined) note(placeProblem(out));
  else if (usualOut === undefined) for (const folder of folders) note(folderProblem(folder));
  return problems;
}

/** Of a template for staples: its folder, as far as that is the same for all. */
function placeProblem(out: string): string | undefined {
  if (out.startsWith('{')) return undefined;
  const fixed = out.split('{', 1)[0] ?? '';
  const isFolder = fileKindAt(out) === 'a folder' || fixed.endsWith('/');
  return folderProblem(isFolder ? fixed : folderOf(fixed));
}

function fileProblem(path: string): string | undefined {
  const kind = fileKindAt(path);
  return kind === undefined || kind === 'a file' ? folderProblem(folderOf(path)) : `${path} is ${kind}, not a file`;
}

/** Why no file can be made in a folder. */
function folderProblem(folder: FilePath): string | undefined {
  const name = shownPath(folder).replace(/(?<=.)\/+$/, '');
  const kind = fileKindAt(folder);
  if (kind === undefined) return `the folder ${name} does not exist`;
  if (kind !== 'a folder') return `${name} is ${kind}, not a folder`;
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return `this user may not write in ${name}`;
  }
}

/** What the check says, or the message of the OcspError that it throws. */
async function sentenceOf(check: () => string | undefined | Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof OcspError) return error.message;
    throw error;
  }
}
