/** How many columns text takes on a terminal. By hand from Unicode's properties: what a table of file names needs is these three lines, not a package. */

const withoutWidth = /\p{Mn}|\p{Me}|\p{Cf}/u;
const wide =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Script=Bopomofo}|\p{Script=Yi}|\p{Emoji_Presentation}|[\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

/** Columns of printable text: 2 for a wide character (UAX #11), 0 for a combining one. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

function widthOf(character: string): number {
  if (character < '\u0300') return 1;
  if (withoutWidth.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** The text with spaces up to this width; unchanged where it is as wide or wider. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** The text in at most this width, cut in its middle: of a path the beginning and the end tell most. */
export function cutToWidth(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const characters = Array.from(text);
  const mark = '...';
  const room = Math.max(0, width - mark.length);
  const head = take(characters, Math.floor(room / 3));
  const tail = take(characters.reverse(), room - displayWidth(head.join(''))).reverse();
  return head.join('') + mark.slice(0, width) + tail.join('');
}

/** As many of the first characters as fit. */
function take(characters: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let left = width;
  for (const character of characters) {
    left -= widthOf(character);
    if (left < 0) break;
    taken.push(character);
  }
  return taken;
}
