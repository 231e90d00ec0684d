import { shortened } from '../core/shortened.js';
import { escapeText, toJsonLine } from './render/escape-text.js';
import { createPaint } from './render/paint.js';

/** What stands on the last line of the terminal for as long as something runs. */
export interface Drawing {
  clear(): void;
  redraw(): void;
}

/** Where a command's words go: data to stdout, talk to stderr. */
export type Output = Awaited<ReturnType<typeof createOutput>>;

/** @param ownHint what of a hint this command can say; all of it by default */
export async function createOutput(
  { json, quiet, verbose }: { json: boolean; quiet: boolean; verbose: boolean },
  ownHint: (hint: string) => string = (hint) => hint,
) {
  const stdout = await createPaint(process.stdout);
  const stderr = await createPaint(process.stderr);
  const isTalkative = !quiet && (verbose || (process.stderr.isTTY && !json));
  let drawing: Drawing | undefined;
  const write = (stream: NodeJS.WriteStream, line: string): void => {
    drawing?.clear();
    stream.write(`${line}\n`);
    drawing?.redraw();
  };
  /** One line of talk that the user should see even from cron. `label` stands before it, painted or not: it is ours. */
  const say = (line: string, label?: string): void => {
    write(process.stderr, `restaple: ${label === undefined ? '' : `${label} `}${escapeText(shortened(line))}`);
  };
  return {
    json,
    /** Success may be told: stderr is a terminal, or --verbose; never with --quiet. */
    isTalkative,
    isVerbose: verbose,
    isQuiet: quiet,
    /** Columns of stdout where it is a terminal; undefined elsewhere. */
    stdoutColumns: columnsOf(process.stdout),
    isStderrTerminal: process.stderr.isTTY,
    /** stderr is a terminal that can redraw a line, and neither --quiet nor --json was given. */
    canDraw: process.stderr.isTTY && !quiet && !json && process.env['TERM'] !== 'dumb',
    stdout,
    stderr,
    say,
    /** What of a hint this command can say, for those that print it in a line of their own. */
    ownHint,
    /** One line of a report for people, which --quiet does not ask for. */
    report: (line: string): void => {
      if (!quiet) write(process.stdout, line);
    },
    /** One line of data, as text. */
    data: (line: string): void => write(process.stdout, line),
    /** Data that is not text. */
    bytes: (value: Uint8Array): void => {
      drawing?.clear();
      process.stdout.write(value);
      drawing?.redraw();
    },
    /** One line of data, as JSON. */
    record: (value: unknown): void => write(process.stdout, toJsonLine(value, ownHint)),
    /** The next step that belongs to the line before. */
    hint: (text: string): void => {
      const own = ownHint(text);
      if (own !== '') write(process.stderr, `  ${stderr.dim('hint:')} ${escapeText(own)}`);
    },
    /** A line of success or detail: only where somebody is watching. */
    mention: (line: string, label?: string): void => {
      if (isTalkative) say(line, label);
    },
    /** What the caller asked to be told, watching or not: withheld by --quiet, and by --json, whose lines say it. */
    announce: (line: string, label?: string): void => {
      if (isTalkative || (!quiet && !json)) say(line, label);
    },
    /** A line that is not an error, but that cron should see too: withheld only by --quiet. */
    notice: (line: string, label?: string): void => {
      if (!quiet) say(line, label);
    },
    /** A warning: withheld only by --quiet. */
    warn: (line: string): void => {
      if (!quiet) say(line, stderr.yellow('warning:'));
    },
    /** A drawing on the last line of the terminal: it gives way to every line, and is drawn again below it. Undefined ends it. */
    draw: (next: Drawing | undefined): void => {
      drawing = next;
    },
  };
}

const usualColumns = 80;

/** The columns to write text for: 80 where there is no terminal. */
export function usedColumns(stream: NodeJS.WriteStream): number {
  return columnsOf(stream) ?? usualColumns;
}

/** A terminal that does not know its size has 0 columns; COLUMNS may say more. */
function columnsOf(stream: NodeJS.WriteStream): number | undefined {
  if (!stream.isTTY) return undefined;
  const said = Number.parseInt(process.env['COLUMNS'] ?? '', 10);
  return stream.columns || (said > 0 ? said : usualColumns);
}
