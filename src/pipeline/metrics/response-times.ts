import { familyHeader, sampleLine, sampleValue, type MetricFamily } from './exposition.js';

/** Upper bounds in seconds: a cache answers within 5 ms, the usual attempt ends after 10 s. */
const upperBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, Infinity] as const;

/** Hosts come from certificates: so many get series of their own, and the rest are one. */
const maximumHosts = 100;
const longestHost = 255;
const otherHosts = 'other';

const responseTimeFamily: MetricFamily = {
  name: 'restaple_responder_duration_seconds',
  type: 'histogram',
  help: 'How long HTTP exchanges with a responder took in this run, failed ones too.',
};

interface Histogram {
  /** A count for each bound; not cumulative. */
  readonly counts: number[];
  sum: number;
}

/** Counts how long responders took, by host: the first 100 by name, the rest as `other`. */
export function createResponseTimes() {
  const histograms = new Map<string, Histogram>();
  return {
    observe: (host: string, milliseconds: number): void => {
      const isNamed = histograms.has(host) || (histograms.size < maximumHosts && host.length <= longestHost);
      const name = isNamed ? host : otherHosts;
      const histogram = histograms.get(name) ?? { counts: Array<number>(upperBounds.length).fill(0), sum: 0 };
      histograms.set(name, histogram);
      const seconds = Math.max(0, milliseconds) / 1000;
      const index = upperBounds.findIndex((bound) => seconds <= bound);
      histogram.counts[index] = (histogram.counts[index] ?? 0) + 1;
      histogram.sum += seconds;
    },
    /** The family as lines, hosts in the order of their names; empty where nobody was asked. */
    *render(): Generator<string> {
      if (histograms.size === 0) return;
      yield familyHeader(responseTimeFamily);
      for (const [host, histogram] of [...histograms].sort(([a], [b]) => (a < b ? -1 : 1))) {
        yield* renderHistogram(host, histogram);
      }
    },
  };
}

function* renderHistogram(host: string, { counts, sum }: Histogram): Generator<string> {
  const { name } = responseTimeFamily;
  let count = 0;
  const ofHost = ['host', host] as const;
  for (const [index, bound] of upperBounds.entries()) {
    count += counts[index] ?? 0;
    yield sampleLine(`${name}_bucket`, [ofHost, ['le', sampleValue(bound)]], count);
  }
  // To the microsecond: a sum of binary fractions has digits that nobody measured.
  yield sampleLine(`${name}_sum`, [ofHost], Math.round(sum * 1e6) / 1e6);
  yield sampleLine(`${name}_count`, [ofHost], count);
}
