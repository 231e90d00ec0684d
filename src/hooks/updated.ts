import { announceToolsFrom } from '../cli/announce-setup.js';
import type { UpdatedHookOptions } from '../cli/updated-hook.js';
import { announce } from '../pipeline/reload/announce.js';
import type { TargetResult } from '../reload/reload-result.js';

/** The built-in subscriber of the hook `updated`: tells the targets of --reload, and returns what became of each. */
export default async function updated(options: UpdatedHookOptions): Promise<readonly TargetResult[]> {
  if (options.targets.length === 0) return [];
  const tools = announceToolsFrom(options.settings, options.signal, options.warn);
  return await announce(options.staples, options.targets, tools);
}
