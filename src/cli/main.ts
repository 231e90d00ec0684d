import { fileURLToPath } from 'node:url';
import { Config, flush, run, type Interfaces } from '@oclif/core';
import { explained } from './explained.js';
import { goOnWhateverBecomesOf, tellOfLostOutput } from './lost-output.js';
import { asksForJson, isGiven, reportError } from './report-error.js';

/**
 * Runs the program: one command line in, output and `process.exitCode` out. Never rejects.
 *
 * @param program where oclif finds the commands; by default in the package that this is a file of
 */
export async function main(args: string[], program: Interfaces.Options = installed()): Promise<void> {
  const writing = goOnWhateverBecomesOf({ stdout: process.stdout, stderr: process.stderr });
  process.once('exit', () => tellOfLostOutput(writing, args));
  keepQuietAboutPlugIns();
  let config: Config | undefined;
  try {
    config = await Config.load(program);
    await run(plainArguments(args), config);
    await flush();
  } catch (error) {
    process.exitCode = reportError(await explained(error, args, config), asksForJson(args));
  }
}

/** `help CMD` and `help:CMD` as `--help CMD`, and -V after a command as --version before it: what oclif answers itself. */
function plainArguments(args: string[]): string[] {
  const [first = '', ...rest] = args;
  const [help, ...topic] = first.split(':');
  if (help === 'help') return ['--help', ...topic, ...rest.filter((word) => word !== '--')];
  if (isGiven(args, '--help') || isGiven(args, '-h')) return args;
  return isGiven(args, '-V') || isGiven(args, '--version') ? ['--version'] : args;
}

/** oclif warns where it may not look for plug-ins, as when HOME is still root's: nothing an administrator needs to know. */
function keepQuietAboutPlugIns(): void {
  const told = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning: NodeJS.ErrnoException) => {
    if (warning.code === 'EACCES') return;
    for (const tell of told) tell(warning);
  });
}

function installed(): Interfaces.Options {
  return { root: fileURLToPath(new URL('../..', import.meta.url)) };
}
