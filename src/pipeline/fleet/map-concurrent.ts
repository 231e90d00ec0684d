/**
 * Runs `work` over the items, at most `concurrency` at once, and yields each result as it settles. Memory is bounded by
 * the concurrency. An error thrown by `work` ends the iteration after the running ones have settled.
 */
export async function* mapConcurrent<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const settled: Settled<Result>[] = [];
  const running = new Set<Promise<void>>();
  let wake: (() => void) | undefined;
  const launch = (item: Item): void => {
    const job: Promise<void> = work(item)
      .then(
        (result) => settled.push({ result }),
        (error: unknown) => settled.push({ error }),
      )
      .then(() => {
        running.delete(job);
        wake?.();
      });
    running.add(job);
  };
  const someSettled = async (): Promise<void> => {
    if (settled.length > 0) return;
    await new Promise<void>((resolve) => (wake = resolve));
    wake = undefined;
  };
  try {
    for await (const item of items) {
      launch(item);
      while (running.size >= concurrency || settled.length > 0) {
        await someSettled();
        for (const one of settled.splice(0)) yield resultOf(one);
      }
    }
    while (running.size > 0 || settled.length > 0) {
      await someSettled();
      for (const one of settled.splice(0)) yield resultOf(one);
    }
  } finally {
    await Promise.allSettled(running);
  }
}

type Settled<Result> = { readonly result: Result } | { readonly error: unknown };

function resultOf<Result>(settled: Settled<Result>): Result {
  if ('error' in settled) throw settled.error;
  return settled.result;
}
