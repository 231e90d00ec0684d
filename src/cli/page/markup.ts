import { escapeText } from '../render/escape-text.js';

/** HTML that is safe as it stands; only {@link markup} makes it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text from anywhere, numbers, or HTML that this function made. */
type Part = string | number | Markup | readonly Markup[];

/**
 * HTML from a template: every text that is put into it is escaped here and nowhere else, for elements and for quoted
 * attributes alike. Control characters, and those that turn text around, are shown as on a terminal.
 */
export function markup(template: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(template.reduce((all, piece, index) => `${all}${written(parts[index - 1] ?? '')}${piece}`));
}

function written(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('');
  return escapeText(String(part)).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
