import { existsSync } from 'node:fs';

import { definedOnly } from '../../core/defined-only.js';
import { OcspError } from '../../core/index.js';
import { readRegularFile } from '../../system/read-file.js';
import { changeableByOthers } from '../../system/root-only.js';
import { runCommand, type CommandResult } from '../../system/run-command.js';
import {
  commandLineOf,
  runsFileAtItsPath,
  type ProcessRights,
  type RunningProcess,
} from '../../system/running-process.js';
import { shellLine } from '../../system/shell-words.js';
import { systemErrorCode, systemErrorText } from '../../system/system-error.js';
import { TargetFailure, type ReloadLimits } from '../reload-result.js';
import type { ServerTools } from '../server.js';
import type { ConfigurationTest, Daemon } from './daemon.js';

/** What came of the test; it was not broken. */
export interface TestedConfiguration {
  /** Its text, where it can be read. */
  readonly text?: string;
  /** Why it was not tested, a clause. */
  readonly whyNotChecked?: string;
}

/** What the command line of a server says of its configuration. */
interface ConfigurationPlace {
  readonly file?: string;
  readonly folders: readonly string[];
  /** The options that name them. */
  readonly words: readonly string[];
}

/** The same where the file is known. */
export interface KnownPlace extends ConfigurationPlace {
  readonly file: string;
}

/** A process may have been started with any environment, and the test may run as root. */
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

const largestConfiguration = 1_048_576;
const shownLines = 3;
const shownCharacters = 500;

/**
 * Has a server test its configuration, by the file that it runs and the configuration that its command line names. A process can
 * write over its command line, and a test loads modules: so only root may be able to change the executable, the configuration
 * and the folders above them.
 *
 * @throws TargetFailure `configuration-broken`, `timeout`; OcspError `interrupted`
 */
export async function testConfiguration(
  { name, test, keepsRights }: Daemon,
  found: RunningProcess,
  { limits, effectiveUserId }: Pick<ServerTools, 'limits' | 'effectiveUserId'>,
): Promise<TestedConfiguration> {
  const place = await placeOf(name, found, test, limits);
  if (typeof place === 'string') return { whyNotChecked: place };
  const { file, folders } = place;
  const text = textOf(file);
  const words = [...test.words, ...place.words];
  const rights = rightsOfTest({ keepsRights }, found, effectiveUserId);
  const result = await runIfOnlyRoots(found, [file, ...folders], words, limits, definedOnly({ rights }));
  if (typeof result === 'string') return { ...text, whyNotChecked: result };
  if (result.exitCode === 0) return text;
  const command = shellLine([found.executable, ...words]);
  if (result.timedOut) {
    throw new TargetFailure(
      'timeout',
      `${name} did not finish the test of its configuration ${file} within ${limits.timeoutMilliseconds / 1000} s, and was left alone`,
      `find out what it waits for: ${command}; or give it more time with --reload-timeout`,
    );
  }
  throw new TargetFailure(
    'configuration-broken',
    `${name} cannot load its configuration ${file}, and was left alone: ${lastLines(result.stderr)}`,
    `mend it, then try${rights === undefined ? '' : ` as user ${found.userId}`}: ${command}`,
  );
}

/**
 * What the command line of a process says of its configuration, and what was set when it was built.
 *
 * @returns the place, or why it is not known, a clause
 * @throws OcspError `interrupted`
 */
export async function placeOf(
  name: string,
  found: RunningProcess,
  test: ConfigurationTest,
  limits: ReloadLimits,
): Promise<KnownPlace | string> {
  const place = placeIn(commandLineOf(found.pid), test);
  if (place === undefined) return `the command line of ${name} has more than its configuration`;
  const { builtIn } = test;
  const said = builtIn === undefined ? undefined : await runIfOnlyRoots(found, [], builtIn.words, limits);
  if (typeof said === 'string') return said;
  const usual = said === undefined ? undefined : builtIn?.read(said);
  const file = place.file ?? usual?.file;
  if (file === undefined) return `the command line of ${name} names no configuration`;
  const folders = place.folders.length > 0 || usual?.folder === undefined ? place.folders : [usual.folder];
  return { file, folders, words: place.words };
}

/** Root gives up itself for the user of a server that gave up root; nobody else can. */
export function rightsOfTest(
  { keepsRights }: Pick<Daemon, 'keepsRights'>,
  found: RunningProcess,
  effectiveUserId: number | undefined,
): ProcessRights | undefined {
  return keepsRights || effectiveUserId !== 0 || found.userId === 0 ? undefined : found;
}

