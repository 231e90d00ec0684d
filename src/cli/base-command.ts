import { Command, type Interfaces } from '@oclif/core';
import { isDescriptorPath, readHandedOverPipes } from '../system/handed-over-pipe.js';
import type { ExitCode } from './exit/exit-code.js';
import { withoutEnvironment, type FlagDefinitions } from './flags/flag.js';
import { switchFlag } from './flags/flag-kinds.js';

type Values = Record<string, unknown>;
type OclifInput = Interfaces.Input<Values, Values, Values>;

/** What every command has: --json, --quiet, --verbose, and an exit code as the result of its work. */
export abstract class BaseCommand extends Command {
  static override baseFlags = {
    json: switchFlag('one JSON object a line on stdout', { isOfOneRun: true }),
    quiet: switchFlag('say nothing but errors', { exclusive: ['verbose'] }),
    verbose: switchFlag('tell more on stderr'),
  };

  /** Does the work and returns the exit code; throws OcspError for what belongs to no certificate. */
  protected abstract work(): Promise<ExitCode>;

  override async run(): Promise<void> {
    await readHandedOverPipes(descriptorPathsIn(this.argv), pipeLimits);
    process.exitCode = await this.work();
  }

  /** The command line by the flags that this command declares. Variables set nothing here. */
  protected async read<Declared extends { readonly flags: FlagDefinitions; readonly baseFlags: FlagDefinitions }>(
    command: Declared,
  ) {
    const { flags, baseFlags } = command;
    const options = { ...command, flags: withoutEnvironment(flags), baseFlags: withoutEnvironment(baseFlags) };
    const parsed = await this.parse(options as unknown as OclifInput, withNegativeSerial(this.argv));
    // Named, for of oclif's own type any misspelt flag is one.
    type Flags = Interfaces.InferredFlags<Declared['flags'] & Declared['baseFlags']>;
    return { ...parsed, argv: parsed.argv.map(String), flags: parsed.flags as Flags };
  }

  /** Errors are reported in one place, by main. */
  protected override catch(error: Error): Promise<void> {
    return Promise.reject(error);
  }
}

/** oclif takes `-0A` after `--serial` for the switch `-0`; behind a blank, which its reader cuts off, it is a value. */
function withNegativeSerial(args: readonly string[]): string[] {
  return args.map((word, index) => {
    if (/^--serial=-[0-9a-f]/i.test(word)) return word.replace('=', '= ');
    return args[index - 1] === '--serial' && /^-[0-9a-f]/i.test(word) ? ` ${word}` : word;
  });
}

/** As much as the largest file that is read, a CRL; who writes it may have to ask somebody for a passphrase. */
const pipeLimits = { octets: 64 * 1024 * 1024, silenceMilliseconds: 60_000 };

/** Before anything else, since files are read where nothing may wait, and a signal has to end the process meanwhile. */
function descriptorPathsIn(args: readonly string[]): string[] {
  const words = args.map((word) => (word.startsWith('--') ? word.slice(word.indexOf('=') + 1) : word));
  const settings = Object.entries(process.env).filter(([name]) => name.startsWith('RESTAPLE_'));
  return [...words, ...settings.map(([, value = '']) => value)].filter(isDescriptorPath);
}
