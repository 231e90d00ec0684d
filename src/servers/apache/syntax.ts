import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { unlessRefused } from '../../system/system-error.js';
import type { ConfigurationReader } from '../included-files.js';

// By hand: Apache's syntax is these few lines; the npm parsers of it (apacheconf, last released in 2018) follow no variables.

/** A directive of Apache, its variables in place, with the lines of its section where it opens one. */
export interface ApacheDirective {
  /** In lower case. */
  readonly name: string;
  readonly words: readonly string[];
  readonly file: string;
  /** The last of its lines. */
  readonly line: number;
  readonly section?: ApacheDirective[];
}

/** What reading takes besides the files. */
export interface ApacheSurroundings {
  /** Where relative names start until a ServerRoot says otherwise. */
  readonly serverRoot: string;
  /** The directives to keep, in lower case; of others only sections are looked into. */
  readonly wanted: ReadonlySet<string>;
  /** A variable that no Define has set; undefined where there is none. */
  variable(name: string): string | undefined;
  readonly reader: ConfigurationReader;
}

export interface ApacheConfiguration {
  readonly directives: readonly ApacheDirective[];
  /** Where relative names start. */
  readonly serverRoot: string;
}

interface State extends Omit<ApacheSurroundings, 'serverRoot'> {
  serverRoot: string;
  readonly defined: Map<string, string>;
  /** Macros that were used. */
  readonly unexpanded: Set<string>;
  /** How many directives. */
  kept: number;
}

const longestLine = 64 * 1024;
/** Of a word with its variables; longer ones come from variables that are made of variables. */
const longestWord = 8 * 1024;
const maximumVariables = 2000;
/** Of those that are wanted; a hundred thousand virtual hosts have as many. */
const maximumDirectives = 500_000;
const deepestInclude = 16;
const deepestSection = 64;

/**
 * The directives of a configuration, those of included files in their place. `<If…>` sections are read as if their conditions held;
 * macros of mod_macro are not expanded. A mistake ends what is read of its file.
 */
export function readApacheFile(path: string, surroundings: ApacheSurroundings): ApacheConfiguration {
  const state: State = { ...surroundings, defined: new Map(), unexpanded: new Set(), kept: 0 };
  const directives: ApacheDirective[] = [];
  readFile(path, directives, state, 0);
  return { directives, serverRoot: state.serverRoot };
}

/** A section that is open: undefined where what is in it is passed over. */
interface OpenSection {
  readonly name: string;
  readonly line: number;
  readonly inner: ApacheDirective[] | undefined;
}

const sectionLine = /^<(\/?)([A-Za-z]\w*)\b([^]*)$/;

function readFile(path: string, outer: ApacheDirective[], state: State, depth: number): void {
  const open: OpenSection[] = [];
  const mistake = (line: number, what: string): void => {
    state.reader.remark('unreadable', `${path}:${line}: ${what}`, 'test it with: apachectl configtest');
  };
  for (const { text, line } of logicalLines(state.reader.read(path) ?? '')) {
    const current = open.length === 0 ? outer : open.at(-1)?.inner;
    const [, slash, section = '', argument = ''] = sectionLine.exec(text) ?? [];
    if (slash === undefined) {
      if (current !== undefined) takeLine(text, { path, line, depth, current }, state);
    } else if (slash === '/') {
      const last = open.pop();
      if (last?.name === section.toLowerCase()) continue;
      const what = last === undefined ? 'no section is open' : `<${last.name}> of line ${last.line} is open`;
      mistake(line, `</${section}> was not expected here: ${what}`);
      return;
    } else if (open.length < deepestSection) {
      const name = section.toLowerCase();
      const words = wordsIn(argument.replace(/>\s*$/, ''), state);
      open.push({ name, line, inner: innerOf(name, words, { path, line }, current, state) });
    } else {
      mistake(line, `sections are nested deeper than ${deepestSection}`);
      return;
    }
    if (state.kept > maximumDirectives) {
      mistake(line, `the configuration has more than ${maximumDirectives} directives: the others were not read`);
      return;
    }
  }
  const last = open.at(-1);
  if (last !== undefined) mistake(last.line, `<${last.name}> is not closed`);
}

