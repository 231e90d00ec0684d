import { Command, Flags } from '@oclif/core';
import type { FilePath } from '../core/file-path.js';
import { isDescriptorPath, readHandedOverPipes } from '../system/handed-over-pipe.js';
import type { ExitCode } from './exit/exit-code.js';
import { createOutput, type Output } from './output.js';
import { readPathArguments } from './flags/path-arguments.js';

/** What every command has: --json, --quiet, --verbose, and an exit code as the result of its work. */
export abstract class BaseCommand extends Command {
  static override baseFlags = {
    json: Flags.boolean({ description: 'one JSON object a line on stdout', default: false }),
    quiet: Flags.boolean({ description: 'say nothing but errors', default: false, exclusive: ['verbose'] }),
    verbose: Flags.boolean({ description: 'tell more on stderr', default: false }),
  };

  /** Does the work and returns the exit code; throws OcspError for what belongs to no certificate. */
  protected abstract work(): Promise<ExitCode>;

  override async run(): Promise<void> {
    await readHandedOverPipes(descriptorPathsIn(this.argv), pipeLimits);
    process.exitCode = await this.work();
  }

  protected output(flags: { json: boolean; quiet: boolean; verbose: boolean }): Promise<Output> {
    return createOutput(flags);
  }

  /** The arguments as paths, `-` replaced by what stdin lists. Throws OcspError `usage` when there are none. */
  protected paths(argv: readonly unknown[], flags: { null: boolean }): Promise<FilePath[]> {
    return readPathArguments(argv.map(String), { separator: flags.null ? '\0' : '\n', stdin: process.stdin });
  }

  /** Errors are reported in one place, by main. */
  protected override catch(error: Error): Promise<void> {
    return Promise.reject(error);
  }
}

/** As much as the largest file that is read, a CRL; who writes it may have to ask somebody for a passphrase. */
const pipeLimits = { octets: 64 * 1024 * 1024, silenceMilliseconds: 60_000 };

/** Before anything else, since files are read where nothing may wait, and a signal has to end the process meanwhile. */
function descriptorPathsIn(args: readonly string[]): string[] {
  const words = args.map((word) => (word.startsWith('--') ? word.slice(word.indexOf('=') + 1) : word));
  const settings = Object.entries(process.env).filter(([name]) => name.startsWith('RESTAPLE_'));
  return [...words, ...settings.map(([, value = '']) => value)].filter(isDescriptorPath);
}
