import type { Config } from '@oclif/core';
import type { FilePath } from '../../core/file-path.js';
import type { Interrupt } from '../interrupt.js';
import type { Output } from '../output.js';
import { nobodyTold, type ReloadAtEnd, type ReloadAtEndFlags, type ReloadPlan } from './reload-outcome.js';

/**
 * Does nothing where nobody has to be told: the code behind it is loaded only where somebody has.
 *
 * @throws OcspError `usage`, and what reading the dnsdist key can throw: before any traffic
 */
export async function reloadAtEnd(
  config: Config,
  flags: ReloadAtEndFlags,
  certificates: () => readonly FilePath[],
  interrupt: Interrupt,
  output: Output,
  plan: ReloadPlan = { sources: [], isOfFile: false },
): Promise<ReloadAtEnd> {
  const nobody = { take: () => Promise.resolve(), finish: () => Promise.resolve(nobodyTold) };
  const isAnyNamed = [flags, ...plan.sources].some(
    ({ reload = [], confirm = [] }) => reload.length + confirm.length > 0,
  );
  if (!isAnyNamed && config.plugins.size <= 1) return nobody;
  const { gatherAndTell } = await import('./gather-and-tell.js');
  return gatherAndTell(config, flags, certificates, interrupt, output, plan) ?? nobody;
}
