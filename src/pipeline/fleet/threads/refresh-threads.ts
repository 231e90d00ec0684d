import type { ListedCertificate } from '../../../source/certificate-list.js';
import type { GatePass } from '../../../transport/responder-gate.js';
import type { FetchTools } from '../../fetch/fetch-job.js';
import type { Outcome } from '../../fetch/outcome.js';
import type { CrewMember, CrewWork } from './crew.js';
import { outcomeFromElsewhere, type FromThread, type RefreshedElsewhere } from './thread-message.js';

/** Other threads that refresh certificates meanwhile. Whom they may ask, and when, the gate of this one decides. */
export interface RefreshThreads {
  /**
   * Has the thread with the least to do refresh a certificate.
   *
   * @param here how this thread does it: where it has the least to do itself, and where another could not
   * @returns the outcome; undefined for a file that is none of ours
   */
  share(
    position: number,
    certificate: ListedCertificate,
    here: () => Promise<Outcome | undefined>,
  ): Promise<Outcome | undefined>;
}

/** What one thread is at. */
interface Tasks {
  readonly refreshing: Map<number, (end: RefreshedElsewhere | null) => void>;
  readonly passes: Map<number, GatePass>;
  /** Aborted when the thread is no more. */
  readonly gone: AbortController;
  /** That, or the run's interrupt; one for all requests, since the run's signal remembers each that follows it. */
  readonly over: AbortSignal;
}

/** So much more than this thread they have under way, since this one serves the gate and hears of every outcome too. */
const shareOfHelpers = 2;

const endsHere: RefreshedElsewhere = { kind: 'refused' };

export function startRefreshThreads(
  members: ReadonlySet<CrewMember>,
  tools: Pick<FetchTools, 'gate' | 'signal' | 'onExchange'>,
): { readonly threads: RefreshThreads; readonly work: CrewWork } {
  const { gate, signal } = tools;
  const tasksOf = new Map<CrewMember, Tasks>();
  let ownTasks = 0;

  for (const member of members) {
    const gone = new AbortController();
    const over = AbortSignal.any([signal, gone.signal]);
    tasksOf.set(member, { refreshing: new Map(), passes: new Map(), gone, over });
  }

  const letIn = async (
    member: CrewMember,
    { passes, gone, over }: Tasks,
    { number, host, patience }: Extract<FromThread, { kind: 'enter' }>,
  ): Promise<void> => {
    try {
      const entry = await gate.enter(host, patience, over);
      if (entry.kind !== 'pass') {
        member.send({ kind: 'entry', number, entry });
      } else if (gone.signal.aborted) {
        entry.pass.leave('undecided');
      } else {
        passes.set(number, entry.pass);
        member.send({ kind: 'entry', number, entry: { kind: 'pass', heldMilliseconds: entry.heldMilliseconds } });
      }
    } catch {
      // An interrupt is all that the gate throws.
      member.send({ kind: 'entry', number, entry: { kind: 'interrupted' } });
    }
  };

  const hear = (member: CrewMember, message: FromThread): void => {
    const tasks = tasksOf.get(member);
    if (tasks === undefined) return;
    switch (message.kind) {
      case 'enter':
        void letIn(member, tasks, message);
        break;
      case 'leave':
        tasks.passes.get(message.number)?.leave(message.result, message.reason);
        tasks.passes.delete(message.number);
        break;
      case 'holdOff':
        gate.holdOff(message.host, message.milliseconds);
        break;
      case 'exchange':
        tools.onExchange?.(message.host, message.milliseconds);
        break;
      case 'refreshed':
        tasks.refreshing.get(message.position)?.(message.end);
        tasks.refreshing.delete(message.position);
        break;
      case 'scanned':
        break;
    }
  };

  const lose = (member: CrewMember): void => {
    const tasks = tasksOf.get(member);
    tasksOf.delete(member);
    tasks?.gone.abort();
    for (const pass of tasks?.passes.values() ?? []) pass.leave('undecided');
    for (const resolve of tasks?.refreshing.values() ?? []) resolve(endsHere);
  };

  const leastBusy = (): [CrewMember, Tasks] | undefined => {
    let found: [CrewMember, Tasks] | undefined;
    let fewest = shareOfHelpers * ownTasks + 1;
    for (const [member, tasks] of tasksOf) {
      if (tasks.refreshing.size >= fewest) continue;
      found = [member, tasks];
      fewest = tasks.refreshing.size;
    }
    return found;
  };

  const refreshElsewhere = async (
    position: number,
    certificate: ListedCertificate,
  ): Promise<RefreshedElsewhere | null> => {
    const [member, tasks] = leastBusy() ?? [];
    if (member === undefined || tasks === undefined) return endsHere;
    return await new Promise((resolve) => {
      tasks.refreshing.set(position, resolve);
      member.send({ kind: 'refresh', position, certificate });
    });
  };

  return {
    work: { hear, lose },
    threads: {
      async share(position, certificate, here) {
        const end = await refreshElsewhere(position, certificate);
        if (end === null) return undefined;
        if (end.kind === 'settled') return outcomeFromElsewhere(end.outcome, certificate.path);
        ownTasks += 1;
        try {
          return await here();
        } finally {
          ownTasks -= 1;
        }
      },
    },
  };
}
