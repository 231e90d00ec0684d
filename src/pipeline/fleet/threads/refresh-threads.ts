import type { ListedCertificate } from '../../../source/certificate-list.js';
import type { GatePass, ResponderGate } from '../../../transport/responder-gate.js';
import type { FetchTools } from '../../fetch/fetch-job.js';
import type { Outcome } from '../../fetch/outcome.js';
import {
  outcomeFromElsewhere,
  type CrewMember,
  type CrewWork,
  type FromThread,
  type RefreshedElsewhere,
} from './thread-message.js';

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

/** Another thread, and what it is at. */
interface Helper {
  readonly member: CrewMember;
  readonly refreshing: Map<number, (end: RefreshedElsewhere | null) => void>;
  readonly passes: Map<number, GatePass>;
  /** Aborted when the thread is no more. */
  readonly gone: AbortController;
  /** That, or the run's interrupt; one for all requests, since the run's signal remembers each that follows it. */
  readonly over: AbortSignal;
}

type RefreshTools = Pick<FetchTools, 'gate' | 'signal' | 'onExchange'>;

/** So much more than this thread they have under way, since this one serves the gate and hears of every outcome too. */
const shareOfHelpers = 2;

const endsHere: RefreshedElsewhere = { kind: 'refused' };

export function startRefreshThreads(
  members: ReadonlySet<CrewMember>,
  tools: RefreshTools,
): { readonly threads: RefreshThreads; readonly work: CrewWork } {
  const helpers = new Map([...members].map((member) => [member, helperOf(member, tools.signal)]));
  let ownTasks = 0;
  return {
    work: {
      hear(member, message) {
        const helper = helpers.get(member);
        if (helper !== undefined) hear(helper, message, tools);
      },
      lose(member) {
        const helper = helpers.get(member);
        helpers.delete(member);
        if (helper !== undefined) giveBack(helper);
      },
    },
    threads: {
      async share(position, certificate, here) {
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
    },
  };
}

function helperOf(member: CrewMember, signal: AbortSignal): Helper {
  const gone = new AbortController();
  return {
    member,
    refreshing: new Map(),
    passes: new Map(),
    gone,
    over: AbortSignal.any([signal, gone.signal]),
  };
}

/** The one with the least to do; undefined where this thread has less. */
function leastBusy(helpers: Iterable<Helper>, ownTasks: number): Helper | undefined {
  let found: Helper | undefined;
  let fewest = shareOfHelpers * ownTasks + 1;
  for (const helper of helpers) {
    if (helper.refreshing.size >= fewest) continue;
    found = helper;
    fewest = helper.refreshing.size;
  }
  return found;
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

/** What a thread that is no more had: its places at the gate, and its certificates. */
function giveBack({ gone, passes, refreshing }: Helper): void {
  gone.abort();
  for (const pass of passes.values()) pass.leave('undecided');
  for (const resolve of refreshing.values()) resolve(endsHere);
}
