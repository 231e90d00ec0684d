import { dirname } from 'node:path';
import { shellWord } from '../../system/shell-words.js';
import type { ConfigurationReader } from '../included-files.js';

// By hand: docs/dependencies.md says why.

/** A directive of nginx, with the lines of its block where it has one. */
export interface NginxDirective {
  readonly name: string;
  readonly words: readonly string[];
  readonly file: string;
  readonly line: number;
  readonly block?: NginxDirective[];
  /** The line of its semicolon, where nothing else follows on that line. */
  readonly lastLine?: number;
}

/** Includes within includes; nginx itself has no limit but its open files. */
const deepestInclude = 16;

/** The directives of a configuration file, those of included files in their place; a mistake ends what is read of its file. */
export function readNginxFile(path: string, prefix: string, reader: ConfigurationReader): NginxDirective[] {
  return directivesOf(path, prefix, reader, 0);
}

function directivesOf(path: string, prefix: string, reader: ConfigurationReader, depth: number): NginxDirective[] {
  const text = reader.read(path);
  if (text === undefined) return [];
  const top: NginxDirective[] = [];
  const blocks: NginxDirective[][] = [top];
  const mistake = (line: number, what: string): NginxDirective[] => {
    reader.remark(
      'unreadable',
      `${path}:${line}: ${what}`,
      `test it with: nginx -t -c ${shellWord(reader.files[0] ?? path)}`,
    );
    return top;
  };
  let words: Token[] = [];
  for (const token of tokensOf(text)) {
    if (token.kind === 'word') {
      words.push(token);
      continue;
    }
    if (token.kind === 'open-quote') return mistake(token.line, 'a quote that begins here does not end');
    const block = blocks.at(-1) ?? top;
    const [first, ...rest] = words;
    words = [];
    if (token.kind === '}') {
      if (first !== undefined) return mistake(first.line, `"${first.text}" is not terminated by ";"`);
      if (blocks.length === 1) return mistake(token.line, 'unexpected "}"');
      blocks.pop();
    } else if (first === undefined) {
      return mistake(token.line, `unexpected "${token.kind}"`);
    } else {
      const directive = { name: first.text, words: rest.map((word) => word.text), file: path, line: first.line };
      if (token.kind === '{') {
        const inner: NginxDirective[] = [];
        block.push({ ...directive, block: inner });
        blocks.push(inner);
      } else if (directive.name === 'include') {
        if (depth >= deepestInclude) reader.leaveOut();
        else
          for (const file of reader.included(directive.words[0] ?? '', prefix)) {
            for (const one of directivesOf(file, prefix, reader, depth + 1)) block.push(one);
          }
      } else block.push(token.endsLine === true ? { ...directive, lastLine: token.line } : directive);
    }
  }
  const [open] = words;
  if (open !== undefined) return mistake(open.line, `"${open.text}" is not terminated by ";"`);
  if (blocks.length > 1) return mistake(text.split('\n').length, 'a "}" is missing at the end');
  return top;
}

/** Where relative names of a configuration start: nginx's conf_prefix. */
export function prefixOf(configuration: string): string {
  return dirname(configuration);
}

interface Token {
  readonly kind: 'word' | 'open-quote' | '{' | '}' | ';';
  readonly text: string;
  readonly line: number;
  /** Of a semicolon: whether only blanks and a comment follow on its line. */
  readonly endsLine?: boolean;
}

/** What a block of Lua may hold is none of nginx's syntax. */
const luaBlock = '_by_lua_block';

function* tokensOf(text: string): Generator<Token> {
  let at = 0;
  let line = 1;
  let last = '';
  const move = (count: number): void => {
    for (const end = at + count; at < end; at += 1) if (text[at] === '\n') line += 1;
  };
  while (at < text.length) {
    const character = text[at] ?? '';
    const start = line;
    if (/\s/.test(character)) move(1);
    else if (character === '#') move(lengthTo(text, at, '\n'));
    else if (character === '{' && last.endsWith(luaBlock)) {
      move(lengthOfLua(text, at));
      last = '';
      yield { kind: ';', text: ';', line: start };
    } else if (character === '{' || character === '}' || character === ';') {
      move(1);
      last = '';
      restOfLine.lastIndex = at;
      yield { kind: character, text: character, line: start, endsLine: character === ';' && restOfLine.test(text) };
    } else if (character === '"' || character === "'") {
      const quoted = quotedPattern[character];
      quoted.lastIndex = at;
      const found = quoted.exec(text)?.[0];
      if (found === undefined) {
        yield { kind: 'open-quote', text: character, line: start };
        return;
      }
      move(found.length);
      yield { kind: 'word', text: unescaped(found.slice(1, -1)), line: start };
    } else {
      plainPattern.lastIndex = at;
      const found = plainPattern.exec(text)?.[0] ?? character;
      move(found.length);
      last = found;
      yield { kind: 'word', text: unescaped(found), line: start };
    }
  }
}

// nginx takes no word of more than 4096 octets, and without a bound one of millions would fill the stack.
const quotedPattern = { '"': /"(?:[^"\\]|\\[^]){0,4096}"/y, "'": /'(?:[^'\\]|\\[^]){0,4096}'/y };
const restOfLine = /[ \t\r]*(?:#|\n|$)/y;
/** A brace belongs to a word only behind a dollar: `${name}`. */
const plainPattern = /(?:\\[^]|\$\{\w*\}|[^\s;{}\\]){1,4096}/y;

function unescaped(text: string): string {
  return text.replace(/\\(["'\\ \t])/g, '$1');
}

function lengthTo(text: string, at: number, end: string): number {
  const found = text.indexOf(end, at);
  return (found < 0 ? text.length : found) - at;
}

/** A comment, a string or a sign of Lua (reference manual, 3.1); what nobody closes goes to the end, so that it is looked at once. */
const luaPiece =
  /(?:--)?\[(=*)\[(?:[^]*?\]\1\]|[^]*)|--[^\n]*|"[^"\\\n]*(?:\\[^][^"\\\n]*){0,9999}"?|'[^'\\\n]*(?:\\[^][^'\\\n]*){0,9999}'?|[^-"'{}[]+|[^]/y;

/** Up to the brace that closes the one here. */
function lengthOfLua(text: string, at: number): number {
  let depth = 0;
  for (luaPiece.lastIndex = at; luaPiece.lastIndex < text.length;) {
    const piece = luaPiece.exec(text)?.[0];
    if (piece === '{') depth += 1;
    else if (piece === '}') depth -= 1;
    if (depth === 0) return luaPiece.lastIndex - at;
  }
  return text.length - at;
}
