import type { Finding } from '../../core/index.js';

/** Where hitch keeps what it fetches, if its configuration does not say otherwise. */
const usualFolder = '/var/lib/hitch/';

/** The finding that hitch fetches responses by itself, by the text of its configuration. */
export function ownFetching(configuration: string): Finding[] {
  const lines = configuration.matchAll(/^[ \t]*ocsp-dir[ \t]*=[ \t]*"([^"\n]*)"/gm);
  const folder = [...lines].at(-1)?.[1] ?? usualFolder;
  if (folder === '') return [];
  const message = `hitch also fetches responses by itself, into ${folder}, and staples them in place of those of restaple: write ocsp-dir = "" into its configuration`;
  return [{ rule: 'server-fetches-itself', severity: 'warning', message, source: 'ocsp-dir of hitch' }];
}
