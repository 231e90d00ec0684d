import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { asPath, shownPath, type FilePath } from '../../core/file-path.js';
import { numberedLines } from '../../system/numbered-lines.js';
import { readRegularFile } from '../../system/read-file.js';
import type { PushResult, StapleToPush } from '../reload-result.js';
import type { ServerTools } from '../server.js';
import { askedOnce } from './asked-once.js';
import type { LoadedCertificates } from './certificates.js';
import { configuredAs, isSameFile, lineWithStaple, type ConfiguredCertificate } from './configuration.js';
import { crtListEntry, looksBeside, quotedWord, valueOf } from './configuration-words.js';
import { escapedArgument, type HaproxySession } from './session.js';

/** Where a haproxy reads its staples from when it starts or reloads. */
export interface NextStart {
  /**
   * What is to be said of a staple that it has taken, and will not find then.
   *
   * @param name what haproxy calls the certificate, where it says it
   */
  remarkOn(staple: StapleToPush, name: string | undefined): Promise<Remark | undefined>;
}

type Remark = Pick<PushResult, 'code' | 'message' | 'hint'>;

/** A line of a crt-list that the socket names; `text` is that of the file. */
interface ShownLine {
  readonly file: string;
  readonly number: number;
  readonly text: () => string | undefined;
}

/** By the configuration where it was named, else by what the socket shows: names of certificates and crt-stores, crt-lists. */
export function nextStartOf(
  session: HaproxySession,
  certificates: LoadedCertificates,
  configuration: ServerTools['haproxyConfiguration'],
): NextStart {
  const shownLines = askedOnce(() => linesOfLists(session));
  return {
    async remarkOn(staple, name) {
      const known = configuration?.();
      if (known !== undefined) {
        const loaded = configuredAs(known, staple.certificatePath);
        const entry = loaded.find((one) => one.name === name) ?? loaded[0];
        return entry === undefined ? notConfigured : remarkByConfiguration(staple, entry);
      }
      if (name === undefined) {
        // haproxy 2.x does not say it: it is asked for only where something may be wrong.
        const isBeside = shownPath(staple.staplePath) === `${shownPath(staple.certificatePath)}.ocsp`;
        return isBeside ? undefined : remarkOnPlace(staple, (await certificates.find(staple))?.name);
      }
      if (name.startsWith('@')) return remarkOnStore(staple, name);
      const line = (await shownLines()).get(name);
      return line === undefined ? remarkOnPlace(staple, name) : remarkOnList(staple, name, line);
    },
  };
}

const notConfigured: Remark = {
  message:
    'no file of --haproxy-config loads this certificate: whether haproxy finds its staple at the next start is not known',
};

/** What is wrong with where haproxy reads the staple of a certificate from, by its configuration; undefined where nothing is. */
export function remarkByConfiguration(
  { staplePath }: Pick<StapleToPush, 'staplePath'>,
  entry: ConfiguredCertificate,
): Remark | undefined {
  const { line, name } = entry;
  if (entry.staplePath === undefined) {
    const where = `${shownPath(line.file)}:${line.number}`;
    const change = line.kind === 'bind' ? 'set in its global section' : `change ${where} to`;
    return gone(
      `haproxy reads no staple for ${name} when it starts or reloads (${where})`,
      `${change}: ${shown(lineWithStaple(entry, resolved(staplePath)))}`,
    );
  }
  if (isSameFile(entry.staplePath, staplePath)) return undefined;
  return gone(
    `haproxy reads the staple of ${name} from ${shownPath(entry.staplePath)} when it starts or reloads`,
    'fetch with --haproxy-config, which puts the staple there',
  );
}

/** Of a certificate with a name that is a file here: haproxy reads the staple beside it, unless told otherwise. */
function remarkOnPlace({ staplePath }: StapleToPush, name: string | undefined): Remark | undefined {
  if (name?.startsWith('/') !== true || !existsSync(Buffer.from(name, 'latin1'))) return undefined;
  const beside = [name, name.replace(/\.[^./]*$/, '')].map((stem) => asPath(Buffer.from(`${stem}.ocsp`, 'latin1')));
  if (beside.some((path) => isSameFile(path, staplePath))) return undefined;
  return gone(
    `unless its configuration names ${shownPath(staplePath)}, haproxy reads the staple of ${shown(name)} from ${shown(name)}.ocsp when it starts or reloads`,
    'fetch with --haproxy-config, which puts the staple where haproxy reads it',
  );
}

function remarkOnStore({ staplePath }: StapleToPush, name: string): Remark {
  return gone(
    `haproxy loads this certificate from a crt-store (${shown(name)}), where it reads a staple only by the option ocsp`,
    `check the line of the crt-store with --haproxy-config FILE, or add to it: ocsp ${quotedWord(shownPath(staplePath))}`,
  );
}

function remarkOnList(
  { staplePath }: StapleToPush,
  name: string,
  { file, number, text: textOf }: ShownLine,
): Remark | undefined {
  const text = textOf();
  const entry = crtListEntry(text ?? '');
  if (text === undefined || entry === undefined || looksBeside(entry.options)) return undefined;
  const path = asPath(Buffer.from(file, 'latin1'));
  const named = valueOf(entry.options, 'ocsp');
  // A relative name counts from a folder that nobody tells.
  if (named !== undefined && !named.startsWith('/')) return undefined;
  const line = { file: path, number, text, kind: 'crt-list' } as const;
  return remarkByConfiguration(
    { staplePath },
    {
      name: shown(name),
      path: asPath(Buffer.from(name, 'latin1')),
      staplePath: named === undefined ? undefined : asPath(Buffer.from(named, 'latin1')),
      needsStapleFile: named !== undefined,
      isOwnUpdate: false,
      line,
    },
  );
}

function gone(message: string, hint: string): Remark {
  return { code: 'gone-with-reload', message: `${message}: this staple is then gone`, hint };
}

/** Lines of the crt-lists that it runs with, by the names of their certificates; the socket does not show the options that name files. */
export async function linesOfLists(session: HaproxySession): Promise<ReadonlyMap<string, ShownLine>> {
  const lines = new Map<string, ShownLine>();
  const lists = (await session.ask('show ssl crt-list')).split('\n').filter((name) => name.startsWith('/'));
  for (const file of lists) {
    const argument = escapedArgument(file);
    if (argument === undefined) continue;
    // Read only for whoever asks for a text: the name comes from the socket.
    let texts: ReadonlyMap<number, string> | undefined;
    const textOf = (line: number): string | undefined => (texts ??= textsOf(file)).get(line);
    const shownList = await session.ask(`show ssl crt-list -n ${argument}`);
    for (const [, name = '', number] of shownList.matchAll(/^(.+?):(\d+)(?: |$)/gm)) {
      lines.set(name, { file, number: Number(number), text: () => textOf(Number(number)) });
    }
  }
  return lines;
}

/** None where this process cannot read it, as where haproxy has another root. */
function textsOf(file: string): ReadonlyMap<number, string> {
  try {
    const { bytes = new Uint8Array() } = readRegularFile(asPath(Buffer.from(file, 'latin1')), { limit: largestList });
    return new Map(numberedLines(bytes));
  } catch {
    return new Map();
  }
}

/** Far beyond any crt-list, in octets. */
const largestList = 64 * 1024 * 1024;

function resolved(path: FilePath): FilePath {
  return typeof path === 'string' ? resolve(path) : path;
}

function shown(latin1: string): string {
  return shownPath(asPath(Buffer.from(latin1, 'latin1')));
}
