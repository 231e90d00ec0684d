import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Config, flush, run, type Interfaces } from '@oclif/core';
import { explained } from './explained.js';
import { goOnWhateverBecomesOf, tellOfLostOutput } from './lost-output.js';
import { asksForJson, isGiven, reportError } from './report-error.js';

/**
 * Runs the program: one command line in, output and `process.exitCode` out. Never rejects.
 *
 * @param program what oclif is to know of it
 * @param takesPlugIns whether those that the user has installed are loaded
 */
export async function main(args: string[], program: Interfaces.Options, takesPlugIns: boolean): Promise<void> {
  const writing = goOnWhateverBecomesOf({ stdout: process.stdout, stderr: process.stderr });
  process.once('exit', () => tellOfLostOutput(writing, args));
  keepQuietAboutPlugIns();
  let config: Config | undefined;
  try {
    config = await Config.load(program);
    // Where oclif keeps them.
    if (takesPlugIns && existsSync(join(config.dataDir, 'package.json'))) {
      await config.loadPluginsAndCommands({ force: true });
    }
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
