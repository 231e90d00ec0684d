import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { definedOnly } from '../../core/defined-only.js';
import type { SocketAddress } from '../../system/connection.js';
import { parseHostAndPort } from '../../system/host-and-port.js';
import { reachableHost } from '../../system/listening-sockets.js';
import { systemErrorText } from '../../system/system-error.js';
import type { ConfigurationReader } from '../configuration-reader.js';
import type { ConfigurationLine, ServedPlace, UsedCertificate } from '../discovery.js';
import { haproxyLines, wordsOf, type HaproxyLine } from './configuration-lines.js';

/** What haproxy is set to serve. */
export interface HaproxyConfiguration {
  readonly certificates: readonly UsedCertificate[];
  /** The `stats socket` that may do the most. */
  readonly socket?: SocketAddress;
  readonly user?: string;
}

/** A certificate as a line loads it. */
interface Load {
  readonly certificate: string;
  readonly stapleFile?: string;
  readonly isFileOptional?: true;
  readonly ocspUpdate: boolean;
  readonly position: ConfigurationLine;
}

/** What holds for all certificates. */
interface Bases {
  readonly crtBase: string;
  /** Whether X.ocsp is read beside X (ssl-load-extra-files). */
  readonly readsStaples: boolean;
  /** Whether x.crt has its staple at x.ocsp (ssl-load-extra-del-ext). */
  readonly cutsEnding: boolean;
  readonly ocspUpdate: boolean;
}

const levels = ['user', 'operator', 'admin'];

/**
 * Reads the configuration files of a haproxy.
 *
 * @param workingFolder what relative names start at
 */
export function readHaproxyConfiguration(
  paths: readonly string[],
  workingFolder: string,
  reader: ConfigurationReader,
): HaproxyConfiguration {
  const lines = [...haproxyLines(paths, reader)];
  const global = lines.filter(({ section }) => section === 'global');
  const bases = basesOf(global, workingFolder);
  const stores = readStores(lines, bases);
  const certificates = lines
    .filter(({ section, words: [first] }) => first === 'bind' && ['frontend', 'listen', 'peers'].includes(section))
    .flatMap((line) => certificatesOfBind(line, bases, stores, reader));
  return definedOnly({
    certificates,
    socket: statsSocket(global, workingFolder),
    user: global.findLast(({ words: [first] }) => first === 'user')?.words[1],
  });
}

function basesOf(global: readonly HaproxyLine[], workingFolder: string): Bases {
  const last = (name: string): readonly string[] | undefined =>
    global.findLast(({ words: [first] }) => first === name)?.words;
  const extra = last('ssl-load-extra-files')?.slice(1);
  const mode = last('ocsp-update.mode') ?? last('tune.ssl.ocsp-update.mode');
  return {
    crtBase: resolve(workingFolder, last('crt-base')?.[1] ?? ''),
    readsStaples: extra === undefined || extra.includes('all') || extra.includes('ocsp'),
    cutsEnding: last('ssl-load-extra-del-ext') !== undefined,
    ocspUpdate: mode?.[1] === 'on',
  };
}

function statsSocket(global: readonly HaproxyLine[], workingFolder: string): SocketAddress | undefined {
  const sockets = global.filter(({ words: [first, second] }) => first === 'stats' && second === 'socket');
  const best = sockets.toSorted((one, other) => levelOf(other) - levelOf(one))[0];
  const text = best?.words[2];
  if (text === undefined) return undefined;
  const path = text.replace(/^unix@/, '');
  if (path.startsWith('/')) return { path };
  return (
    parseHostAndPort(text.replace(/^ipv[46]@/, '').replace(/^\*?:/, '127.0.0.1:')) ?? {
      path: resolve(workingFolder, path),
    }
  );
}

function levelOf({ words }: HaproxyLine): number {
  const index = words.indexOf('level');
  return index < 0 ? 1 : levels.indexOf(words[index + 1] ?? '');
}

/** `@store/alias` and `@store/path` to what the store loads there. */
function readStores(lines: readonly HaproxyLine[], bases: Bases): ReadonlyMap<string, Load> {
  const stores = new Map<string, Load>();
  const baseOf = new Map<string, string>();
  for (const { section, sectionName, words, file, line } of lines) {
    if (section !== 'crt-store') continue;
    const [first, second = ''] = words;
    if (first === 'crt-base') baseOf.set(sectionName, resolve(bases.crtBase, second));
    if (first !== 'load') continue;
    const option = (name: string): string | undefined => {
      const index = words.indexOf(name);
      return index < 0 ? undefined : words[index + 1];
    };
    const crt = option('crt') ?? '';
    const load: Load = definedOnly({
      certificate: resolve(baseOf.get(sectionName) ?? bases.crtBase, crt),
      // Without its own word a store reads no staple, although X.ocsp is there.
      stapleFile: option('ocsp') === undefined ? undefined : resolve(bases.crtBase, option('ocsp') ?? ''),
      ocspUpdate: isOn(option('ocsp-update'), bases),
      position: { file, line },
    });
    for (const name of [option('alias'), crt]) {
      if (name !== undefined) stores.set(sectionName === '' ? `@/${name}` : `@${sectionName}/${name}`, load);
    }
  }
  return stores;
}

function isOn(word: string | undefined, { ocspUpdate }: Bases): boolean {
  return word === undefined ? ocspUpdate : word === 'on';
}

