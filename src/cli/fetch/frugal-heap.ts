import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Keeps the memory of a long run from growing with its length. V8 takes what the system has: it lets the garbage of a long run grow to hundreds of megabytes before it looks at the old
 * part of its heap, and the space for new objects to 32. Here it looks when it is asked to, and from then on that space
 * stays small.
 */
export function startFrugalHeap() {
  // Not before the threads of this pass are there: one that starts while it is set has 1 MB for new objects, for good.
  keepSmall(false);
  setFlagsFromString('--expose-gc');
  // Once it is running, Node gives the function only to new contexts.
  const collectNow = runInNewContext('gc') as (() => void) | undefined;
  setFlagsFromString('--no-expose-gc');
  let hasRoom = false;
  return {
    /** Has V8 look through all of its heap, which takes some 20 ms. */
    collect(): void {
      keepSmall(!hasRoom);
      collectNow?.();
    },
    /** Lets the space for new objects grow: requests under way keep theirs alive for longer. */
    makeRoom(): void {
      // Without it a cold run takes a sixth longer.
      hasRoom = true;
      keepSmall(false);
    },
  };
}

/** Of the process, as the settings of V8 are. */
let isKeptSmall = false;

function keepSmall(isWanted: boolean): void {
  if (isKeptSmall === isWanted) return;
  isKeptSmall = isWanted;
  if (isWanted) {
    setFlagsFromString('--optimize-for-size');
  } else {
    setFlagsFromString('--no-optimize-for-size');
    // It had set this one too, which the other does not take back.
    setFlagsFromString('--max-semi-space-size=0');
  }
}
