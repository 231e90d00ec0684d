import { formatTime } from '../../core/time.js';

/** Control, format and separator characters, and lone surrogates: what could move a terminal's cursor or turn its text around. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text from outside (subjects, URIs, file names, replies) made safe for one line of a terminal. */
export function escapeText(text: string): string {
  return text.replace(unprintable, escapeCharacter);
}

/** As {@link escapeText} for a text of ours with several lines: line feeds stay. */
export function escapeLines(text: string): string {
  return text.replace(unprintable, (character) => (character === '\n' ? character : escapeCharacter(character)));
}

/**
 * JSON on one line, with everything unprintable written as \u and four digits, so that it is safe on a terminal too.
 * Times are written as everywhere, fields that are undefined not at all, and each `hint` as the caller writes it.
 */
export function toJsonLine(value: unknown, writtenHint: (hint: string) => string = (hint) => hint): string {
  const writtenValue = function (this: unknown, key: string, plain: unknown): unknown {
    // A Date has turned itself into text before it comes here.
    const own = (this as Readonly<Record<string, unknown>>)[key];
    if (own instanceof Date) return formatTime(own);
    return key === 'hint' && typeof plain === 'string' ? writtenHint(plain) : plain;
  };
  return JSON.stringify(value, writtenValue).replace(unprintable, (character) =>
    Array.from({ length: character.length }, (_, index) => `\\u${hex(character.charCodeAt(index), 4)}`).join(''),
  );
}

function escapeCharacter(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  return codePoint < 0x100 ? `\\x${hex(codePoint, 2)}` : `\\u{${hex(codePoint, 4)}}`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
