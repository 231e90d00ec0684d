import { createTemporaryFolder } from '../../test/support/temporary-folder.js';
import { median, type Row } from '../table.js';
import { fetchCold, fetchColdByRestaple, fetchNothingDue, requireAllFresh, usualConcurrency } from './fetch-fleet.js';
import { fleetPort, prepareFleet, removeRuns, type Fleet } from './fleet-folder.js';
import { buildPeer, missingPeerRow, NoGo, startPeerResponder } from './peer.js';
import type { Measured } from './run-measured.js';
import { shellLoopRate } from './shell-loop.js';

const size = 10_000;
const runs = 5;

const minimumOfPeer = 0.22;
const delayMilliseconds = 50;
const delayedConcurrency = 64;
const minimumOfDelayed = 0.9;
const maximumSeconds = 3;

/**
 * `restaple fetch FOLDER` over 10,000 certificates, whole processes from outside: everything due beside the Go program of peer/,
 * the same with a slow responder, and nothing due. Medians of 5; the Go program is the responder too.
 */
export async function benchFleet(): Promise<Row[]> {
  const fleet = await prepareFleet(size, fleetPort);
  try {
    return [...(await coldRows(fleet)), await nothingDueRow(fleet)];
  } finally {
    removeRuns(fleet);
  }
}

async function coldRows(fleet: Fleet): Promise<Row[]> {
  const folder = createTemporaryFolder('restaple-bench-');
  try {
    const peer = await buildPeer(folder.path);
    return [...(await withoutDelay(peer, fleet)), await withDelay(peer, fleet)];
  } catch (error) {
    if (!(error instanceof NoGo)) throw error;
    return [missingPeerRow(`${size} certificates fetched cold`, error)];
  } finally {
    folder.remove();
  }
}

/** The two programs take turns, so that a busy machine slows both. */
async function withoutDelay(peer: string, fleet: Fleet): Promise<Row[]> {
  const responder = await startPeerResponder(peer, fleet);
  const peerWords = (folder: string): string[] => ['fetch', '-concurrency', String(usualConcurrency), folder];
  try {
    const own: Measured[] = [];
    const others: Measured[] = [];
    // One more than counted: the first warms the file cache.
    for (let number = 0; number <= runs; number += 1) {
      const other = await fetchCold(fleet, peer, peerWords);
      const mine = await fetchColdByRestaple(fleet);
      if (number === 0) continue;
      others.push(other);
      own.push(mine);
    }
    return comparisonRows(rateOf(own), rateOf(others), await shellLoopRate(fleet));
  } finally {
    await responder.stop();
  }
}

function comparisonRows(own: number, other: number, shellLoop: number): Row[] {
  const ratio = own / other;
  return [
    {
      what: `${size} certificates fetched cold, RSA-2048, verified and written durably, a second`,
      measured: `${ratio.toFixed(2)} × the Go program (${own.toFixed(0)} to ${other.toFixed(0)})`,
      bound: `${minimumOfPeer} ×`,
      isMet: ratio >= minimumOfPeer,
    },
    {
      what: 'a shell loop of `openssl ocsp`, a second',
      measured: shellLoop.toFixed(0),
      bound: '—',
      isMet: true,
    },
  ];
}

async function withDelay(peer: string, fleet: Fleet): Promise<Row> {
  const responder = await startPeerResponder(peer, fleet, `${delayMilliseconds}ms`);
  try {
    const rate = rateOf(await repeat(() => fetchColdByRestaple(fleet, delayedConcurrency)));
    const possible = (delayedConcurrency * 1000) / delayMilliseconds;
    return {
      what: `the same with ${delayMilliseconds} ms of responder delay, ${delayedConcurrency} at a time`,
      measured: `${((100 * rate) / possible).toFixed(0)} % of ${possible} a second (${rate.toFixed(0)})`,
      bound: `${100 * minimumOfDelayed} %`,
      isMet: rate >= minimumOfDelayed * possible,
    };
  } finally {
    await responder.stop();
  }
}

async function nothingDueRow(fleet: Fleet): Promise<Row> {
  await requireAllFresh(fleet);
  const seconds = median((await repeat(() => fetchNothingDue(fleet))).map((run) => run.seconds));
  return {
    what: `a pass over ${size} certificates with nothing due, each staple verified`,
    measured: `${seconds.toFixed(2)} s`,
    bound: `${maximumSeconds} s`,
    isMet: seconds <= maximumSeconds,
  };
}

function rateOf(found: readonly Measured[]): number {
  return size / median(found.map(({ seconds }) => seconds));
}

async function repeat(measure: () => Promise<Measured>): Promise<Measured[]> {
  const found: Measured[] = [];
  for (let number = 0; number < runs; number += 1) found.push(await measure());
  return found;
}
