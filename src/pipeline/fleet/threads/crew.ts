import type { Shard } from '../../../core/shard.js';
import type { CertificateList } from '../../../source/certificate-list.js';
import type { IssuerSource } from '../../../source/missing-issuer.js';
import type { FetchOptions, FetchTools } from '../../fetch/fetch-job.js';
import { createOutbox } from './outbox.js';
import { startRefreshThreads, type RefreshThreads } from './refresh-threads.js';
import { startScanThreads, type OpenPlaces, type ScanThreads } from './scan-threads.js';
import type { CrewMember, CrewWork, FromThread, ThreadSetting, ToThread } from './thread-message.js';

/** As much of a worker thread as is needed here. */
export interface HelperThread {
  readonly threadId: number;
  postMessage(messages: readonly ToThread[]): void;
  on(event: 'message', listener: (messages: readonly FromThread[]) => void): unknown;
  on(event: 'error' | 'exit', listener: () => void): unknown;
}

/** Where threads come from. */
export interface HelperThreads {
  readonly count: number;
  /** Undefined where the system gives this process no further thread. */
  start(setting: ThreadSetting): HelperThread | undefined;
}

/** The threads that help with a fleet. */
export type Crew = ReturnType<typeof startCrew>;

export interface CrewSurroundings {
  readonly options: FetchOptions;
  readonly tools: FetchTools;
  readonly shard: Shard | undefined;
  /** What --issuer named, read once: it may be a pipe. */
  readonly issuers: readonly IssuerSource[];
}

/** Starts the threads; one that the system does not give, or that fails, leaves its work to this one. */
export function startCrew(helpers: HelperThreads, { options, tools, shard, issuers }: CrewSurroundings) {
  const members = new Set<CrewMember>();
  const works: CrewWork[] = [];
  const begun = <Work extends CrewWork>(work: Work): Work => {
    works.push(work);
    return work;
  };
  const setting: ThreadSetting = { options, issuers, shard, isObserved: tools.onExchange !== undefined };
  for (let number = 0; number < helpers.count; number += 1) {
    const thread = helpers.start(setting);
    if (thread === undefined) break;
    const member: CrewMember = createOutbox<ToThread>((messages) => thread.postMessage(messages));
    members.add(member);
    thread.on('message', (messages) => {
      for (const message of messages) {
        if (message.kind === 'issuersUsed') tools.issuers.markUsed(message.positions);
        else for (const work of works) work.hear(member, message);
      }
    });
    const { threadId } = thread;
    // Its error comes before what it had said already, its exit after that; without a listener the error would be ours.
    thread.on('error', () => undefined);
    thread.on('exit', () => {
      tools.ownProcess.lostThreads?.add(threadId);
      members.delete(member);
      for (const work of works) work.lose(member);
    });
  }
  const abort = (): void => {
    for (const member of members) member.send({ kind: 'abort' });
  };
  tools.signal.addEventListener('abort', abort);
  return {
    /** Has them judge files; they take certificates from `places` until none is open. */
    scan: (list: CertificateList, places: OpenPlaces): ScanThreads =>
      begun(startScanThreads(members, list, places, tools)),
    /** Has them ask responders and store what they hear. */
    refresh: (): RefreshThreads => begun(startRefreshThreads(members, tools)),
    /** They are gone. */
    end(): void {
      tools.signal.removeEventListener('abort', abort);
      for (const member of members) member.send({ kind: 'end' });
    },
  };
}
