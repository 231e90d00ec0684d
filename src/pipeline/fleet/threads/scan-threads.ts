import type { CertificateList } from '../../../source/certificate-list.js';
import type { JudgingTools } from '../../fetch/fetch-job.js';
import type { Scanned } from '../due-queue.js';
import {
  outcomeFromElsewhere,
  type CrewMember,
  type FoundElsewhere,
  type FromThread,
  type ScanQuestion,
} from './thread-message.js';

/** Other threads that judge certificates of a list meanwhile. */
export type ScanThreads = ReturnType<typeof startScanThreads>;

/** The part of a list that nobody has taken yet; whoever takes a certificate moves `next` on. */
export interface OpenPlaces {
  next: number;
  readonly length: number;
}

/** A question is worth its message, no thread is left with much when all others are through, and few outcomes are at hand at once. */
const certificatesInAQuestion = 16;
/** The next question waits at the thread, so that it never waits for one. */
const questionsInLine = 3;

/** Has each member take certificates from `places` until none is open. One that fails gives back what it had. */
export function startScanThreads(
  members: ReadonlySet<CrewMember>,
  list: CertificateList,
  places: OpenPlaces,
  tools: Pick<JudgingTools, 'now'>,
) {
  const found: Scanned[] = [];
  const givenBack: number[] = [];
  const asked = new Map<CrewMember, ScanQuestion[]>();
  let wake: (() => void) | undefined;

  const ask = (member: CrewMember): void => {
    const line = asked.get(member);
    while (line !== undefined && line.length < questionsInLine && places.next < places.length) {
      const first = places.next;
      places.next = Math.min(first + certificatesInAQuestion, places.length);
      const certificates = Array.from({ length: places.next - first }, (_, index) => list.at(first + index));
      const question: ScanQuestion = { kind: 'scan', first, certificates, now: tools.now() };
      line.push(question);
      member.sendNow(question);
    }
  };

  for (const member of members) {
    asked.set(member, []);
    ask(member);
  }
  const isAny = (): boolean => found.length > 0 || givenBack.length > 0;
  const isWaitedFor = (): boolean => [...asked.values()].some((questions) => questions.length > 0);

  return {
    hear(member: CrewMember, message: FromThread): void {
      // Of one that is lost everything was given back.
      if (message.kind !== 'scanned' || asked.get(member)?.shift() === undefined) return;
      ask(member);
      for (const [index, one] of message.found.entries()) {
        const position = message.first + index;
        if (one?.kind === 'refused') givenBack.push(position);
        else if (one !== null) found.push(scannedElsewhere(position, one, list));
      }
      wake?.();
    },
    lose(member: CrewMember): void {
      for (const { first, certificates } of asked.get(member) ?? []) {
        for (const index of certificates.keys()) givenBack.push(first + index);
      }
      asked.delete(member);
      wake?.();
    },
    /** What they have found since this was asked last. */
    take: (): readonly Scanned[] => found.splice(0),
    /** A certificate that none of them could judge, which is for this thread to do; undefined when there is none. */
    takeBack: (): number | undefined => givenBack.pop(),
    /** Waits until they have found something; false when all they were given is done. */
    async isMoreToCome(): Promise<boolean> {
      if (!isAny() && isWaitedFor()) await new Promise<void>((resolve) => (wake = resolve));
      wake = undefined;
      return isAny() || isWaitedFor();
    },
  };
}

function scannedElsewhere(
  position: number,
  found: Exclude<FoundElsewhere, { kind: 'refused' }>,
  list: CertificateList,
): Scanned {
  if (found.kind === 'due') return { position, ...found };
  return { kind: 'settled', position, outcome: outcomeFromElsewhere(found.outcome, list.at(position).path) };
}
