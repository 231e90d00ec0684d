import type { FlagDefinitions } from './environment-flags.js';

/** Pairs of flags that contradict each other, each once. */
export function exclusivePairs(flags: FlagDefinitions): [string, string][] {
  return Object.entries(flags).flatMap(([name, { exclusive = [] }]) =>
    exclusive.flatMap((partner): [string, string][] =>
      typeof partner === 'string' && partner in flags ? [[name, partner]] : [],
    ),
  );
}