function certificatesOfBind(
  { words, file, line }: HaproxyLine,
  bases: Bases,
  stores: ReadonlyMap<string, Load>,
  reader: ConfigurationReader,
): UsedCertificate[] {
  if (!words.includes('ssl') && !/^quic[46]?@/.test(words[1] ?? '')) return [];
  const places = placesOf(words[1] ?? '');
  const position = { file, line };
  return words.flatMap((word, index): UsedCertificate[] => {
    const value = words[index + 1] ?? '';
    if (word === 'crt') return loadsOf(value, position, bases, stores, reader).map((load) => used(load, places));
    if (word !== 'crt-list') return [];
    return readCrtListLines(resolve(bases.crtBase, value), bases, stores, reader).map(({ load, serverName }) =>
      used(load, serverName === undefined ? places : places.map((place) => ({ ...place, serverName }))),
    );
  });
}

function used({ ocspUpdate, ...load }: Load, places: readonly ServedPlace[]): UsedCertificate {
  return { ...load, places, ...(ocspUpdate ? { ownFetching: { setting: 'ocsp-update on' } } : {}) };
}

/** What one name stands for: a certificate of a store, a file, a folder of files, or the halves of a bundle. */
function loadsOf(
  name: string,
  position: ConfigurationLine,
  bases: Bases,
  stores: ReadonlyMap<string, Load>,
  reader: ConfigurationReader,
): Load[] {
  if (name.startsWith('@')) {
    const load = stores.get(name);
    if (load !== undefined) return [load];
    reader.remark('not-understood', `${position.file}:${position.line}: ${name} is in no crt-store that was read`);
    return [];
  }
  const path = resolve(bases.crtBase, name);
  return filesOf(path, reader).map((certificate) => ({
    certificate,
    ...stapleBeside(certificate, bases),
    ocspUpdate: bases.ocspUpdate,
    position,
  }));
}

function stapleBeside(
  certificate: string,
  { readsStaples, cutsEnding }: Bases,
): Pick<Load, 'stapleFile' | 'isFileOptional'> {
  if (!readsStaples) return {};
  const stem = cutsEnding ? certificate.replace(/\.crt$/, '') : certificate;
  return { stapleFile: `${stem}.ocsp`, isFileOptional: true };
}

/** What lies beside certificates in a folder and is none (configuration manual, "crt"). */
const companions = /^\.|\.(?:ocsp|issuer|sctl|key)$/;
const bundleEndings = ['.rsa', '.ecdsa', '.dsa'];

function filesOf(path: string, reader: ConfigurationReader): string[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory() === true) {
    try {
      const files = readdirSync(path, { withFileTypes: true }).filter((one) => !one.isDirectory());
      const names = files.map(({ name }) => name).filter((name) => !companions.test(name));
      return names.sort().map((name) => join(path, name));
    } catch (error) {
      reader.remark('unreadable', `the certificates in ${path} were not listed: ${systemErrorText(error)}`);
      return [];
    }
  }
  if (status !== undefined) return [path];
  const halves = bundleEndings
    .map((ending) => path + ending)
    .filter((half) => statSync(half, { throwIfNoEntry: false }));
  return halves.length > 0 ? halves : [path];
}

interface ListedLoad {
  readonly load: Load;
  readonly serverName?: string;
}

/** The lines of a crt-list: `FILE [OPTIONS] NAME...`. */
function readCrtListLines(
  path: string,
  bases: Bases,
  stores: ReadonlyMap<string, Load>,
  reader: ConfigurationReader,
): ListedLoad[] {
  const text = reader.read(path) ?? '';
  return text.split('\n').flatMap((raw, index): ListedLoad[] => {
    const match = /^\s*([^\s[#]+)\s*(?:\[([^\]]*)\])?(.*)$/.exec(raw);
    const [, name, options = '', names = ''] = match ?? [];
    if (name === undefined) return [];
    const words = wordsOf(options) ?? [];
    const option = (wanted: string): string | undefined => {
      const at = words.indexOf(wanted);
      return at < 0 ? undefined : words[at + 1];
    };
    const ocsp = option('ocsp');
    const serverName = names.split(/\s+/).find((one) => /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/i.test(one));
    return loadsOf(name, { file: path, line: index + 1 }, bases, stores, reader).map(({ ...load }) => {
      const isOfStore = name.startsWith('@');
      const staple =
        ocsp !== undefined
          ? { stapleFile: resolve(bases.crtBase, ocsp) }
          : isOfStore || option('key') === undefined
            ? { stapleFile: load.stapleFile, isFileOptional: load.isFileOptional }
            : {};
      const ocspUpdate = option('ocsp-update') === undefined ? load.ocspUpdate : option('ocsp-update') === 'on';
      const { certificate, position } = load;
      return definedOnly({ load: definedOnly({ certificate, position, ...staple, ocspUpdate }), serverName });
    });
  });
}

/** The TCP places of a bind line; a unix socket and QUIC are none. */
function placesOf(text: string): ServedPlace[] {
  return text.split(',').flatMap((one): ServedPlace[] => {
    if (/^(?:quic[46]?|unix|abns[z]?|fd|sockpair|rhttp|\/)/.test(one)) return [];
    const plain = one.replace(/^(?:ipv[46]|tcp[46]?|mptcp[46]?)@/, '');
    const [, host = '', first = '', last = first] = /^(.*?):(\d+)(?:-(\d+))?$/.exec(plain) ?? [];
    const bare = host.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
    // Of a range of ports the first tells as much as all.
    return first === '' || last === '' ? [] : [{ host: reachableHost(bare), port: Number(first) }];
  });
}
