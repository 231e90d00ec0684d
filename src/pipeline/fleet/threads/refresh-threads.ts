import type { ListedCertificate } from '../../../source/certificate-list.js';
import type { GatePass, ResponderGate } from '../../../transport/responder-gate.js';
import type { FetchTools } from '../../fetch/fetch-job.js';
import type { Outcome } from '../../fetch/outcome.js';
import { outcomeFromElsewhere, type CrewMember, type FromThread, type RefreshedElsewhere } from './thread-message.js';

/** Other threads that refresh certificates meanwhile. Whom they may ask, and when, the gate of this one decides. */
export type RefreshThreads = ReturnType<typeof startRefreshThreads>;

/** Another thread, and what it is at. */
interface Helper {
  readonly member: CrewMember;
  readonly refreshing: Map<number, (end: RefreshedElsewhere | null) => void>;
  readonly passes: Map<number, GatePass>;
  /** Aborted when the thread has ended. */
  readonly gone: AbortController;
  /** That, or the run's interrupt; one for all requests, since the run's signal remembers each that follows it. */
  readonly over: AbortSignal;
}

type RefreshTools = Pick<FetchTools, 'gate' | 'signal' | 'onExchange'>;

/** So much more than this thread they have under way, since this one serves the gate and hears about every outcome too. */
const shareOfHelpers = 2;

const endsHere: RefreshedElsewhere = { kind: 'refused' };

export function startRefreshThreads(members: ReadonlySet<CrewMember>, tools: RefreshTools) {
  const helpers = new Map([...members].map((member) => [member, helperOf(member, tools.signal)]));
  let ownTasks = 0;
  return {
    hear(member: CrewMember, message: FromThread): void {
      const helper = helpers.get(member);
      if (helper !== undefined) hear(helper, message, tools);
    },
    /** What a thread that has ended had is given back: its places at the gate, and its certificates. */
    lose(member: CrewMember): void {
      const helper = helpers.get(member);
      helpers.delete(member);
      helper?.gone.abort();
      for (const pass of helper?.passes.values() ?? []) pass.leave('undecided');
      for (const resolve of helper?.refreshing.values() ?? []) resolve(endsHere);
    },
    /**
     * Has the thread with the least to do refresh a certificate.
     *
     * @param here how this thread does it: where it has the least to do itself, and where another could not
     * @returns the outcome; undefined for a file that is not ours
     */
    async share(
      position: number,
      certificate: ListedCertificate,
      here: () => Promise<Outcome | undefined>,
    ): Promise<Outcome | undefined> {
      const helper = leastBusy(helpers.values(), ownTasks);
      const end = helper === undefined ? endsHere : await refreshElsewhere(helper, position, certificate);
      if (end === null) return undefined;
      if (end.kind === 'settled') return outcomeFromElsewhere(end.outcome, certificate.path);
      ownTasks += 1;
      try {
        return await here();
      } finally {
        ownTasks -= 1;
      }
    },
  };
}

function helperOf(member: CrewMember, signal: AbortSignal): Helper {
  const gone = new AbortController();
  const over = AbortSignal.any([signal, gone.signal]);
  return { member, refreshing: new Map(), passes: new Map(), gone, over };
}

/** The one with the least to do; undefined where this thread has less. */
function leastBusy(helpers: Iterable<Helper>, ownTasks: number): Helper | undefined {
  const [found] = [...helpers].sort((a, b) => a.refreshing.size - b.refreshing.size);
  return found !== undefined && found.refreshing.size <= shareOfHelpers * ownTasks ? found : undefined;
}

function refreshElsewhere(
  { member, refreshing }: Helper,
  position: number,
  certificate: ListedCertificate,
): Promise<RefreshedElsewhere | null> {
  return new Promise((resolve) => {
    refreshing.set(position, resolve);
    member.send({ kind: 'refresh', position, certificate });
  });
}

function hear(helper: Helper, message: FromThread, { gate, onExchange }: RefreshTools): void {
  const { passes, refreshing } = helper;
  switch (message.kind) {
    case 'enter':
      void letIn(helper, message, gate);
      break;
    case 'leave':
      passes.get(message.number)?.leave(message.result, message.reason);
      passes.delete(message.number);
      break;
    case 'holdOff':
      gate.holdOff(message.host, message.milliseconds);
      break;
    case 'exchange':
      onExchange?.(message.host, message.milliseconds);
      break;
    case 'refreshed':
      refreshing.get(message.position)?.(message.end);
      refreshing.delete(message.position);
      break;
    case 'scanned':
    case 'issuersUsed':
      break;
  }
}

async function letIn(
  { member, passes, gone, over }: Helper,
  { number, host, patience }: Extract<FromThread, { kind: 'enter' }>,
  gate: ResponderGate,
): Promise<void> {
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
}
