import { createTemporaryFolder } from '../../test/support/temporary-folder.js';
import type { Row } from '../table.js';
import { fetchColdByRestaple, fetchNothingDue } from './fetch-fleet.js';
import { fleetPort, prepareFleet, removeRuns, type Fleet } from './fleet-folder.js';
import { buildPeer, missingPeerRow, NoGo, startPeerResponder } from './peer.js';

const sizes = [10_000, 100_000] as const;
const maximumMegabytes = 200;
const maximumRatio = 1.2;

/** The peak of resident memory of `restaple fetch` over 10,000 and over 100,000 certificates: nothing due, and everything. */
export async function benchFleetMemory(): Promise<Row[]> {
  const fleets: Fleet[] = [];
  for (const size of sizes) fleets.push(await prepareFleet(size, fleetPort));
  try {
    const nothingDue = await peaksOf(fleets, async (fleet) => (await fetchNothingDue(fleet)).peakMegabytes);
    return [...rowsOf('with nothing due', nothingDue), ...(await coldRows(fleets))];
  } finally {
    fleets.forEach(removeRuns);
  }
}

async function coldRows(fleets: readonly Fleet[]): Promise<Row[]> {
  const folder = createTemporaryFolder('restaple-bench-');
  try {
    const peer = await buildPeer(folder.path);
    return rowsOf('with everything due', await peaksOf(fleets, (fleet) => coldPeak(peer, fleet)));
  } catch (error) {
    if (!(error instanceof NoGo)) throw error;
    return [missingPeerRow('peak memory with everything due', error)];
  } finally {
    folder.remove();
  }
}

async function coldPeak(peer: string, fleet: Fleet): Promise<number> {
  const responder = await startPeerResponder(peer, fleet);
  try {
    return (await fetchColdByRestaple(fleet)).peakMegabytes;
  } finally {
    await responder.stop();
  }
}

async function peaksOf(fleets: readonly Fleet[], measure: (fleet: Fleet) => Promise<number>): Promise<number[]> {
  const peaks: number[] = [];
  for (const fleet of fleets) peaks.push(await measure(fleet));
  return peaks;
}

function rowsOf(what: string, peaks: readonly number[]): Row[] {
  const [small = Number.NaN, large = Number.NaN] = peaks;
  const ratio = large / small;
  return [
    {
      what: `peak memory of \`fetch\` ${what}, ${sizes.join(' and ')} certificates`,
      measured: `${small.toFixed(0)} and ${large.toFixed(0)} MB`,
      bound: `${maximumMegabytes} MB`,
      isMet: small <= maximumMegabytes && large <= maximumMegabytes,
    },
    {
      what: 'the one as a multiple of the other',
      measured: `${ratio.toFixed(2)} ×`,
      bound: `${maximumRatio} ×`,
      isMet: ratio <= maximumRatio,
    },
  ];
}
