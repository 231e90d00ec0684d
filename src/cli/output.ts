import { escapeText, toJsonLine } from './escape-text.js';
import { createPaint, type Paint } from './paint.js';

/** Where a command's words go: data to stdout, talk to stderr. */
export interface Output {
  readonly json: boolean;
  /** Success may be told: stderr is a terminal, or --verbose; never with --quiet. */
  readonly isTalkative: boolean;
  readonly isVerbose: boolean;
  readonly stdout: Paint;
  readonly stderr: Paint;
  /** One line of data, as text. */
  data(line: string): void;
  /** One line of data, as JSON. */
  record(value: unknown): void;
  /** One line of talk that the user should see even from cron. `label` stands before it, painted or not: it is ours. */
  say(line: string, label?: string): void;
  /** The next step that belongs to the line before. */
  hint(text: string): void;
  /** A line of success or detail: only where somebody is watching. */
  mention(line: string, label?: string): void;
  /** A warning: withheld only by --quiet. */
  warn(line: string): void;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

export async function createOutput({ json, quiet, verbose }: OutputOptions): Promise<Output> {
  const stdout = await createPaint(process.stdout);
  const stderr = await createPaint(process.stderr);
  const isTalkative = !quiet && (verbose || (process.stderr.isTTY && !json));
  const say = (line: string, label?: string): void => {
    process.stderr.write(`restaple: ${label === undefined ? '' : `${label} `}${escapeText(line)}\n`);
  };
  return {
    json,
    isTalkative,
    isVerbose: verbose,
    stdout,
    stderr,
    say,
    data: (line) => process.stdout.write(`${line}\n`),
    record: (value) => process.stdout.write(`${toJsonLine(value)}\n`),
    hint: (text) => {
      if (text !== '') process.stderr.write(`  ${stderr.dim('hint:')} ${escapeText(text)}\n`);
    },
    mention: (line, label) => {
      if (isTalkative) say(line, label);
    },
    warn: (line) => {
      if (!quiet) say(line, stderr.yellow('warning:'));
    },
  };
}
