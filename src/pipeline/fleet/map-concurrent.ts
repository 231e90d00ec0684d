/**
 * Runs `work` over the items, at most `concurrency` at once, and yields each result as it settles. Memory is bounded by
 * the concurrency. An error thrown by `work` ends the iteration after the running ones have settled.
 */
export async function* mapConcurrent<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const settled: Promise<Result>[] = [];
  const running = new Set<Promise<Result>>();
  let wake: (() => void) | undefined;
  const launch = (item: Item): void => {
    const job = work(item);
    const settle = (): void => {
      running.delete(job);
      settled.push(job);
      wake?.();
    };
    running.add(job);
    job.then(settle, settle);
  };
  async function* takeSettled(): AsyncGenerator<Result> {
    if (settled.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    wake = undefined;
    for (const job of settled.splice(0)) yield await job;
  }
  try {
    for await (const item of items) {
      launch(item);
      while (running.size >= concurrency || settled.length > 0) yield* takeSettled();
    }
    while (running.size > 0 || settled.length > 0) yield* takeSettled();
  } finally {
    await Promise.allSettled(running);
  }
}
