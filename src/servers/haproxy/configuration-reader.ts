import { statSync, type Stats } from 'node:fs';
import { asPath, folderOf, joinPath, shownPath, type FilePath } from '../../core/file-path.js';
import { shortened } from '../../core/shortened.js';
import { isRegularFile } from '../../system/regular-file.js';
import { namesIn } from '../../system/folder-names.js';
import { numberedLines } from '../../system/numbered-lines.js';
import { readRegularFile } from '../../system/read-file.js';
import type {
  ConfigurationLine,
  ConfiguredBind,
  ConfiguredCertificate,
  ConfiguredSocket,
  HaproxyConfiguration,
} from './configuration.js';
import { crtListEntry, looksBeside, valueOf, wordsOfLine } from './configuration-words.js';

/** What the reader needs to know of the haproxy that reads these files. */
export interface ConfigurationSurroundings {
  /** The folder in which haproxy is started; services are started in `/`. */
  readonly workingFolder: string;
  /** For variables in double quotes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Far beyond any configuration, in octets. */
const largestFile = 64 * 1024 * 1024;

/** Far beyond any line that people write. */
const longestLine = 1024 * 1024;

/** What haproxy does not load from a folder as a certificate. */
const besideCertificates = /^\.|\.(?:ocsp|issuer|sctl|key)$/;

const bundleSuffixes = ['.rsa', '.ecdsa', '.dsa'];

/** Settings that change a variable for the lines that follow. */
const environmentWords: ReadonlySet<string> = new Set(['setenv', 'presetenv', 'unsetenv']);

/** Section names that end the section before them. */
const sections = new Set(
  'acme backend cache crt-store defaults fcgi-app frontend global http-errors listen log-forward log-profile mailers peers program resolvers ring traces userlist'.split(
    ' ',
  ),
);

/**
 * Reads configuration files of haproxy (2.6 to 3.4) in their order, `haproxy -f` as often as there are paths; a folder stands
 * for the `.cfg` files in it. Of conditional blocks (`.if`) every branch counts.
 *
 * @throws the system's error for a file of `paths` that cannot be read; what they name and cannot be read is a problem
 */
export function readHaproxyConfiguration(
  paths: readonly FilePath[],
  surroundings: ConfigurationSurroundings,
): HaproxyConfiguration {
  const reader = new ConfigurationReader(surroundings);
  for (const path of paths) for (const file of filesOf(path)) reader.read(file);
  return reader.configuration();
}

function filesOf(path: FilePath): FilePath[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = [...namesIn(path)].filter((name) => name.endsWith('.cfg') && !name.startsWith('.')).sort();
  return names.map((name) => joinPath(path, asPath(Buffer.from(name, 'latin1'))));
}

class ConfigurationReader {
  private readonly byName = new Map<string, ConfiguredCertificate>();
  private readonly binds: ConfiguredBind[] = [];
  private readonly lists = new Map<string, readonly string[]>();
  private readonly sockets: ConfiguredSocket[] = [];
  private readonly problems: string[] = [];
  private section = '';
  private crtBase: string | undefined;
  private store = { name: '', crtBase: undefined as string | undefined };
  /** Takes a relative name to the folder that `default-path` chose. */
  private folder: string;
  private defaultPath: 'current' | 'config' | 'parent' | 'origin' = 'current';
  private loadsStaples = true;
  private dropsExtension = false;
  private updatesAll = false;
  private readonly workingFolder: string;
  private readonly environment: Record<string, string | undefined>;

  constructor({ workingFolder, environment }: ConfigurationSurroundings) {
    this.workingFolder = workingFolder;
    // Without a prototype: a variable may be called constructor.
    this.environment = Object.assign(Object.create(null) as Record<string, string | undefined>, environment);
    this.folder = workingFolder;
  }

  configuration(): HaproxyConfiguration {
    const { binds, sockets, problems } = this;
    return { certificates: [...this.byName.values()], binds, sockets, problems };
  }

