import { join } from 'node:path';

import { programPath, runCommand, type RunOptions } from './run-program.js';

export interface TerminalResult {
  readonly exitCode: number | null;
  /** Everything that the terminal got, stdout and stderr as they came, with its line ends CR LF. */
  readonly received: string;
  /** What a reader has on the screen and above it in the end: control sequences obeyed, no colours. */
  readonly lines: readonly string[];
}

/** Runs the built program with stdin, stdout and stderr on a terminal of so many columns. */
export async function runInTerminal(
  args: readonly string[],
  { columns = 100, ...options }: RunOptions & { readonly columns?: number } = {},
): Promise<TerminalResult> {
  const script = join(import.meta.dirname, 'run-in-terminal.py');
  const command = [script, String(columns), process.execPath, programPath, ...args];
  const env = { TERM: 'xterm', ...options.env };
  const { exitCode, stdout, stderr } = await runCommand('/usr/bin/python3', command, { ...options, env });
  if (stderr !== '') throw new Error(stderr);
  return { exitCode, received: stdout, lines: screenOf(stdout) };
}

/** Plays what a terminal got: text, CR, LF and the sequences that erase a line; of all others only the end is found. */
export function screenOf(received: string): string[] {
  const lines: string[] = [''];
  let column = 0;
  // eslint-disable-next-line no-control-regex -- this is a terminal
  for (const [token, parameters = '', command] of received.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|\u001b[78]|[^]/gu)) {
    const line = lines.at(-1) ?? '';
    if (command === 'K') {
      lines[lines.length - 1] = parameters === '2' ? '' : line.slice(0, column);
    } else if (command === 'G') {
      column = Math.max(0, Number(parameters || '1') - 1);
    } else if (token === '\r') {
      column = 0;
    } else if (token === '\n') {
      lines.push('');
    } else if (command === undefined && !token.startsWith('\u001b')) {
      lines[lines.length - 1] = line.padEnd(column).slice(0, column) + token + line.slice(column + token.length);
      column += token.length;
    }
  }
  return lines.map((line) => line.trimEnd());
}
