/** One line of a description and how far it is indented. Not escaped yet. */
export interface Line {
  readonly depth: number;
  readonly text: string;
}

/** Octets per line: narrow enough for a terminal of 80 columns at any depth here. */
const octetsPerLine = 32;

export function field(label: string, value: string | number): Line {
  return { depth: 0, text: `${label}: ${value}` };
}

/** A heading with lines below it; nothing at all where there are none. */
export function section(heading: string, lines: readonly Line[]): Line[] {
  return lines.length === 0 ? [] : [{ depth: 0, text: `${heading}:` }, ...indented(lines)];
}

export function indented(lines: readonly Line[]): Line[] {
  return lines.map(({ depth, text }) => ({ depth: depth + 1, text }));
}

/** Hexadecimal in lines of equal length. */
export function hexLines(hex: string): Line[] {
  const lines = hex.match(new RegExp(`.{1,${octetsPerLine * 2}}`, 'g')) ?? [];
  return lines.map((text) => ({ depth: 0, text }));
}
