/**
 * Words by the quoting rules of the shell, without any expansion: blanks separate, '…' is literal, "…" knows \" \\ \$ \`,
 * a backslash outside takes the next character literally. Undefined for an unclosed quote.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'") {
      const end = text.indexOf("'", index + 1);
      if (end < 0) return undefined;
      word = (word ?? '') + text.slice(index + 1, end);
      index = end;
    } else if (character === '"') {
      const quoted = /^"((?:[^"\\]|\\[^])*)"/.exec(text.slice(index));
      if (quoted === null) return undefined;
      word = (word ?? '') + (quoted[1] ?? '').replace(/\\(["\\$`])/g, '$1');
      index += quoted[0].length - 1;
    } else if (character === '\\') {
      if (index + 1 === text.length) return undefined;
      index += 1;
      word = (word ?? '') + text.charAt(index);
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
