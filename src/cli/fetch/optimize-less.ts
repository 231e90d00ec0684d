import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 optimize fewer functions from here on, in threads that start later too: a pass over a fleet is over in seconds, and a
 * sixth of its processor time went into optimizing. The setting is that of Node 20; the V8 of newer ones has a quick compiler between.
 */
export function optimizeLess(): void {
  if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString(`--interrupt-budget=${budget}`);
}

/** What a function may do before it is optimized, in V8's unit: six times what it starts with. */
const budget = 400_000;
