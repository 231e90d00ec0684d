import { existsSync } from 'node:fs';
import type { ConfigurationReader } from '../included-files.js';

/** A setting of Exim's main section, its macros in place. */
export interface EximSetting {
  readonly value: string;
  readonly file: string;
  /** The last of its lines. */
  readonly line: number;
}

/** Exim's own buffer for a value; longer ones come from macros that are made of macros. */
const longestValue = 16 * 1024;
const longestLine = 64 * 1024;
const deepestInclude = 16;
/** Macros in the values of macros that were set later. */
const deepestMacro = 8;
/** Debian's configuration has a hundred. */
const maximumMacros = 2000;

/** The part of a file that a condition holds for. */
interface Condition {
  /** Whether these lines count. */
  isOpen: boolean;
  /** Whether one of its branches was taken. */
  isSettled: boolean;
  readonly isOuterOpen: boolean;
}

interface State {
  readonly settings: Map<string, EximSetting>;
  readonly macros: Map<string, string>;
  /** Those of the command line, which the configuration does not change. */
  readonly fixed: ReadonlySet<string>;
  readonly conditions: Condition[];
  readonly wanted: ReadonlySet<string>;
  readonly reader: ConfigurationReader;
  /** Behind the first `begin` there are no settings of the main section. */
  isOver: boolean;
}

/**
 * Some settings of the main section, with macros, `.ifdef` and `.include` as Exim takes them. Macros that Exim sets itself, such as
 * `_HAVE_TLS`, count as set.
 *
 * @param given the macros of the command line
 */
export function readEximConfiguration(
  path: string,
  wanted: ReadonlySet<string>,
  given: ReadonlyMap<string, string>,
  reader: ConfigurationReader,
): ReadonlyMap<string, EximSetting> {
  const state: State = {
    settings: new Map(),
    macros: new Map(given),
    fixed: new Set(given.keys()),
    conditions: [],
    wanted,
    reader,
    isOver: false,
  };
  readFile(path, state, 0);
  if (!state.isOver && state.conditions.length > 0) {
    reader.remark('unreadable', `${path}: an .endif is missing at the end`, 'test it with: exim -bV');
  }
  return state.settings;
}

function readFile(path: string, state: State, depth: number): void {
  for (const { text, line } of logicalLines(state.reader.read(path) ?? '')) {
    if (text.startsWith('.')) takeDirective(text, { path, line }, state, depth);
    else if (state.conditions.at(-1)?.isOpen !== false) takeLine(text, { path, line }, state);
    if (state.isOver) return;
  }
}

/** Lines without comments, those that end with a backslash together with the next one; what is too long is cut. */
function* logicalLines(text: string): Generator<{ readonly text: string; readonly line: number }> {
  let whole = '';
  let isContinued = false;
  let line = 0;
  for (const raw of text.split('\n')) {
    line += 1;
    const part = raw.trim();
    if (part.startsWith('#')) continue;
    if (whole.length < longestLine) whole += part.endsWith('\\') ? part.slice(0, -1) : part;
    isContinued = part.endsWith('\\');
    if (isContinued) continue;
    if (whole !== '') yield { text: whole.slice(0, longestLine), line };
    whole = '';
  }
  if (isContinued && whole !== '') yield { text: whole.slice(0, longestLine), line };
}

interface Position {
  readonly path: string;
  readonly line: number;
}

function takeDirective(text: string, { path, line }: Position, state: State, depth: number): void {
  const [word = '', ...rest] = text.split(/\s+/);
  const { conditions, reader } = state;
  const top = conditions.at(-1);
  const isOpen = top?.isOpen !== false;
  if (word === '.ifdef' || word === '.ifndef') {
    const holds = isAnySet(rest, state) === (word === '.ifdef');
    conditions.push({ isOpen: isOpen && holds, isSettled: holds, isOuterOpen: isOpen });
  } else if (word === '.include' || word === '.include_if_exists') {
    const file = isOpen ? expandMacros(rest.join(' '), state) : undefined;
    if (file === undefined) return;
    if (!file.startsWith('/') || depth >= deepestInclude) {
      reader.remark('not-understood', `${path}:${line}: ${word} ${file} was not followed`);
    } else if (word === '.include' || existsSync(file)) readFile(file, state, depth + 1);
  } else if (top === undefined) {
    reader.remark('unreadable', `${path}:${line}: ${word} was not expected here`, 'test it with: exim -bV');
  } else if (word === '.endif') conditions.pop();
  else {
    const holds = word === '.else' || isAnySet(rest, state) === (word === '.elifdef');
    top.isOpen = top.isOuterOpen && !top.isSettled && holds;
    top.isSettled ||= holds;
  }
}

function isAnySet(names: readonly string[], { macros }: State): boolean {
  return names.some((name) => macros.has(name) || /^_(?:HAVE|OPT|DRIVER|LOG|EXP)_/.test(name));
}

const macroLine = /^([A-Z_]\w*)\s*(==?)\s*/;
const settingLine = /^(?:hide\s+)?([a-z]\w*)\s*=\s*/;

function takeLine(text: string, { path, line }: Position, state: State): void {
  const { macros, fixed, settings, wanted, reader } = state;
  if (/^begin\s/.test(text)) {
    state.isOver = true;
    return;
  }
  const [start = '', name = '', equals] = macroLine.exec(text) ?? settingLine.exec(text) ?? [];
  if (equals === undefined && !wanted.has(name)) return;
  const value = expandMacros(text.slice(start.length), state);
  if (value === undefined) {
    // No value with a dollar counts as plain.
    if (equals !== undefined) macros.set(name, '$');
    reader.remark('not-understood', `${path}:${line}: the value of ${name} is too long with its macros`);
  } else if (equals === undefined) settings.set(name, { value: unquoted(value), file: path, line });
  else if (macros.size >= maximumMacros) {
    reader.remark('not-understood', `${path}: there are more than ${maximumMacros} macros: the others were not read`);
  } else if (!fixed.has(name) && (equals === '==' || !macros.has(name))) macros.set(name, value);
}

/** A text with its macros in place; undefined where that would be too long. */
function expandMacros(text: string, { macros }: State): string | undefined {
  let whole = text;
  for (let depth = 0; depth < deepestMacro; depth += 1) {
    let length = whole.length;
    const next = whole.replace(/[A-Z_]\w*/g, (name) => {
      const value = macros.get(name);
      if (value === undefined || length > longestValue) return name;
      length += value.length - name.length;
      return value;
    });
    if (length > longestValue) return undefined;
    if (next === whole) break;
    whole = next;
  }
  return whole;
}

/** In quotes a backslash takes the next character literally; other escapes are in no path. */
function unquoted(value: string): string {
  const inner = /^"((?:[^"\\]|\\[^])*)"$/.exec(value)?.[1];
  return inner === undefined ? value : inner.replace(/\\(["\\$])/g, '$1');
}

/** A file that is asked for first, and nothing in its place: `${if exists{FILE}{FILE}}`. */
export const askingFirst =
  /\$\{\s*if\s+exists\s*\{\s*([^{}\s](?:[^{}]*[^{}\s])?)\s*\}\s*\{\s*((?:DER\s+|PEM\s+)?)\1\s*\}\s*(?:\{\s*\}\s*)?\}/g;

/** The configuration of a command line, where it names one. */
export function configurationIn([, ...words]: readonly string[]): string[] {
  const index = words.findIndex((word) => word.startsWith('-C'));
  const name = words[index]?.slice(2) ?? '';
  return index < 0 ? [] : [name === '' ? (words[index + 1] ?? '') : name];
}
