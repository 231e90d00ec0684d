import type { Shard } from '../../core/shard.js';
import type { CertificateList } from '../../source/certificate-list.js';
import type { FetchOptions, JudgingTools } from '../fetch-job.js';
import type { Scanned } from './scan.js';
import {
  pathFromElsewhere,
  type FoundElsewhere,
  type ScanAnswer,
  type ScanQuestion,
  type ScanSetting,
} from './scan-message.js';

/** Other threads that judge certificates of a list meanwhile. */
export interface ScanThreads {
  /** What they have found since this was asked last. */
  take(): readonly Scanned[];
  /** A certificate that none of them could judge, which is for this thread to do; undefined when there is none. */
  takeBack(): number | undefined;
  /** Waits until they have found something; false when all they were given is done. */
  isMoreToCome(): Promise<boolean>;
  /** They finish what they are at, and are gone. */
  end(): void;
}

/** The part of a list that nobody has taken yet; whoever takes a certificate moves `next` on. */
export interface OpenPlaces {
  next: number;
  readonly length: number;
}

export interface ScanSurroundings {
  readonly options: FetchOptions;
  readonly tools: JudgingTools;
  readonly shard: Shard | undefined;
}

/** A question is worth its message, no thread is left with much when all others are through, and few outcomes are at hand at once. */
const certificatesInAQuestion = 16;
/** The next question waits at the thread, so that it never waits for one. */
const questionsInLine = 3;

/** As much of a worker thread as is needed here. */
export interface ScanThread {
  postMessage(message: ScanQuestion | null): void;
  on(event: 'message', listener: (answer: ScanAnswer) => void): unknown;
  on(event: 'error' | 'exit', listener: () => void): unknown;
}

/** Other threads that may help with a scan. */
export interface ScanHelpers {
  readonly count: number;
  /** Undefined where the system gives this process no further thread. */
  start(setting: ScanSetting): ScanThread | undefined;
}

/** Starts threads that take certificates from `places` until none is open. One that fails gives back what it had. */
export function startScanThreads(
  helpers: ScanHelpers,
  list: CertificateList,
  places: OpenPlaces,
  { options, tools, shard }: ScanSurroundings,
): ScanThreads {
  const found: Scanned[] = [];
  const givenBack: number[] = [];
  const asked = new Map<ScanThread, ScanQuestion[]>();
  let wake: (() => void) | undefined;

  const ask = (thread: ScanThread): void => {
    const line = asked.get(thread);
    while (line !== undefined && line.length < questionsInLine && places.next < places.length) {
      const first = places.next;
      places.next = Math.min(first + certificatesInAQuestion, places.length);
      const certificates = Array.from({ length: places.next - first }, (_, index) => list.at(first + index));
      const question = { first, certificates, now: tools.now() };
      line.push(question);
      thread.postMessage(question);
    }
  };

  const hear = (thread: ScanThread, answer: ScanAnswer): void => {
    asked.get(thread)?.shift();
    ask(thread);
    for (const [index, one] of answer.found.entries()) {
      const position = answer.first + index;
      if (one?.kind === 'refused') givenBack.push(position);
      else if (one !== null) found.push(scannedElsewhere(position, one, list));
    }
    wake?.();
  };

  const lose = (thread: ScanThread): void => {
    for (const { first, certificates } of asked.get(thread) ?? []) {
      for (const index of certificates.keys()) givenBack.push(first + index);
    }
    asked.delete(thread);
    wake?.();
  };

  const setting: ScanSetting = { options, issuers: tools.issuers.named, shard };
  for (let number = 0; number < helpers.count; number += 1) {
    const thread = helpers.start(setting);
    if (thread === undefined) break;
    asked.set(thread, []);
    thread.on('message', (answer: ScanAnswer) => hear(thread, answer));
    // Whatever ended it, its certificates are judged here.
    thread.on('error', () => lose(thread));
    thread.on('exit', () => lose(thread));
    ask(thread);
  }

  return {
    take: () => found.splice(0),
    takeBack: () => givenBack.pop(),
    async isMoreToCome() {
      const isAny = (): boolean => found.length > 0 || givenBack.length > 0;
      if (!isAny() && isWaitedFor(asked)) await new Promise<void>((resolve) => (wake = resolve));
      wake = undefined;
      return isAny() || isWaitedFor(asked);
    },
    end() {
      for (const thread of asked.keys()) thread.postMessage(null);
    },
  };
}

function isWaitedFor(asked: ReadonlyMap<ScanThread, readonly ScanQuestion[]>): boolean {
  return [...asked.values()].some((questions) => questions.length > 0);
}

function scannedElsewhere(
  position: number,
  found: Exclude<FoundElsewhere, { kind: 'refused' }>,
  list: CertificateList,
): Scanned {
  if (found.kind === 'due') return { ...found, position };
  const { outcome } = found;
  const { staple } = outcome;
  const certificate = list.at(position).path;
  const paths = staple === undefined ? { certificate } : { certificate, staple: pathFromElsewhere(staple) };
  return { kind: 'settled', position, outcome: { ...outcome, ...paths } };
}
