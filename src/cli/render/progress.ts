import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import { formatDuration } from '../../core/time.js';
import { OutcomeTally, type OutcomeName } from '../../pipeline/fetch/outcome.js';
import type { Output } from '../output.js';

/** What a long run shows on a terminal while it works. */
export interface Progress {
  /** With more than 20 certificates on a terminal, successes that changed nothing have no line of their own. */
  readonly isSparing: boolean;
  /** One certificate is done. Lets timers and signals have their turn, so wait for it. */
  count(outcome: OutcomeName): Promise<void>;
  /** Takes the bar away; to be called however the run ends. */
  finish(): void;
}

const drawnAfterMilliseconds = 1000;
const turnEveryMilliseconds = 100;
const manyCertificates = 20;

/**
 * A bar with counts, rate and time left on stderr, drawn from the second second on, and only where `output.canDraw`.
 *
 * @param total how many certificates there are; undefined where nobody knows yet
 */
export function createProgress(output: Output, total: number | undefined): Progress {
  const started = performance.now();
  const tally = new OutcomeTally();
  let lastTurn = started;
  let bar: Bar | undefined;
  const timer = output.canDraw ? setTimeout(begin, drawnAfterMilliseconds).unref() : undefined;

  function begin(): void {
    bar = startBar(
      process.stderr,
      (left) => line({ tally, total, started, left }),
      () => ({ done: tally.total, total }),
    );
    output.draw(bar);
  }

  return {
    isSparing: output.canDraw && !output.isVerbose && (total ?? Infinity) > manyCertificates,
    count: async (outcome) => {
      tally.count(outcome);
      const now = performance.now();
      if (now - lastTurn < turnEveryMilliseconds) return;
      lastTurn = now;
      await turnOfEventLoop();
    },
    finish: () => {
      clearTimeout(timer);
      output.draw(undefined);
      bar?.stop();
      bar = undefined;
    },
  };
}

interface Standing {
  readonly tally: OutcomeTally;
  readonly total: number | undefined;
  /** By the monotonic clock. */
  readonly started: number;
  /** Seconds, where it can be told. */
  readonly left: number | undefined;
}

const barCells = 20;

/** `[=====>------] 120/1200 certificates, 34.1/s, 31s left: 20 updated, 98 fresh, 2 unavailable` */
function line({ tally, total, started, left }: Standing): string {
  const done = tally.total;
  const seconds = Math.max(0.001, (performance.now() - started) / 1000);
  const rate = `${(done / seconds).toFixed(1)}/s`;
  const told = done === 0 ? '' : `: ${tally.text('by name')}`;
  if (total === undefined) return `${done} certificates, ${rate}${told}`;
  const full = Math.floor((barCells * Math.min(done, total)) / Math.max(1, total));
  const drawing = `${'='.repeat(full)}${full < barCells ? '>' : ''}`.padEnd(barCells, '-');
  const time = left === undefined || done >= total ? '' : `, ${formatDuration(left * 1000)} left`;
  return `[${drawing}] ${done}/${total} certificates, ${rate}${time}${told}`;
}

interface Bar {
  stop(): void;
  clear(): void;
  redraw(): void;
}

const redrawnEveryMilliseconds = 200;

/** So many drawings back the rate is taken that tells the time left: single outcomes come in bursts. */
const drawingsForRate = 25;

/** The last line of a terminal, drawn again and again. Nothing of the terminal is changed that a killed process would leave so. */
function startBar(
  stream: NodeJS.WriteStream,
  lineOf: (secondsLeft: number | undefined) => string,
  standing: () => { readonly done: number; readonly total: number | undefined },
): Bar {
  const drawings: { readonly at: number; readonly done: number }[] = [];
  const secondsLeft = (): number | undefined => {
    const { done, total } = standing();
    const now = { at: performance.now(), done };
    drawings.push(now);
    if (drawings.length > drawingsForRate) drawings.shift();
    const first = drawings[0] ?? now;
    return total === undefined || done === first.done
      ? undefined
      : (((now.at - first.at) / (done - first.done)) * (total - done)) / 1000;
  };
  const clear = (): void => void stream.write(eraseLine);
  // A character in the last column would wrap on some terminals.
  const redraw = (): void =>
    void stream.write(`${eraseLine}${lineOf(secondsLeft()).slice(0, (stream.columns || 80) - 1)}`);
  redraw();
  const timer = setInterval(redraw, redrawnEveryMilliseconds).unref();
  return {
    clear,
    redraw,
    stop: () => {
      clearInterval(timer);
      clear();
    },
  };
}

const eraseLine = '\r\u001b[2K';
