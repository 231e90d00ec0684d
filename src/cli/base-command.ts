import { Command, type Interfaces } from '@oclif/core';
import { isDescriptorPath, readHandedOverPipes } from '../system/handed-over-pipe.js';
import type { ExitCode } from './exit/exit-code.js';
import { withoutEnvironment, type FlagDefinitions } from './flags/flag.js';
import { createOutput, type Output } from './output.js';
import { inGroup } from './flags/flag-groups.js';
import { ownHint, withOwnHint } from './flags/own-hint.js';
import { switchFlag } from './flags/flag-kinds.js';

/** RESTAPLE_VERSION may be set for other reasons, as in many container images. */
const answeredByMain = { isOfOneRun: true, hasVariable: false } as const;

type Values = Record<string, unknown>;
type OclifInput = Interfaces.Input<Values, Values, Values>;

/** What every command has: --json, --quiet, --verbose, and an exit code as the result of its work. */
export abstract class BaseCommand extends Command {
  static override baseFlags = inGroup('output', {
    json: switchFlag('print JSON, one object per line', {
      isOfOneRun: true,
      summary: 'print JSON, one object per line',
    }),
    quiet: switchFlag('print only errors', { exclusive: ['verbose'], summary: 'print only errors' }),
    verbose: switchFlag('print more on stderr', { summary: 'print more on stderr' }),
    // These two are answered by main, wherever they stand.
    help: switchFlag('show all flags; -h shows the usual ones on one screen', { char: 'h', ...answeredByMain }),
    version: switchFlag('show the version', { char: 'V', ...answeredByMain }),
  });

  /** The codes with which the command can end besides 0, 1 and 2, for its help. */
  static exits: readonly ExitCode[];

  /** Variables that it reads beside those of its flags. */
  static variables: readonly string[] = [];

  /** The pages about it, for its help; paths in the package. */
  static manual: readonly string[];

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
    // Named explicitly: with oclif's own type any misspelt flag would pass.
    type Flags = Interfaces.InferredFlags<Declared['flags'] & Declared['baseFlags']>;
    return { ...parsed, argv: parsed.argv.map(String), flags: parsed.flags as Flags };
  }

  /** Where the command's words go, by these flags; a variable that was probably meant for it is warned of. */
  protected async outputFor(flags: { json: boolean; quiet: boolean; verbose: boolean }): Promise<Output> {
    const definitions = this.definitions();
    const output = await createOutput(flags, (hint) => ownHint(hint, definitions));
    const { variables } = this.ctor as typeof BaseCommand;
    const read = [...variables, ...Object.values(definitions).flatMap(({ env }) => env ?? [])];
    const odd = Object.keys(process.env).filter((name) => /^r[a-z]{5,9}_/i.test(name) && !read.includes(name));
    if (read.length === 0 || odd.length === 0) return output;
    const { unknownVariables } = await import('./flags/unknown-variables.js');
    const hasVariables = read.length > variables.length;
    const several = Object.keys(definitions).filter((name) => hasVariables && definitions[name]?.multiple === true);
    for (const line of unknownVariables(odd, read, several)) output.warn(line);
    return output;
  }

  /** Errors are reported in one place, by main. */
  protected override catch(error: Error): Promise<void> {
    return Promise.reject(withOwnHint(error, this.definitions()));
  }

  private definitions(): FlagDefinitions {
    const { flags, baseFlags } = this.ctor as unknown as Record<'flags' | 'baseFlags', FlagDefinitions>;
    return { ...baseFlags, ...flags };
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
  const words = args.map((word) => (word.startsWith('-') ? word.slice(word.indexOf('=') + 1) : word));
  const settings = Object.entries(process.env).filter(([name]) => name.startsWith('RESTAPLE_'));
  return [...words, ...settings.map(([, value = '']) => value)].filter(isDescriptorPath);
}
