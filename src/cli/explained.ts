import { Errors, type Interfaces } from '@oclif/core';
import type { CommandRecord } from './help/command-record.js';

/** An error of the command line in our words. The code for that is loaded only here. */
export async function explained(
  error: unknown,
  args: readonly string[],
  config: Pick<Interfaces.Config, 'commands'> | undefined,
): Promise<unknown> {
  if (!(error instanceof Errors.CLIError) || error instanceof Errors.ExitError) return error;
  const { explainUsage } = await import('./help/explain-usage.js');
  // oclif's own type knows nothing of what a command declares beyond it.
  return explainUsage(error, args, (config?.commands ?? []) as unknown as CommandRecord[]);
}
