import { OcspError } from '../../core/index.js';
import { escapeText } from '../render/escape-text.js';

/** A mistake in the configuration file, and the line where it is. */
export interface Problem {
  /** From 1; absent where the mistake is in no line, as in a variable. */
  readonly line?: number | undefined;
  /** What is wrong, and what was expected. */
  readonly text: string;
}

/** More mistakes than anyone makes; a file of another kind has more, and the rest is only counted. */
const maximumShown = 100;

/** All mistakes of one configuration file: `problems` has a line `FILE:LINE: what is wrong, what was expected` for each. */
export class ConfigurationError extends OcspError {
  readonly problems: readonly string[];

  constructor(file: string, found: readonly Problem[]) {
    const sorted = [...found].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    // Keys and values are the file's: none may begin a line of its own.
    const lines = sorted
      .slice(0, maximumShown)
      .map(({ line, text }) => escapeText(line === undefined ? text : `${file}:${line}: ${text}`));
    if (sorted.length > maximumShown) lines.push(`and ${sorted.length - maximumShown} more in ${escapeText(file)}`);
    super('usage', lines.join('\n'), `correct the file, then: restaple config check --config ${file}`);
    this.name = 'ConfigurationError';
    this.problems = lines;
  }
}
