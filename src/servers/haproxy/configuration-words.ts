type Environment = Readonly<Record<string, string | undefined>>;

/** A piece of a word: '…', "…", an escaped octet, or others. */
const piece = /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])|([^\s'"\\#]+)/y;

/**
 * The words of a line of haproxy.cfg (configuration manual, 2.2 "Quoting and escaping") without its comment. Variables of the
 * environment in "…" are replaced; one that is not there stays as it is written.
 *
 * @param openQuote is called for a quote that nobody closes, which haproxy refuses
 */
export function wordsOfLine(line: string, environment: Environment, openQuote?: () => void): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (piece.lastIndex = 0; piece.lastIndex < line.length;) {
    const start = piece.lastIndex;
    const found = piece.exec(line);
    if (found === null) {
      // A blank, a comment, or a quote that nobody closes.
      if (line[start] === '#') break;
      if (line[start] === '"' || line[start] === "'") openQuote?.();
      if (word !== undefined) words.push(word);
      word = undefined;
      piece.lastIndex = start + 1;
      continue;
    }
    const [, literal, quoted, escaped, plain] = found;
    word =
      (word ?? '') +
      (literal ?? plain ?? (quoted === undefined ? unescaped(escaped ?? '') : expanded(quoted, environment)));
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** The line up to its comment. */
export function withoutComment(line: string): string {
  for (piece.lastIndex = 0; piece.lastIndex < line.length;) {
    const start = piece.lastIndex;
    if (piece.exec(line) !== null) continue;
    if (line[start] === '#') return line.slice(0, start).trimEnd();
    piece.lastIndex = start + 1;
  }
  return line;
}

/** A word as a line has to have it, so that it is read as one. */
export function quotedWord(word: string): string {
  return /^[^\s'"\\#$]+$/.test(word)
    ? word
    : word
        .split("'")
        .map((part) => `'${part}'`)
        .join("\\'");
}

const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unescaped(octet: string): string {
  return controls[octet] ?? octet;
}

function expanded(quoted: string, environment: Environment): string {
  return quoted.replace(
    /\\([^])|\$(?:\{(\w+)(?:\[\*\])?\}|(\w+))/g,
    (text: string, octet?: string, braced?: string, bare?: string) =>
      octet === undefined ? (environment[braced ?? bare ?? ''] ?? text) : unescaped(octet),
  );
}

/** The file of a crt-list line and its options (configuration manual, "crt-list"); undefined for a line without one. */
export function crtListEntry(line: string): { readonly name: string; readonly options: readonly string[] } | undefined {
  const [, name, options = ''] = /^\s*([^\s[#][^\s[]*)\s*(?:\[([^\]]*)\])?/.exec(line) ?? [];
  return name === undefined ? undefined : { name, options: options.split(/\s+/).filter(Boolean) };
}

/** Options of a crt-list line that name files of a certificate: with one of them haproxy looks for nothing beside it. */
const ownFiles: ReadonlySet<string> = new Set(['ocsp', 'key', 'issuer', 'sctl']);

/** Whether haproxy looks for `FILE.ocsp` in spite of these options. */
export function looksBeside(options: readonly string[]): boolean {
  return !options.some((word) => ownFiles.has(word));
}

/** The word after a keyword. */
export function valueOf(words: readonly string[], keyword: string): string | undefined {
  const index = words.indexOf(keyword);
  return index < 0 ? undefined : words[index + 1];
}
