/**
 * Text of man(7), written here since what is kept on npm makes it from Markdown, which would have to be made first, and is
 * not clean for mandoc.
 */

/** What roff would read as its own. */
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
};

/** The text so that it is shown as it stands, in any line but the first word of one. */
export function escaped(text: string): string {
  return text.replaceAll(/[\\'`^~"-]|[^\n -~]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return escapes[character] ?? `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
  });
}

export function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

/** Where a long word may be parted, without a hyphen. */
export const breakPoint = '\\:';

/** Text whose flags and names of other pages are bold. */
export function prose(text: string): string {
  const parts = text.split(/((?<![\w-])--?[a-z][\w-]*|[a-z][a-z.-]+(?=\(\d\)))/);
  return parts.map((part, index) => (index % 2 === 1 ? bold(part) : escaped(part))).join('');
}

/** A line of text may be longer than that only where one word is. */
const widest = 78;

/** Escaped text as lines, a new one for each sentence. */
export function textLines(text: string): string[] {
  return text
    .split(/(?<=[.:;?!]) +(?=\S)/)
    .flatMap((sentence) => filledLines(sentence))
    .map((line) => (/^[.']/.test(line) ? `\\&${line}` : line));
}

function filledLines(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > widest) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Paragraphs, which an empty line parts. */
export function paragraphs(text: string): string[] {
  return text.split(/\n\s*\n/).flatMap((one, index) => [...(index === 0 ? [] : ['.PP']), ...textLines(prose(one))]);
}

export interface Entry {
  /** Escaped, on one line. */
  readonly label: string;
  readonly text: string;
}

/** A list of terms with what they mean. */
export function entries(list: readonly Entry[]): string[] {
  return list.flatMap(({ label, text }) => ['.TP', label, ...textLines(prose(text))]);
}

/** Lines that are not filled. */
export function literal(lines: readonly string[]): string[] {
  const shown = lines.map(escaped).map((line) => (/^[.']/.test(line) ? `\\&${line}` : line));
  return ['.EX', ...shown, '.EE'];
}

/** A section, nothing where it has no lines. */
export function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`.SH ${title.toUpperCase()}`, ...lines];
}

export function subsection(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`.SS ${quotedArgument(title)}`, ...lines];
}

export interface PageTitle {
  readonly name: string;
  readonly section: 1 | 5;
  /** ISO 8601 */
  readonly date: string;
  readonly version: string;
  /** What the page is about, after its name. */
  readonly summary: string;
}

/** A page from its sections. */
export function manualPage(
  { name, section: number, date, version, summary }: PageTitle,
  sections: readonly string[],
): string {
  const footer = [`restaple ${version}`, 'restaple manual'].map(quotedArgument);
  return [
    '.\\" Written by the build from the definitions of the commands.',
    `.TH ${quotedArgument(name.toUpperCase())} ${number} "${date}" ${footer.join(' ')}`,
    // No word is parted, and none is stretched: paths and flags can be copied.
    '.nh',
    '.ad l',
    ...section('Name', filledLines(`${escaped(name)} \\- ${escaped(summary)}`)),
    ...sections,
    '',
  ].join('\n');
}

/** References to other pages, such as `restaple-fetch(1)`. */
export function references(pages: readonly string[]): string[] {
  return pages.map((page, index) => {
    const [name = '', number = ''] = page.split(/[()]/);
    return `.BR ${escaped(name)} (${number})${index < pages.length - 1 ? ',' : ''}`;
  });
}

function quotedArgument(text: string): string {
  return `"${escaped(text)}"`;
}
