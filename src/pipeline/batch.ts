import { OcspError } from '../core/index.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { readCertificateFile } from '../source/certificate-file.js';
import { staplePathFor, staplePlace } from '../store/staple-location.js';
import type { FetchOptions, FetchTools } from './fetch-job.js';
import { fetchStaple } from './fetch-staple.js';
import type { Outcome } from './outcome.js';

/**
 * Fetches the staples of many certificates, at most `concurrency` at once, and yields each outcome as it settles. After
 * an abort no further certificate is taken, and those that were interrupted yield nothing.
 *
 * @throws OcspError `usage` when two certificates would have one staple, before anything is sent
 */
export async function* fetchStaples(
  paths: readonly FilePath[],
  options: FetchOptions,
  tools: FetchTools,
  concurrency: number,
): AsyncGenerator<Outcome> {
  await refuseSharedStaples(paths, options.out);
  const work = async (path: FilePath): Promise<Outcome | undefined> => {
    try {
      return tools.signal.aborted ? undefined : await fetchStaple(path, options, tools);
    } catch (error) {
      if (error instanceof OcspError && error.code === 'interrupted') return undefined;
      throw error;
    }
  };
  for await (const outcome of mapConcurrent(paths, concurrency, work)) if (outcome !== undefined) yield outcome;
}

/**
 * Runs `work` over the items, at most `concurrency` at once, and yields each result as it settles. Memory is bounded by
 * the concurrency. An error thrown by `work` ends the iteration after the running ones have settled.
 */
export async function* mapConcurrent<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running = new Map<number, Promise<{ readonly key: number; readonly result: Result }>>();
  let key = 0;
  try {
    for await (const item of items) {
      const own = key++;
      running.set(
        own,
        work(item).then((result) => ({ key: own, result })),
      );
      if (running.size >= concurrency) yield await next(running);
    }
    while (running.size > 0) yield await next(running);
  } finally {
    await Promise.allSettled(running.values());
  }
}

async function next<Result>(
  running: Map<number, Promise<{ readonly key: number; readonly result: Result }>>,
): Promise<Result> {
  const { key, result } = await Promise.race(running.values());
  running.delete(key);
  return result;
}

/**
 * Makes sure that no two certificates have one staple, and that no staple would replace one of the certificates, before
 * anything is sent.
 *
 * @throws OcspError `usage` naming both certificates and the staple
 */
export async function refuseSharedStaples(paths: readonly FilePath[], out: string | undefined): Promise<void> {
  if (out === undefined) return;
  const certificates = new Set(paths.map(staplePlace));
  const owners = new Map<string, FilePath>();
  for (const path of paths) {
    const staple = await staplePathOf(path, out);
    if (staple === undefined) continue;
    const key = staplePlace(staple);
    if (certificates.has(key)) {
      throw new OcspError(
        'usage',
        `--out would replace the certificate ${shownPath(staple)} by a staple`,
        'give --out another file, a folder, or a template such as {dir}/{base}.ocsp',
      );
    }
    const owner = owners.get(key);
    if (owner !== undefined) {
      throw new OcspError(
        'usage',
        `${shownPath(owner)} and ${shownPath(path)} would have the same staple ${shownPath(staple)}`,
        'give --out a folder or a template such as {dir}/{name}.ocsp',
      );
    }
    owners.set(key, path);
  }
}

/** Undefined for a certificate that cannot be read: its own error comes with its own line. */
async function staplePathOf(path: FilePath, out: string): Promise<FilePath | undefined> {
  try {
    const { certificate } = await readCertificateFile(path);
    return staplePathFor(path, certificate, out);
  } catch (error) {
    if (error instanceof OcspError && error.kind === 'input') return undefined;
    throw error;
  }
}
