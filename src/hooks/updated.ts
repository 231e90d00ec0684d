import type { UpdatedHookOptions } from '../cli/reload/updated-hook.js';
import { announce } from '../pipeline/reload/announce.js';
import type { TargetResult } from '../servers/reload-result.js';

/** The built-in subscriber of the hook `updated`: tells the targets of --reload, and returns what became of each. */
export default async function updated({
  staples,
  targets,
  tools,
}: UpdatedHookOptions): Promise<readonly TargetResult[]> {
  return await announce(staples, targets, tools);
}
