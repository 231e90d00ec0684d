import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Shard } from '../../core/shard.js';
import type { CertificateList } from '../../source/certificate-list.js';
import { turnOf, type Scanned } from './due-queue.js';
import type { FetchOptions, JudgingTools } from '../fetch/fetch-job.js';
import type { Crew } from './threads/crew.js';
import { assess, type Assessment } from '../fetch/assess.js';

/** This many are judged before the first is yielded: each yield costs turns of the event loop. */
const judgedAtOnce = 16;

/**
 * Judges the staples of a list by what is on disk, without traffic, and yields the certificates that are the run's as they
 * are judged, some at a time and in no order. Ends early once the signal is aborted.
 *
 * @param shard the part of the fleet that this run works on; all of it when absent
 * @param crew threads that judge files too
 * @throws OcspError `usage`, `interrupted`
 */
export async function* scan(
  list: CertificateList,
  options: FetchOptions,
  tools: JudgingTools & { readonly signal: AbortSignal },
  shard?: Shard,
  crew?: Crew,
): AsyncGenerator<readonly Scanned[]> {
  const places = { next: 0, length: list.length };
  const others = crew?.scan(list, places);
  const next = (): number | undefined =>
    others?.takeBack() ?? (places.next < places.length ? places.next++ : undefined);
  const breath = createBreath();
  for (;;) {
    if (breath.isDue()) await breath.take();
    if (tools.signal.aborted) return;
    const judged = [...(others?.take() ?? [])];
    let position = next();
    const isAny = position !== undefined;
    while (position !== undefined) {
      const one = scannedAs(position, await assess(list.at(position), options, tools, shard));
      if (one !== undefined) judged.push(one);
      position = judged.length < judgedAtOnce && !breath.isDue() ? next() : undefined;
    }
    if (judged.length > 0) yield judged;
    else if (!isAny && (await others?.isMoreToCome()) !== true) return;
  }
}

function scannedAs(position: number, assessment: Assessment | undefined): Scanned | undefined {
  if (assessment?.kind !== 'due') return assessment && { position, ...assessment };
  return { kind: 'due', position, turn: turnOf(assessment.due), due: assessment.due };
}

const breathEveryMilliseconds = 10;

/** Judging files is one long stretch of work: signals, threads and the terminal get their turn now and then. */
function createBreath(): { isDue(): boolean; take(): Promise<void> } {
  let last = performance.now();
  return {
    isDue: () => performance.now() - last >= breathEveryMilliseconds,
    async take() {
      await nextTurn();
      last = performance.now();
    },
  };
}