  read(file: FilePath): void {
    this.section = '';
    this.enter(file);
    let openQuote: number | undefined;
    for (const [number, text] of linesOf(file)) {
      if (text.length > longestLine) {
        this.problems.push(`${shownPath(file)}, line ${number}: longer than ${longestLine} octets, and not read`);
        continue;
      }
      const [first = '', ...rest] = wordsOfLine(text, this.environment, () => {
        openQuote ??= number;
      });
      if (first === '' || first.startsWith('.')) continue;
      if (sections.has(first)) this.begin(first, rest[0] ?? '');
      else if (this.section === '') {
        this.problems.push(`${shownPath(file)}, line ${number}: "${shortened(first)}" stands before any section`);
        // Of a file of another kind one line is enough.
        this.section = first;
      } else this.take(first, rest, { file, number, text }, file);
    }
    if (openQuote !== undefined) this.problems.push(`${shownPath(file)}, line ${openQuote}: a quote is not closed`);
  }

  private begin(section: string, name: string): void {
    this.section = section;
    this.store = { name, crtBase: undefined };
  }

  private take(first: string, rest: readonly string[], at: Omit<ConfigurationLine, 'kind'>, file: FilePath): void {
    if (first === 'bind') this.bind(rest, { ...at, kind: 'bind' });
    else if (this.section === 'global') this.setting(first, rest, file);
    else if (this.section === 'crt-store' && first === 'crt-base') this.store.crtBase = rest[0];
    else if (this.section === 'crt-store' && first === 'load') this.load(rest, { ...at, kind: 'crt-store' });
  }

  private setting(first: string, rest: readonly string[], file: FilePath): void {
    const [value = '', more = ''] = rest;
    if (first === 'crt-base') this.crtBase = value;
    else if (first === 'ssl-load-extra-del-ext') this.dropsExtension = true;
    else if (first === 'ssl-load-extra-files') this.loadsStaples = rest.includes('all') || rest.includes('ocsp');
    else if (first === 'ocsp-update.mode') this.updatesAll = value === 'on';
    else if (first === 'stats' && value === 'socket' && more !== '')
      this.sockets.push({ address: more, isAdmin: valueOf(rest, 'level') === 'admin' });
    else if (first === 'default-path') this.choosePath(value, more, file);
    else if (environmentWords.has(first)) this.changeEnvironment(first, value, more);
  }

  private changeEnvironment(word: string, name: string, value: string): void {
    if (word === 'presetenv' && this.environment[name] !== undefined) return;
    this.environment[name] = word === 'unsetenv' ? undefined : value;
  }

  private choosePath(kind: string, origin: string, file: FilePath): void {
    if (kind !== 'current' && kind !== 'config' && kind !== 'parent' && kind !== 'origin') return;
    this.defaultPath = kind;
    if (kind === 'origin') this.folder = this.under(this.workingFolder, origin);
    else this.enter(file);
  }

  /** Relative names count from another folder in each file where `default-path` says so. */
  private enter(file: FilePath): void {
    const folder = this.under(this.workingFolder, Buffer.from(folderOf(file)).toString('latin1'));
    if (this.defaultPath === 'current') this.folder = this.workingFolder;
    else if (this.defaultPath === 'config') this.folder = folder;
    else if (this.defaultPath === 'parent') this.folder = this.under(folder, '..');
  }

  private under(folder: string, name: string): string {
    return name.startsWith('/') || folder === '' ? name : `${folder.replace(/\/$/, '')}/${name}`;
  }

  private pathOf(name: string): FilePath {
    return joinPath('/', asPath(Buffer.from(this.under(this.folder, name), 'latin1')));
  }

  private bind(words: readonly string[], line: ConfigurationLine): void {
    const [addresses = ''] = words;
    const certificates = words.flatMap((word, index) => {
      const value = words[index + 1];
      if (value === undefined) return [];
      if (word === 'crt' || word === 'default-crt') return [this.certificate(value, line)];
      return word === 'crt-list' ? [this.list(value)] : [];
    });
    if (words.includes('ssl') || certificates.length > 0) {
      this.binds.push({ addresses: addresses.split(','), certificates, line });
    }
  }

