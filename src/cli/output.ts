import { escapeText, toJsonLine } from './render/escape-text.js';
import { createPaint, type Paint } from './render/paint.js';

/** Where a command's words go: data to stdout, talk to stderr. */
export interface Output {
  readonly json: boolean;
  /** Success may be told: stderr is a terminal, or --verbose; never with --quiet. */
  readonly isTalkative: boolean;
  readonly isVerbose: boolean;
  /** Columns of stdout where it is a terminal; undefined elsewhere. */
  readonly stdoutColumns: number | undefined;
  readonly isStderrTerminal: boolean;
  /** stderr is a terminal that can redraw a line, and nobody asked for silence or JSON. */
  readonly canDraw: boolean;
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
  /** A drawing on the last line of the terminal: it gives way to every line, and is drawn again below it. Undefined ends it. */
  draw(drawing: Drawing | undefined): void;
}

/** What stands on the last line of the terminal for as long as something runs. */
export interface Drawing {
  clear(): void;
  redraw(): void;
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
  let drawing: Drawing | undefined;
  const write = (stream: NodeJS.WriteStream, line: string): void => {
    drawing?.clear();
    stream.write(`${line}\n`);
    drawing?.redraw();
  };
  const say = (line: string, label?: string): void => {
    write(process.stderr, `restaple: ${label === undefined ? '' : `${label} `}${escapeText(line)}`);
  };
  return {
    json,
    isTalkative,
    isVerbose: verbose,
    stdoutColumns: columnsOf(process.stdout),
    isStderrTerminal: process.stderr.isTTY,
    canDraw: process.stderr.isTTY && !quiet && !json && process.env['TERM'] !== 'dumb',
    stdout,
    stderr,
    say,
    data: (line) => write(process.stdout, line),
    record: (value) => write(process.stdout, toJsonLine(value)),
    hint: (text) => {
      if (text !== '') write(process.stderr, `  ${stderr.dim('hint:')} ${escapeText(text)}`);
    },
    mention: (line, label) => {
      if (isTalkative) say(line, label);
    },
    warn: (line) => {
      if (!quiet) say(line, stderr.yellow('warning:'));
    },
    draw: (next) => {
      drawing = next;
    },
  };
}

const usualColumns = 80;

/** A terminal that does not know its size has 0 columns; COLUMNS may say more. */
function columnsOf(stream: NodeJS.WriteStream): number | undefined {
  if (!stream.isTTY) return undefined;
  const said = Number.parseInt(process.env['COLUMNS'] ?? '', 10);
  return stream.columns || (said > 0 ? said : usualColumns);
}
