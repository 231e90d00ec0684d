import { fileURLToPath } from 'node:url';
import { Config, flush, run } from '@oclif/core';
import { explained } from './explained.js';
import { isGiven, reportError } from './report-error.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the program: one command line in, output and `process.exitCode` out. Never rejects. */
export async function main(args: string[]): Promise<void> {
  goOnWithoutReader(process.stdout);
  goOnWithoutReader(process.stderr);
  keepQuietAboutPlugIns();
  let config: Config | undefined;
  try {
    config = await Config.load({ root });
    await run(plainArguments(args), config);
    await flush();
  } catch (error) {
    process.exitCode = reportError(await explained(error, args, config), asksForJson(args));
  }
}

/** `help CMD` as `--help CMD`, and -V after a command as --version before it: what oclif answers itself. */
function plainArguments(args: string[]): string[] {
  const [first, ...rest] = args;
  if (first === 'help') return ['--help', ...rest.filter((word) => word !== '--')];
  if (isGiven(args, '--help') || isGiven(args, '-h')) return args;
  return isGiven(args, '-V') || isGiven(args, '--version') ? ['--version'] : args;
}

/** The flags could not be parsed where this matters, so the words themselves are looked at. */
function asksForJson(args: readonly string[]): boolean {
  const isAskedFor = args[0] === 'fetch' && /^(?:1|true|y|yes)$/i.test(process.env['RESTAPLE_JSON'] ?? '');
  return isGiven(args, '--json') || isAskedFor;
}

/** oclif warns where it may not look for plug-ins, as when HOME is still root's: nothing to tell an administrator of. */
function keepQuietAboutPlugIns(): void {
  const told = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning: NodeJS.ErrnoException) => {
    if (warning.code === 'EACCES') return;
    for (const tell of told) tell(warning);
  });
}

/** `restaple fetch … | head -1` is no error: nobody reads on, but the work is done and the exit code tells of it all the same. */
function goOnWithoutReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    stream.write = () => true;
    // Whoever waits until what was written is read, as oclif at the end, would wait for ever.
    stream.emit('drain');
  });
}