  /** A certificate, both halves of a bundle, or the certificates of a folder; returns their names. */
  private certificate(written: string, line: ConfigurationLine, options: readonly string[] = []): string[] {
    if (written.startsWith('@')) return [written];
    const name = this.nameOf(written);
    if (this.byName.has(name)) return [name];
    const path = this.pathOf(name);
    const status = statusAt(path);
    if (status?.isDirectory() === true) return this.folderOfCertificates(name, path, line);
    const halves =
      status?.isFile() === true ? [] : bundleSuffixes.filter((suffix) => isRegularFile(this.pathOf(name + suffix)));
    if (halves.length === 0) return [this.add(name, line, options)];
    return halves.map((suffix) => this.add(name + suffix, line, options));
  }

  private nameOf(written: string): string {
    return this.crtBase === undefined ? written : this.under(this.crtBase, written);
  }

  private folderOfCertificates(name: string, path: FilePath, line: ConfigurationLine): string[] {
    try {
      const members = [...namesIn(path)].filter((member) => !besideCertificates.test(member)).sort();
      return members
        .map((member) => this.under(name, member))
        .filter((member) => isRegularFile(this.pathOf(member)))
        .map((member) => this.add(member, line, []));
    } catch (error) {
      this.problems.push(`the folder ${shownPath(path)} could not be read: ${(error as Error).message}`);
      return [];
    }
  }

  /** With `ocsp`, `key` and their kin among the options nothing is looked for beside the file. */
  private add(name: string, line: ConfigurationLine, options: readonly string[]): string {
    const path = this.pathOf(name);
    const named = valueOf(options, 'ocsp');
    const looks = this.loadsStaples && looksBeside(options);
    const beside = this.dropsExtension && name.endsWith('.crt') ? name.slice(0, -'.crt'.length) : name;
    const staple = named ?? (looks ? `${beside}.ocsp` : undefined);
    this.keep(name, path, staple, named !== undefined, valueOf(options, 'ocsp-update'), line);
    return name;
  }

  private load(words: readonly string[], line: ConfigurationLine): void {
    const written = valueOf(words, 'crt');
    if (written === undefined) return;
    const base = this.store.crtBase ?? this.crtBase;
    const based = (name: string): string => (base === undefined ? name : this.under(base, name));
    const named = valueOf(words, 'ocsp');
    const name = this.nameInStore(written, valueOf(words, 'alias'));
    const staple = named === undefined ? undefined : based(named);
    this.keep(name, this.pathOf(based(written)), staple, staple !== undefined, valueOf(words, 'ocsp-update'), line);
  }

  /** A crt-store without a name calls a certificate without an alias as a `bind` does. */
  private nameInStore(written: string, alias: string | undefined): string {
    const { name } = this.store;
    if (alias !== undefined) return `@${name}/${alias}`;
    return name === '' ? this.nameOf(written) : `@${name}/${written.replace(/^\//, '')}`;
  }

  private keep(
    name: string,
    path: FilePath,
    staple: string | undefined,
    needsStapleFile: boolean,
    update: string | undefined,
    line: ConfigurationLine,
  ): void {
    // Of several lines haproxy loads the first.
    if (this.byName.has(name)) return;
    const staplePath = staple === undefined ? undefined : this.pathOf(staple);
    const isOwnUpdate = update === undefined ? this.updatesAll : update === 'on';
    this.byName.set(name, { name, path, staplePath, needsStapleFile, isOwnUpdate, line });
  }

  /** A list that many binds name is read once, as long as its names mean the same files. */
  private list(written: string): readonly string[] {
    const file = this.pathOf(written);
    const key = JSON.stringify([shownPath(file), this.crtBase, this.folder]);
    const known = this.lists.get(key);
    if (known !== undefined) return known;
    const names: string[] = [];
    this.lists.set(key, names);
    try {
      for (const [number, text] of linesOf(file)) {
        const entry = crtListEntry(text);
        if (entry === undefined) continue;
        const line: ConfigurationLine = { file, number, text, kind: 'crt-list' };
        for (const name of this.certificate(entry.name, line, entry.options)) names.push(name);
      }
    } catch (error) {
      this.problems.push(`the crt-list ${shownPath(file)} could not be read: ${(error as Error).message}`);
    }
    return names;
  }
}

function statusAt(path: FilePath): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function linesOf(file: FilePath): Iterable<readonly [number, string]> {
  const { bytes } = readRegularFile(file, { limit: largestFile });
  if (bytes === undefined) throw new Error(`${shownPath(file)} is not a regular file, or is too large`);
  return numberedLines(bytes);
}
