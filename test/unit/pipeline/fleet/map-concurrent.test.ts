import { describe, expect, it } from 'vitest';
import { mapConcurrent } from '../../../../src/pipeline/fleet/map-concurrent.js';

/** Work that ends when the test says so. */
function controlled() {
  const ends = new Map<number, { succeed: () => void; fail: (error: Error) => void }>();
  const started: number[] = [];
  const work = (item: number): Promise<number> => {
    started.push(item);
    return new Promise((resolve, reject) => ends.set(item, { succeed: () => resolve(item), fail: reject }));
  };
  return { work, started, ends };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function collect<Item>(results: AsyncIterable<Item>, into: Item[] = []): Promise<Item[]> {
  for await (const result of results) into.push(result);
  return into;
}

describe('mapConcurrent', () => {
  it('yields each result as it settles, whatever the order of the items', async () => {
    const { work, ends } = controlled();
    const seen: number[] = [];
    const done = collect(mapConcurrent([1, 2, 3], 3, work), seen);
    for (const item of [3, 1, 2]) {
      await turn();
      ends.get(item)?.succeed();
      await turn();
      expect(seen.at(-1)).toBe(item);
    }
    expect(await done).toEqual([3, 1, 2]);
  });

  it('has no more under way than it may, and takes the next item only then', async () => {
    const { work, started, ends } = controlled();
    const taken: number[] = [];
    function* items() {
      for (let item = 1; item <= 5; item += 1) {
        taken.push(item);
        yield item;
      }
    }
    const done = collect(mapConcurrent(items(), 2, work));
    await turn();
    expect({ started: [...started], taken: [...taken] }).toEqual({ started: [1, 2], taken: [1, 2] });
    ends.get(2)?.succeed();
    await turn();
    expect({ started: [...started], taken: [...taken] }).toEqual({ started: [1, 2, 3], taken: [1, 2, 3] });
    for (const item of [1, 3, 4, 5]) {
      ends.get(item)?.succeed();
      await turn();
    }
    expect((await done).sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes items that come with time, and none at all', async () => {
    async function* later() {
      for (const item of [1, 2]) {
        await turn();
        yield item;
      }
    }
    expect(await collect(mapConcurrent(later(), 8, (item) => Promise.resolve(item * 10)))).toEqual([10, 20]);
    expect(await collect(mapConcurrent([], 8, () => Promise.reject(new Error('nobody asked'))))).toEqual([]);
  });

  it('ends with the error of one piece of work, once the others have settled', async () => {
    const { work, started, ends } = controlled();
    let hasEnded = false;
    const done = collect(mapConcurrent([1, 2, 3, 4], 2, work)).finally(() => (hasEnded = true));
    done.catch(() => undefined);
    await turn();
    ends.get(2)?.fail(new Error('broken'));
    await turn();
    expect(hasEnded).toBe(false);
    ends.get(1)?.succeed();
    await expect(done).rejects.toThrow('broken');
    expect(started).toEqual([1, 2]);
  });

  it('ends with the error of the items, once what they started has settled', async () => {
    const { work, ends } = controlled();
    function* items() {
      yield 1;
      throw new Error('no more to be had');
    }
    const done = collect(mapConcurrent(items(), 4, work));
    done.catch(() => undefined);
    await turn();
    ends.get(1)?.succeed();
    await expect(done).rejects.toThrow('no more to be had');
  });

  it('starts nothing more once nobody listens, and closes the items', async () => {
    const { work, started, ends } = controlled();
    let isClosed = false;
    function* items() {
      try {
        for (let item = 1; ; item += 1) yield item;
      } finally {
        isClosed = true;
      }
    }
    const first = (async () => {
      for await (const result of mapConcurrent(items(), 2, work)) return result;
      return undefined;
    })();
    await turn();
    ends.get(1)?.succeed();
    await turn();
    ends.get(2)?.succeed();
    expect(await first).toBe(1);
    expect({ started, isClosed }).toEqual({ started: [1, 2], isClosed: true });
  });
});
