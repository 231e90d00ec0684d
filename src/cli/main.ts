import { fileURLToPath } from 'node:url';
import { flush, run } from '@oclif/core';
import { goOnWhateverBecomesOf, tellOfLostOutput } from './lost-output.js';
import { asksForJson, reportError } from './report-error.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the program: one command line in, output and `process.exitCode` out. Never rejects. */
export async function main(args: string[]): Promise<void> {
  const writing = goOnWhateverBecomesOf({ stdout: process.stdout, stderr: process.stderr });
  process.once('exit', () => tellOfLostOutput(writing, args));
  keepQuietAboutPlugIns();
  try {
    await run(args, { root });
    await flush();
  } catch (error) {
    process.exitCode = reportError(error, args, asksForJson(args));
  }
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
