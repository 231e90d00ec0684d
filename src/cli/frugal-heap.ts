import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Keeps the memory of a long run from growing with its length. */
export interface FrugalHeap {
  /** Has V8 look through all of its heap, which takes some 20 ms. */
  collect(): void;
  /** Lets the space for new objects grow: requests under way keep theirs alive for longer. */
  makeRoom(): void;
}

/**
 * V8 takes what the system has: it lets the garbage of a long run grow to hundreds of megabytes before it looks at the old
 * part of its heap, and the space for new objects to 32. Here it looks when it is asked to, and from then on that space
 * stays small.
 */
export function startFrugalHeap(): FrugalHeap {
  setFlagsFromString('--expose-gc');
  // Node gives the function to new contexts alone once it is running.
  const collectNow = runInNewContext('gc') as (() => void) | undefined;
  setFlagsFromString('--no-expose-gc');
  let hasRoom = false;
  let isKeptSmall = false;
  const keepSmall = (isWanted: boolean): void => {
    if (isKeptSmall === isWanted) return;
    setFlagsFromString(isWanted ? '--optimize-for-size' : '--no-optimize-for-size');
    isKeptSmall = isWanted;
  };
  return {
    collect() {
      // Not before the helping threads are there: one that starts while this is set has 1 MB for new objects, for good.
      keepSmall(!hasRoom);
      collectNow?.();
    },
    makeRoom() {
      // Without it a cold run takes a sixth longer.
      hasRoom = true;
      keepSmall(false);
    },
  };
}