function takeLine(text: string, place: Place, state: State): void {
  const [start = ''] = /^\S+/.exec(text) ?? [];
  const name = start.toLowerCase();
  const isActing = acting.has(name);
  if (!isActing && !state.wanted.has(name)) return;
  state.kept += 1;
  const words = wordsIn(text.slice(start.length), state);
  if (isActing) act(name, words, place, state);
  else place.current.push({ name, words, file: place.path, line: place.line });
  if (name === 'serverroot') state.serverRoot = resolve(words[0] ?? state.serverRoot);
}

/** Where the directives of a section go. */
function innerOf(
  section: string,
  words: readonly string[],
  { path, line }: { readonly path: string; readonly line: number },
  outer: ApacheDirective[] | undefined,
  state: State,
): ApacheDirective[] | undefined {
  if (outer === undefined || section === 'macro') return undefined;
  // <If> of mod_core is a condition on requests; those on the start have more to their name.
  if (/^if./.test(section)) return outer;
  if (!state.wanted.has(`<${section}>`)) return undefined;
  state.kept += 1;
  const inner: ApacheDirective[] = [];
  outer.push({ name: `<${section}>`, words, file: path, line, section: inner });
  return inner;
}

/** Directives that change what is read. */
const acting = new Set(['include', 'includeoptional', 'define', 'undefine', 'use']);

interface Place {
  readonly path: string;
  readonly line: number;
  readonly depth: number;
  readonly current: ApacheDirective[];
}

function act(name: string, words: readonly string[], { path, line, depth, current }: Place, state: State): void {
  const { reader, defined, unexpanded } = state;
  const [first = '', second = ''] = words;
  if (name === 'define') {
    if (defined.size < maximumVariables) defined.set(first, second);
  } else if (name === 'undefine') defined.delete(first);
  else if (name === 'use') {
    if (unexpanded.has(first)) return;
    unexpanded.add(first);
    const message = `${path}:${line}: what the macro ${first} stands for was not read (Use of mod_macro)`;
    reader.remark('not-understood', message, 'name its certificates to restaple yourself');
  } else if (depth >= deepestInclude || isNotUnderstood(first)) {
    reader.leaveOut();
    reader.remark('not-understood', `${path}:${line}: ${name} ${first} was not followed`);
  } else {
    const isOptional = name === 'includeoptional';
    for (const file of includedFiles(first, isOptional, state)) readFile(file, current, state, depth + 1);
  }
}

function includedFiles(pattern: string, isOptional: boolean, { reader, serverRoot }: State): readonly string[] {
  if (pattern === '') return [];
  const paths = reader.included(pattern, serverRoot);
  return paths.flatMap((path) => {
    const status = unlessRefused(() => statSync(path, { throwIfNoEntry: false }), undefined);
    if (status?.isDirectory() === true) return reader.included('*', path);
    return status === undefined && isOptional ? [] : [path];
  });
}

/** Whether a word has a variable that nobody has set, or is no name of a file at all. */
export function isNotUnderstood(word: string): boolean {
  // eslint-disable-next-line no-control-regex -- of a configuration file
  return /\$\{[^{}]*\}|[\u0000-\u001f]/.test(word);
}

/** Lines without comments, those that end with a backslash together with the next one; what is too long is cut. */
function* logicalLines(text: string): Generator<{ readonly text: string; readonly line: number }> {
  let whole = '';
  let line = 0;
  for (const raw of text.split('\n')) {
    line += 1;
    const part = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const isContinued = part.endsWith('\\');
    if (whole.length < longestLine) whole += isContinued ? part.slice(0, -1) : part;
    if (isContinued) continue;
    const logical = whole.slice(0, longestLine).trim();
    whole = '';
    if (logical !== '' && !logical.startsWith('#')) yield { text: logical, line };
  }
}

const wordPattern = /"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|[^\s"'][^\s]*/g;

function wordsIn(text: string, state: State): string[] {
  return [...text.matchAll(wordPattern)].map(([whole, double, single]) =>
    withVariables((double ?? single)?.replace(/\\(["'\\])/g, '$1') ?? whole, state),
  );
}

/** A variable that nobody has set stays as it is written. */
function withVariables(word: string, { defined, variable }: State): string {
  let { length } = word;
  return word.replace(/\$\{([^{}]*)\}/g, (written, name: string) => {
    const value = defined.get(name) ?? variable(name) ?? written;
    length += value.length;
    return length > longestWord ? written : value;
  });
}
