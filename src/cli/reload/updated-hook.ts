import type { AnnounceTools } from '../../pipeline/reload/announce.js';
import type { StapleToPush } from '../../servers/reload-result.js';
import type { ReloadTarget } from '../../servers/reload-target.js';

/** One staple as a plug-in sees it in the hook `updated`; times are ISO 8601. */
export interface UpdatedStaple {
  readonly certificate: string;
  readonly staple: string;
  readonly serialNumber: string;
  readonly nextUpdate: string;
}

/**
 * The options of oclif's custom hook `updated`: `updated` lists the staples that changed in this run. The other fields
 * are for the built-in subscriber, which tells the targets of --reload and returns their results.
 */
export interface UpdatedHookOptions {
  readonly updated: readonly UpdatedStaple[];
  readonly staples: readonly StapleToPush[];
  readonly targets: readonly ReloadTarget[];
  readonly tools: AnnounceTools;
}
