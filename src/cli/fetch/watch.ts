import { errorOfSource, type SourceFailure } from '../../source/certificate-list.js';
import { setTimeout } from 'node:timers/promises';
import { OcspError, isBelieved } from '../../core/index.js';
import { formatTime } from '../../core/time.js';
import type { Outcome } from '../../pipeline/fetch/outcome.js';
import { createResponseMemory, type ResponseMemory } from '../../pipeline/fetch/response-memory.js';
import { createWatchSchedule, type WatchSchedule } from '../../pipeline/fleet/watch-schedule.js';
import type { FetchOrder } from './fetch-order.js';
import { fetchPass, type PassObserver } from './fetch-pass.js';
import { prepareFetchRun, type FetchRun, type RunSurroundings } from './prepare-run.js';
import { createServiceNotifier, type ServiceNotifier } from './service-notification.js';
import { underRunLock } from './under-run-lock.js';

/** Files are looked at once a minute: a renewed certificate is seen by then. */
const lookEveryMilliseconds = 60_000;
const shortestRestMilliseconds = 1000;
/** However large the fleet, judging its files takes a tenth of the time. */
const restPerWork = 10;

/**
 * Keeps staples fresh until a signal ends it: a pass over all certificates, then rest until the first of them is due.
 * SIGHUP reads the configuration and the certificates again at once. The run lock is held during a pass only.
 *
 * @throws OcspError for what the first pass cannot begin with; later such trouble is told, and tried again
 */
export async function watchFleet(
  order: FetchOrder,
  reread: () => Promise<FetchOrder>,
  surroundings: RunSurroundings,
): Promise<void> {
  const { output, interrupt } = surroundings;
  const memory = createResponseMemory();
  const schedule = createWatchSchedule(({ staple, verdict }: Outcome) =>
    staple === undefined || verdict === undefined || !isBelieved(verdict)
      ? undefined
      : memory.freshUntil(staple, verdict.statement.thisUpdate),
  );
  const hangups = catchHangups(interrupt.signal);
  const service = createServiceNotifier(process.env, (line) => output.warn(line));
  let run = await prepareFetchRun(order, surroundings, memory);
  try {
    service.ready('first pass');
    for (let pass = 1; !interrupt.signal.aborted; pass += 1) {
      if (hangups.take()) run = await renewed(run, reread, surroundings, memory, service);
      const began = performance.now();
      await onePass(run, schedule, pass);
      const worked = performance.now() - began;
      const longest = Math.max(lookEveryMilliseconds, worked * restPerWork);
      const next = schedule.next(new Date(Date.now() + longest));
      service.status(`watching; next check at ${formatTime(next)}`);
      const rest = Math.max(next.getTime() - Date.now(), shortestRestMilliseconds, worked * restPerWork);
      await hangups.rest(Math.min(rest, longest));
    }
  } finally {
    service.stopping();
    run.close();
    hangups.release();
    await service.close();
  }
}

async function onePass(run: FetchRun, schedule: WatchSchedule, pass: number): Promise<void> {
  const now = (): Date => run.tools.now();
  const seen: { isAnyFound: boolean; failure?: SourceFailure } = { isAnyFound: false };
  const observer: PassObserver = {
    postponed: (certificate) => schedule.postponed(certificate, now()),
    onOutcome: ({ listed, outcome, isRepeated }) => {
      if (listed.failure === undefined) seen.isAnyFound = true;
      else seen.failure ??= listed.failure;
      if (isRepeated !== true) schedule.take(outcome, now());
    },
    // An outcome that stays the same is printed once.
    isTold: ({ outcome: { outcome }, isRepeated }) => pass === 1 || (isRepeated !== true && outcome !== 'fresh'),
  };
  schedule.beginPass();
  try {
    await underRunLock(run.order, run.interrupt.signal, () => fetchPass(run, observer));
    // Sources that lead to nothing from the first are a mistake of the command line.
    if (seen.failure !== undefined && !seen.isAnyFound) throw errorOfSource(seen.failure);
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    if (run.interrupt.signal.aborted) return;
    if (pass === 1 && error.code !== 'run-locked') throw error;
    tell(run, error);
  }
  schedule.endPass();
}

function tell({ output }: Pick<FetchRun, 'output'>, { message, hint }: OcspError): void {
  output.say(message);
  output.hint(hint);
}

/** The order as it reads now; if it cannot be read, the watch goes on as before. */
async function renewed(
  run: FetchRun,
  reread: () => Promise<FetchOrder>,
  surroundings: RunSurroundings,
  memory: ResponseMemory,
  service: ServiceNotifier,
): Promise<FetchRun> {
  service.reloading();
  try {
    const next = await prepareFetchRun(await reread(), surroundings, memory);
    run.close();
    return next;
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    tell(surroundings, error);
    surroundings.output.say('the watch goes on with the previous settings');
    return run;
  } finally {
    service.ready('reading again');
  }
}

/** SIGHUPs from now on. */
function catchHangups(signal: AbortSignal) {
  let hangup = new AbortController();
  // One for all rests until the next SIGHUP, since the run's signal remembers each that follows it.
  let wakeUp = AbortSignal.any([signal, hangup.signal]);
  const onHangup = (): void => hangup.abort();
  process.on('SIGHUP', onHangup);
  return {
    /** Whether one came since this was asked last. */
    take: (): boolean => {
      if (!hangup.signal.aborted) return false;
      hangup = new AbortController();
      wakeUp = AbortSignal.any([signal, hangup.signal]);
      return true;
    },
    /** Rests for so long, less when one or an abort comes. */
    rest: (milliseconds: number): Promise<void> =>
      setTimeout(milliseconds, undefined, { signal: wakeUp }).catch(() => undefined),
    release: (): void => void process.off('SIGHUP', onHangup),
  };
}
