import { displayWidth, padToWidth } from '../render/display-width.js';

/** One paragraph in lines of at most this width; a word that is longer has a line of its own. */
export function wrap(text: string, width: number): string[] {
  return wrapWords(text.split(/\s+/), width);
}

export function wrapWords(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

/** Paragraphs, which an empty line parts, each wrapped. */
export function wrapParagraphs(text: string, width: number): string[] {
  return text.split(/\n\s*\n/).flatMap((paragraph, index) => [...(index === 0 ? [] : ['']), ...wrap(paragraph, width)]);
}

/** The words of a command line; a quoted text and a flag with its value are one. */
export function commandUnits(command: string): string[] {
  const words = command.match(/(?:'[^']*'|"[^"]*"|\\[^]?|[^\s'"\\])+/g) ?? [];
  const units: string[] = [];
  for (const word of words) {
    const before = units.at(-1);
    if (before !== undefined && /^\W*--[\w-]+$/.test(before) && /^[^\s|&<>(-]/.test(word))
      units[units.length - 1] = `${before} ${word}`;
    else units.push(word);
  }
  return units;
}

/** A command line of the shell that can still be pasted: its lines end with a backslash. */
export function wrapCommand(command: string, width: number): string[] {
  const words = commandUnits(command);
  const lines: string[] = [];
  let line = '';
  for (const [index, word] of words.entries()) {
    const room = width - (index === words.length - 1 ? 0 : 2);
    if (line.trim() !== '' && displayWidth(line) + 1 + displayWidth(word) > room) {
      lines.push(`${line} \\`);
      line = `  ${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

/** Narrower than that, what stands on the right goes on the next line. */
const narrowestColumn = 30;

/**
 * Two columns, the right one wrapped. What is wider than the left column stands on a line of its own.
 *
 * @param widest of the left column
 */
export function inColumns(rows: readonly (readonly [string, string])[], width: number, widest: number): string[] {
  const left = Math.min(widest, Math.max(0, ...rows.map(([label]) => displayWidth(label))));
  const isNarrow = width - left - 4 < narrowestColumn;
  const indent = isNarrow ? 6 : left + 4;
  return rows.flatMap(([label, text]) => {
    const wrapped = wrap(text, width - indent);
    if (isNarrow || displayWidth(label) > left)
      return [`  ${label}`, ...wrapped.map((line) => ' '.repeat(indent) + line)];
    const [first = '', ...rest] = wrapped;
    return [`  ${padToWidth(label, left)}  ${first}`.trimEnd(), ...rest.map((line) => ' '.repeat(indent) + line)];
  });
}
