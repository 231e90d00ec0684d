import { createTemporaryFolder } from '../../test/support/temporary-folder.js';
import { median, type Row } from '../table.js';
import { fetchCold, fetchColdByRestaple, fetchNothingDue, requireAllFresh, usualConcurrency } from './fetch-fleet.js';
import { fleetPort, prepareFleet, removeRuns, type Fleet } from './fleet-folder.js';
import { buildPeer, missingPeerRow, NoGo, startPeerResponder } from './peer.js';
import { runMeasured, type Measured } from './run-measured.js';
import { shellLoopRate } from './shell-loop.js';

const size = 10_000;
const runs = 5;

const minimumOfPeer = 0.22;
const delayMilliseconds = 50;
const delayedConcurrency = 64;
const minimumOfDelayed = 0.9;
/** 64 at a time with 50 ms of delay, 1,280 a second, were asked for where the Go program did 6,800 a second without delay. */
const askedOfPeer = 1280 / 6800;
const proportionateRuns = 3;
const maximumSeconds = 3;
/** Where these 3 seconds were asked for, `node -e 0` took 21 ms. */
const startsInMaximum = maximumSeconds / 0.021;

/**
 * `restaple fetch FOLDER` over 10,000 certificates, whole processes from outside: everything due beside the Go program of peer/,
 * the same with a slow responder, and nothing due. Medians of 5, or 3 of what takes a minute; the Go program is the responder too. Two bounds are in
 * seconds, of a machine of a certain speed: beside each stands what it comes to on this one.
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
    const { rows, peerRate } = await withoutDelay(peer, fleet);
    return [...rows, await withDelay(peer, fleet), await inProportion(peer, fleet, peerRate)];
  } catch (error) {
    if (!(error instanceof NoGo)) throw error;
    return [missingPeerRow(`${size} certificates fetched cold`, error)];
  } finally {
    folder.remove();
  }
}

/** The two programs take turns, so that a busy machine slows both. */
async function withoutDelay(peer: string, fleet: Fleet): Promise<{ rows: Row[]; peerRate: number }> {
  const responder = await startPeerResponder(peer, fleet);
  try {
    const { own, other } = await inTurns(peer, fleet, usualConcurrency);
    return { rows: comparisonRows(own, other, await shellLoopRate(fleet)), peerRate: other };
  } finally {
    await responder.stop();
  }
}

/** How many certificates a second each of the two fetches. */
async function inTurns(peer: string, fleet: Fleet, concurrency: number): Promise<{ own: number; other: number }> {
  const peerWords = (folder: string): string[] => ['fetch', '-concurrency', String(concurrency), folder];
  const own: Measured[] = [];
  const others: Measured[] = [];
  // One more than counted: the first warms the file cache.
  for (let number = 0; number <= runs; number += 1) {
    const other = await fetchCold(fleet, peer, peerWords);
    const mine = await fetchColdByRestaple(fleet, concurrency);
    if (number === 0) continue;
    others.push(other);
    own.push(mine);
  }
  return { own: rateOf(own), other: rateOf(others) };
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
    const { own, other } = await inTurns(peer, fleet, delayedConcurrency);
    const possible = (delayedConcurrency * 1000) / delayMilliseconds;
    const percent = (rate: number): string => ((100 * rate) / possible).toFixed(0);
    return {
      what: `the same with ${delayMilliseconds} ms of responder delay, ${delayedConcurrency} at a time`,
      measured: `${percent(own)} % of ${possible} a second (${own.toFixed(0)}; the Go program ${percent(other)} %)`,
      bound: `${100 * minimumOfDelayed} %`,
      isMet: own >= minimumOfDelayed * possible,
    };
  } finally {
    await responder.stop();
  }
}

/** The same with so long a delay that this machine has to be as busy as the one that the 50 ms are for. */
async function inProportion(peer: string, fleet: Fleet, peerRate: number): Promise<Row> {
  const delay = Math.round((delayedConcurrency * 1000) / (askedOfPeer * peerRate));
  const responder = await startPeerResponder(peer, fleet, `${delay}ms`);
  try {
    const rate = rateOf(await repeat(() => fetchColdByRestaple(fleet, delayedConcurrency), proportionateRuns));
    const possible = (delayedConcurrency * 1000) / delay;
    return {
      what: `the same with ${delay} ms: as much of what the Go program does here without delay as 50 ms were where it was set`,
      measured: `${((100 * rate) / possible).toFixed(0)} % of ${possible.toFixed(0)} a second (${rate.toFixed(0)})`,
      bound: `${100 * minimumOfDelayed} %`,
      isMet: rate >= minimumOfDelayed * possible,
    };
  } finally {
    await responder.stop();
  }
}

async function nothingDueRow(fleet: Fleet): Promise<Row> {
  await requireAllFresh(fleet);
  const passes: number[] = [];
  const starts: number[] = [];
  for (let number = 0; number < runs; number += 1) {
    starts.push((await runMeasured(process.execPath, ['-e', '0'])).seconds);
    passes.push((await fetchNothingDue(fleet)).seconds);
  }
  const seconds = median(passes);
  const ratio = seconds / median(starts);
  return {
    what: `a pass over ${size} certificates with nothing due, each staple verified`,
    measured: `${seconds.toFixed(2)} s, ${ratio.toFixed(0)} × \`node -e 0\``,
    bound: `${maximumSeconds} s, which were ${startsInMaximum.toFixed(0)} ×`,
    isMet: seconds <= maximumSeconds,
  };
}

function rateOf(found: readonly Measured[]): number {
  return size / median(found.map(({ seconds }) => seconds));
}

async function repeat(measure: () => Promise<Measured>, times: number): Promise<Measured[]> {
  const found: Measured[] = [];
  for (let number = 0; number < times; number += 1) found.push(await measure());
  return found;
}
