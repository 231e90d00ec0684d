/** A piece of a word: '…', "…", an escaped character, or others. */
const piece = /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])|([^\s'"\\]+)/g;
const word = new RegExp(`(?:${piece.source})+`, 'g');

/**
 * Words by the quoting rules of the shell, without any expansion: blanks separate, '…' is literal, "…" knows \" \\ \$ \`,
 * a backslash outside takes the next character literally. Undefined for an unclosed quote.
 */
export function splitWords(text: string): string[] | undefined {
  // What is in no word is an open quote, or a backslash at the end.
  if (text.replace(word, '').trim() !== '') return undefined;
  return (text.match(word) ?? []).map((quoted) => quoted.replace(piece, unquoted));
}

function unquoted(_piece: string, literal?: string, escaping = '', escaped = '', plain = ''): string {
  return literal ?? escaping.replace(/\\(["\\$`])/g, '$1') + escaped + plain;
}

/** A word for sh that means exactly `text` (POSIX shell, 2.2.2). */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The same, quoted only where it has to be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : shellQuoted(text);
}

/** A line for sh that runs these words; long options are quoted too, since hints that name flags are checked. */
export function shellLine(words: readonly string[]): string {
  return words.map((text) => (text.startsWith('--') ? shellQuoted(text) : shellWord(text))).join(' ');
}
