/** What was made of something large and may be made again: the last used of it, up to so many octets. */
export interface BoundedMemory<Value> {
  get(key: string): Value | undefined;
  /** Keeps it, whatever else has to go: what was used longest ago first. */
  set(key: string, value: Value, octets: number): void;
  /** Forgets enough to make room for this many octets. */
  makeRoom(octets: number): void;
}

export function createBoundedMemory<Value>(limitOctets: number): BoundedMemory<Value> {
  const known = new Map<string, { readonly value: Value; readonly octets: number }>();
  let total = 0;
  const forget = (key: string): void => {
    total -= known.get(key)?.octets ?? 0;
    known.delete(key);
  };
  const makeRoom = (octets: number): void => {
    for (const key of known.keys()) {
      if (total + octets <= limitOctets) return;
      forget(key);
    }
  };
  return {
    get(key) {
      const found = known.get(key);
      if (found === undefined) return undefined;
      known.delete(key);
      known.set(key, found);
      return found.value;
    },
    set(key, value, octets) {
      forget(key);
      makeRoom(octets);
      known.set(key, { value, octets });
      total += octets;
    },
    makeRoom,
  };
}
