import type { Shard } from '../../core/shard.js';
import type { CertificateList } from '../../source/certificate-list.js';
import { turnOf, type Turn } from '../due-queue.js';
import type { DueCertificate, FetchOptions, JudgingTools } from '../fetch-job.js';
import type { Outcome } from '../outcome.js';
import { assess, type Assessment } from './assess.js';
import { startScanThreads, type ScanThreads } from './scan-threads.js';

/** What the files alone tell of the certificate at a place of the list. */
export type Scanned =
  | { readonly kind: 'settled'; readonly position: number; readonly outcome: Outcome }
  | { readonly kind: 'due'; readonly position: number; readonly turn: Turn; readonly due?: DueCertificate };

export interface ScanLimits {
  /** The part of the fleet that this run works on; all of it when absent. */
  readonly shard?: Shard;
  /** How many threads may judge files, this one included; 1 when absent. */
  readonly threads?: number;
}

/** With fewer certificates a thread costs more than it takes over. */
const worthAThread = 500;
/** More have nothing to do: this thread has to hear of every outcome. And each costs 20 MB. */
const mostOtherThreads = 2;

/**
 * Judges the staples of a list by what is on disk, without traffic, and yields each certificate that is the run's as it is
 * judged, in no order. A large list is judged by several threads. Ends early once the signal is aborted.
 *
 * @throws OcspError `usage`, `interrupted`
 */
export async function* scan(
  list: CertificateList,
  options: FetchOptions,
  tools: JudgingTools & { readonly signal: AbortSignal },
  { shard, threads = 1 }: ScanLimits,
): AsyncGenerator<Scanned> {
  const others = list.length < worthAThread ? 0 : Math.min(threads - 1, mostOtherThreads);
  const places = { next: 0, length: list.length };
  const helpers = others > 0 ? startScanThreads(others, list, places, { options, tools, shard }) : undefined;
  const breathe = createBreath();
  try {
    for (;;) {
      await breathe();
      if (tools.signal.aborted) return;
      for (const judged of helpers?.take() ?? []) yield judged;
      const position = helpers?.takeBack() ?? (places.next < places.length ? places.next++ : undefined);
      if (position !== undefined) {
        const judged = scannedAs(position, await assess(list.at(position), options, tools, shard));
        if (judged !== undefined) yield judged;
      } else if (!(await isMoreToCome(helpers))) {
        return;
      }
    }
  } finally {
    helpers?.end();
  }
}

function scannedAs(position: number, assessment: Assessment): Scanned | undefined {
  if (assessment.kind === 'ignored') return undefined;
  if (assessment.kind === 'settled') return { ...assessment, position };
  return { kind: 'due', position, turn: turnOf(assessment.due), due: assessment.due };
}

async function isMoreToCome(helpers: ScanThreads | undefined): Promise<boolean> {
  return helpers !== undefined && (await helpers.isMoreToCome());
}

const breathEveryMilliseconds = 10;

/** Judging files is one long stretch of work: signals, threads and the terminal get their turn now and then. */
function createBreath(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < breathEveryMilliseconds) return;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    last = performance.now();
  };
}
