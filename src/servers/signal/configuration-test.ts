import { OcspError } from '../../core/index.js';
import { readRegularFile } from '../../system/read-file.js';
import { changeableByOthers } from '../../system/root-only.js';
import { runCommand, type CommandResult } from '../../system/run-command.js';
import { commandLineOf, runsFileAtItsPath, type RunningProcess } from '../../system/running-process.js';
import { systemErrorCode, systemErrorText } from '../../system/system-error.js';
import { TargetFailure } from '../reload-result.js';
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
 * @throws TargetFailure `configuration-broken`; OcspError `interrupted`
 */
export async function testConfiguration(
  { name, test }: Daemon,
  found: RunningProcess,
  limits: ServerTools['limits'],
): Promise<TestedConfiguration> {
  let place: ConfigurationPlace | undefined;
  try {
    if (!runsFileAtItsPath(found)) return { whyNotChecked: `${name} does not run the file ${found.executable}` };
    place = placeIn(commandLineOf(found.pid), test);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return { whyNotChecked: `process ${found.pid}: ${systemErrorText(error)}` };
  }
  if (place === undefined) return { whyNotChecked: `the command line of ${name} has more than its configuration` };
  const whyNot = changeableByOthers(found.executable);
  if (whyNot !== undefined) return { whyNotChecked: whyNot };

  const run = (words: readonly string[]): Promise<CommandResult> =>
    runCommand([found.executable, ...words], { env: environment, ...limits });
  const { file, folders } = test.tellsPaths === undefined ? place : withBuiltIn(place, await run(test.tellsPaths));
  if (file === undefined) return { whyNotChecked: `the command line of ${name} names no configuration` };
  const text = textOf(file);
  for (const path of [file, ...folders]) {
    const stranger = changeableByOthers(path);
    if (stranger !== undefined) return { ...text, whyNotChecked: stranger };
  }
  const result = await run([...test.words, ...place.words]);
  if (result.interrupted) throw new OcspError('interrupted', `the test of ${name}'s configuration was interrupted`);
  if (result.timedOut)
    return { ...text, whyNotChecked: `the test took longer than ${limits.timeoutMilliseconds / 1000} s` };
  if (result.startError !== undefined) return { ...text, whyNotChecked: `${found.executable}: ${result.startError}` };
  if (result.exitCode === 0) return text;
  throw new TargetFailure(
    'configuration-broken',
    `${name} cannot load its configuration ${file}, and was left alone: ${lastLines(result.stderr)}`,
    `mend it, then try: ${[found.executable, ...test.words, ...place.words].join(' ')}`,
  );
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
    const { name = '', value: inline } = /^(?<name>--[^=]+)=(?<value>.*)$/s.exec(word)?.groups ?? { name: word };
    const kind = options[name];
    if (kind === undefined) return undefined;
    if (kind === 'switch') continue;
    const value = inline ?? (kind === 'directives' ? takeDirectives(rest) : rest.shift());
    if (value === undefined) return undefined;
    if (kind === 'directives' && !/^(?:(?:daemon|master_process) (?:on|off); ?)*$/.test(value)) return undefined;
    if (kind === 'configuration') file = value;
    if (kind === 'folder') folders.push(value);
    if (kind === 'configuration' || kind === 'folder') words.push(name, value);
  }
  return { words, folders, ...(file === undefined ? {} : { file }) };
}

/** In a title the words of a value stand apart. */
function takeDirectives(rest: string[]): string {
  const words: string[] = [];
  while (rest[0] !== undefined && !rest[0].startsWith('-')) words.push(rest.shift() ?? '');
  return words.join(' ');
}

/** What the command line leaves out was set when the server was built. */
function withBuiltIn(place: ConfigurationPlace, { stderr }: CommandResult): ConfigurationPlace {
  const builtIn = (name: string): string | undefined => new RegExp(`--${name}=([^\\s']+)`).exec(stderr)?.[1];
  const file = place.file ?? builtIn('conf-path');
  const prefix = builtIn('prefix');
  const folders = place.folders.length > 0 || prefix === undefined ? place.folders : [prefix];
  return { ...place, folders, ...(file === undefined ? {} : { file }) };
}

function textOf(path: string): { readonly text?: string } {
  try {
    const { bytes } = readRegularFile(path, { limit: largestConfiguration });
    return bytes === undefined ? {} : { text: Buffer.from(bytes).toString('latin1') };
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return {};
  }
}

/** Servers say last why they would not start. */
function lastLines(text: string): string {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-shownLines).join('; ').slice(0, shownCharacters);
}
