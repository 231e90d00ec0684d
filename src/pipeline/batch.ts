import { OcspError } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';
import type { CertificateList } from '../source/certificate-list.js';
import { createDueQueue, type DueEntry, type DueQueue } from './due-queue.js';
import type { FetchOptions, FetchTools } from './fetch-job.js';
import { refreshStaple } from './fetch-staple.js';
import { mapConcurrent } from './map-concurrent.js';
import type { Outcome } from './outcome.js';
import { assess } from './scan/assess.js';
import { scan, type ScanLimits } from './scan/scan.js';
import { refuseSharedStaples } from './shared-staples.js';

/** The outcome of one certificate of a list, and its place there. */
export interface ListedOutcome {
  readonly position: number;
  readonly outcome: Outcome;
  /** Nothing was done this time: it is the outcome of an earlier pass, which still stands. */
  readonly isRepeated?: boolean;
}

export interface BatchLimits extends ScanLimits {
  /** Certificates under way at once; how many of them ask a responder is the gate's matter. */
  readonly concurrency: number;
  /** The last outcome of a certificate whose responder is to be left alone for now; undefined where it may be asked. */
  readonly postponed?: (certificate: FilePath) => Outcome | undefined;
}

/**
 * Fetches the staples of many certificates and yields each outcome as it settles. First every staple on disk is judged,
 * without traffic; then those that are due are asked for, Must-Staple certificates before the others; in the end once
 * more those whose responder was suspended meanwhile, and again for as long as it serves some of them. After an abort no further certificate is taken, and those that were
 * interrupted yield nothing.
 *
 * @throws OcspError `usage` when two certificates would have one staple, before anything is sent
 */
export async function* fetchStaples(
  list: CertificateList,
  options: FetchOptions,
  tools: FetchTools,
  limits: BatchLimits,
): AsyncGenerator<ListedOutcome> {
  await refuseSharedStaples(list, options.out);
  const queue = createDueQueue();
  yield* settleWithoutTraffic(list, queue, options, tools, limits);
  let entries: Iterable<DueEntry> = queue.take();
  let isLast = false;
  do {
    const suspended: DueEntry[] = [];
    for await (const listed of refreshAll(entries, list, options, tools, limits)) {
      if (listed.outcome.wasSuspended === true && !isLast) suspended.push({ position: listed.position });
      else yield listed;
    }
    entries = suspended;
    if (suspended.length === 0) return;
    isLast = !tools.gate.reopen();
  } while (!tools.signal.aborted);
}

async function* settleWithoutTraffic(
  list: CertificateList,
  queue: DueQueue,
  options: FetchOptions,
  tools: FetchTools,
  limits: BatchLimits,
): AsyncGenerator<ListedOutcome> {
  for await (const scanned of scan(list, options, tools, limits)) {
    const { position } = scanned;
    if (scanned.kind === 'settled') {
      yield { position, outcome: scanned.outcome };
      continue;
    }
    const earlier = limits.postponed?.(list.at(position).path);
    if (earlier === undefined) queue.add(position, scanned.turn, scanned.due);
    else yield { position, outcome: earlier, isRepeated: true };
  }
}

async function* refreshAll(
  entries: Iterable<DueEntry>,
  list: CertificateList,
  options: FetchOptions,
  tools: FetchTools,
  limits: BatchLimits,
): AsyncGenerator<ListedOutcome> {
  const work = async ({ position, due }: DueEntry): Promise<ListedOutcome | undefined> => {
    try {
      if (tools.signal.aborted) return undefined;
      const outcome =
        due === undefined
          ? await fetchListed(list.at(position), options, tools, limits)
          : await refreshStaple(due, options, tools);
      return outcome === undefined ? undefined : { position, outcome };
    } catch (error) {
      if (error instanceof OcspError && error.code === 'interrupted') return undefined;
      throw error;
    }
  };
  for await (const listed of mapConcurrent(entries, limits.concurrency, work)) if (listed !== undefined) yield listed;
}

async function fetchListed(
  listed: ReturnType<CertificateList['at']>,
  options: FetchOptions,
  tools: FetchTools,
  { shard }: BatchLimits,
): Promise<Outcome | undefined> {
  const assessment = await assess(listed, options, tools, shard);
  if (assessment.kind === 'due') return await refreshStaple(assessment.due, options, tools);
  return assessment.kind === 'settled' ? assessment.outcome : undefined;
}
