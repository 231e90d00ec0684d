import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Keeps the memory of a long run from growing with its length. */
export interface FrugalHeap {
  /** Has V8 look through all of its heap, which takes some 20 ms. */
  collect(): void;
}

/**
 * V8 takes what the system has: it lets the garbage of a long run grow to hundreds of megabytes before it looks at the old
 * part of its heap. Here it does when it is asked to.
 */
export function startFrugalHeap(): FrugalHeap {
  setFlagsFromString('--expose-gc');
  // Node gives the function to new contexts alone once it is running.
  const collect = runInNewContext('gc') as (() => void) | undefined;
  setFlagsFromString('--no-expose-gc');
  return { collect: collect ?? (() => undefined) };
}
