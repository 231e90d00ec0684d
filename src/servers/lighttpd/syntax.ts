/** A line that lighttpd would not take, and why. */
export interface LighttpdMistake {
  readonly line: number;
  readonly what: string;
}

/** What is longer is cut. */
export const longestLine = 64 * 1024;

/** What a statement may begin with, where no value is still open. */
const statement = /^(?:[A-Za-z_][\w.-]*\s*(?::=|\+=|=>?)|\$[A-Z]+\["|else\b|elseif\b|elsif\b|include(?:_shell)?\b|\{)/;

/** The first thing in a text that is no configuration of lighttpd, as far as statements, brackets and quotes go. */
export function lighttpdMistake(text: string): LighttpdMistake | undefined {
  let parentheses = 0;
  let braces = 0;
  const lines = text.split('\n');
  for (const [index, whole] of lines.entries()) {
    const raw = whole.slice(0, longestLine);
    const mistake = (what: string): LighttpdMistake => ({ line: index + 1, what });
    const code = withoutTexts(raw);
    if (code === undefined) return mistake('a quote that begins here does not end');
    const start = raw.replace(/^[\s}]+/, '');
    if (parentheses === 0 && start !== '' && !start.startsWith('#') && !statement.test(start)) {
      return mistake('this is neither a setting nor a condition nor an include');
    }
    for (const sign of code) {
      if (sign === '(') parentheses += 1;
      else if (sign === ')') parentheses -= 1;
      else if (sign === '{') braces += 1;
      else if (sign === '}') braces -= 1;
      if (parentheses < 0 || braces < 0) return mistake(`unexpected "${sign}"`);
    }
  }
  const open = parentheses > 0 ? ')' : braces > 0 ? '}' : undefined;
  return open === undefined ? undefined : { line: lines.length, what: `a "${open}" is missing at the end` };
}

/** A line without its texts and its comment; undefined where a text does not end. */
function withoutTexts(line: string): string | undefined {
  let isOpen = false as boolean;
  const code = line.replace(/"(?:[^"\\]|\\.?)*("?)|'(?:[^'\\]|\\.?)*('?)|#.*$/g, (piece, double, single) => {
    isOpen ||= double === '' || single === '';
    return piece.startsWith('#') ? '' : ' ';
  });
  return isOpen ? undefined : code;
}