/** How a server is run. */
export interface RunOptions {
  /** With which root runs it, where they are not root's. */
  readonly rights?: ProcessRights;
  /** How much of what it prints is kept; the beginning where not given. */
  readonly maximumStdoutOctets?: number;
  /** A program of its package that is run in its place. */
  readonly program?: string;
}

/**
 * Runs the file that a process runs, with a fixed PATH, where only root may change it and these paths.
 *
 * @returns how it ended, or why it was not run, a clause
 * @throws OcspError `interrupted`
 */
export async function runIfOnlyRoots(
  found: RunningProcess,
  paths: readonly string[],
  words: readonly string[],
  limits: ReloadLimits,
  { rights, maximumStdoutOctets, program }: RunOptions = {},
): Promise<CommandResult | string> {
  const executable = program ?? found.executable;
  try {
    if (!runsFileAtItsPath(found)) return replaced(found);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return `process ${found.pid}: ${systemErrorText(error)}`;
  }
  for (const path of [found.executable, executable, ...paths]) {
    const stranger = changeableByOthers(path);
    if (stranger !== undefined) return stranger;
  }
  const command = [...(rights === undefined ? [] : switchTo(rights)), executable, ...words] as [string, ...string[]];
  const result = await runCommand(command, {
    env: environment,
    withStdout: true,
    ...definedOnly({ maximumStdoutOctets }),
    ...limits,
  });
  if (result.interrupted) throw new OcspError('interrupted', `${executable} was interrupted`);
  if (result.stderr.startsWith('setpriv: ')) return lastLines(result.stderr);
  return result.startError === undefined ? result : `${executable}: ${result.startError}`;
}

/** Gives up root for a user; nothing where util-linux is not there. */
function switchTo({ userId, groupIds }: ProcessRights): string[] {
  if (!existsSync(setpriv) || changeableByOthers(setpriv) !== undefined) return [];
  const groups = [...groupIds];
  return [setpriv, `--reuid=${userId}`, `--regid=${groups[0] ?? userId}`, `--groups=${groups.join(',')}`, '--'];
}

/** Node.js can switch user and group, but leaves out the other groups, which may be what lets a server read its key. */
const setpriv = '/usr/bin/setpriv';

function replaced({ executable, pid }: RunningProcess): string {
  const path = executable.replace(/ \(deleted\)$/, '');
  return `${path} has been replaced since process ${pid} started`;
}

/** Undefined where the command line has an option of which nobody knows what it does to a test. */
function placeIn(
  commandLine: readonly string[],
  { title, options }: ConfigurationTest,
): ConfigurationPlace | undefined {
  const [first = '', ...others] = commandLine;
  const isTitle = title !== undefined && first.startsWith(title);
  const rest = isTitle ? first.slice(title.length).split(' ').slice(1) : others;
  const words: string[] = [];
  const folders: string[] = [];
  let file: string | undefined;
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const { name = '', value: inline } = optionIn(word, options);
    const kind = options[name];
    if (kind === undefined) return undefined;
    if (kind === 'switch') continue;
    const value = inline ?? (kind === 'directives' ? takeDirectives(rest) : rest.shift());
    if (value === undefined) return undefined;
    if (kind === 'directives' && !/^(?:(?:daemon|master_process) (?:on|off); ?)*$/.test(value)) return undefined;
    if (kind === 'configuration') file = value;
    if (kind === 'folder') folders.push(value);
    if (kind === 'configuration' || kind === 'folder' || kind === 'passed') words.push(name, value);
  }
  return { words, folders, ...(file === undefined ? {} : { file }) };
}

/** `--config=FILE`, or `-DNAME` where -D has a value. */
function optionIn(word: string, options: ConfigurationTest['options']): { name?: string; value?: string } {
  const long = /^(?<name>--[^=]+)=(?<value>.*)$/s.exec(word)?.groups;
  if (long !== undefined) return long;
  const short = word.slice(0, 2);
  const isJoined = options[word] === undefined && !['switch', undefined].includes(options[short]);
  return isJoined ? { name: short, value: word.slice(2) } : { name: word };
}

/** In a title the words of a value stand apart. */
function takeDirectives(rest: string[]): string {
  const words: string[] = [];
  while (rest[0] !== undefined && !rest[0].startsWith('-')) words.push(rest.shift() ?? '');
  return words.join(' ');
}

function textOf(path: string): { readonly text?: string } {
  // A relative name is not ours to resolve.
  if (!path.startsWith('/')) return {};
  try {
    const { bytes } = readRegularFile(path, { limit: largestConfiguration });
    return bytes === undefined ? {} : { text: Buffer.from(bytes).toString('latin1') };
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return {};
  }
}

/** Servers say last why they would not start. */
export function lastLines(text: string): string {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-shownLines).join('; ').slice(0, shownCharacters);
}
