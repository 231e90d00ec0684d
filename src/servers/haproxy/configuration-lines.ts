import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigurationReader } from '../configuration-reader.js';

/** A line of haproxy's configuration as words, with the section that it is in. */
export interface HaproxyLine {
  /** `frontend`, `crt-store`: the first word of the section. */
  readonly section: string;
  /** The second one. */
  readonly sectionName: string;
  readonly words: readonly string[];
  readonly file: string;
  readonly line: number;
}

/** The first words of lines that begin a section (configuration manual, chapters 3 to 12). */
const sections = new Set([
  ...['global', 'defaults', 'frontend', 'backend', 'listen', 'crt-store', 'peers', 'userlist', 'mailers', 'resolvers'],
  ...['program', 'http-errors', 'ring', 'log-forward', 'cache', 'fcgi-app', 'traces', 'acme', 'log-profile'],
]);

/** The lines of these files, and of the `.cfg` files of these folders, in haproxy's order. */
export function* haproxyLines(paths: readonly string[], reader: ConfigurationReader): Generator<HaproxyLine> {
  let section = '';
  let sectionName = '';
  for (const file of paths.flatMap((path) => filesAt(path, reader))) {
    const text = reader.read(file);
    for (const [index, raw] of (text ?? '').split('\n').entries()) {
      const words = wordsOf(raw.replace(/\r$/, ''));
      const line = index + 1;
      if (words === undefined) {
        reader.remark('unreadable', `${file}:${line}: a quote does not end`, 'test it with: haproxy -c -f FILE');
        continue;
      }
      const [first] = words;
      if (first === undefined) continue;
      if (first.startsWith('.')) {
        reader.remark('not-understood', `${file}:${line}: "${first}" was not followed, what it keeps out was read`);
      } else if (sections.has(first)) {
        section = first;
        sectionName = words[1] ?? '';
      } else yield { section, sectionName, words, file, line };
    }
  }
}

function filesAt(path: string, reader: ConfigurationReader): readonly string[] {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    ? reader.included(join(path, '*.cfg'), '/')
    : [path];
}

const piece = /\\([^])|"((?:[^"\\]|\\[^])*)"|'([^']*)'|([^\s\\"'#]+)/y;

/** Words by haproxy's quoting (configuration manual, 2.2); undefined where a quote does not end. */
export function wordsOf(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < text.length) {
    const character = text[at] ?? '';
    if (character === '#') break;
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
      continue;
    }
    piece.lastIndex = at;
    const found = piece.exec(text);
    if (found === null) return character === '\\' ? words : undefined;
    const [whole, escaped, weak, strong, plain] = found;
    word = (word ?? '') + (escaped ?? weak?.replace(/\\(["\\$ #])/g, '$1') ?? strong ?? plain ?? '');
    at += whole.length;
  }
  if (word !== undefined) words.push(word);
  return words;
}
