import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import { formatDuration } from '../../core/time.js';
import { OutcomeTally, type OutcomeName } from '../../pipeline/fetch/outcome.js';
import type { Drawing, Output } from '../output.js';

const drawnAfterMilliseconds = 1000;
const turnEveryMilliseconds = 100;
const manyCertificates = 20;

/**
 * What a long run shows on a terminal while it works: a bar with counts, rate and time left on stderr, drawn from the second
 * second on, and only where `output.canDraw`.
 *
 * @param total how many certificates there are; undefined where nobody knows yet
 */
export function createProgress(output: Output, total: number | undefined) {
  const started = performance.now();
  const tally = new OutcomeTally();
  let lastTurn = started;
  let bar: Bar | undefined;
  const begin = (): void => {
    bar = startBar(tally, total, started);
    output.draw(bar);
  };
  const timer = output.canDraw ? setTimeout(begin, drawnAfterMilliseconds).unref() : undefined;
  return {
    /** With more than 20 certificates on a terminal, successes that changed nothing have no line of their own. */
    isSparing: output.canDraw && !output.isVerbose && (total ?? Infinity) > manyCertificates,
    /** One certificate is done. Lets timers and signals have their turn, so wait for it. */
    count: async (outcome: OutcomeName): Promise<void> => {
      tally.count(outcome);
      const now = performance.now();
      if (now - lastTurn < turnEveryMilliseconds) return;
      lastTurn = now;
      await turnOfEventLoop();
    },
    /** Removes the bar; call it however the run ends. */
    finish: (): void => {
      clearTimeout(timer);
      output.draw(undefined);
      bar?.stop();
      bar = undefined;
    },
  };
}

const barCells = 20;

/**
 * `[=====>------] 120/1200 certificates, 34.1/s, 31s left: 20 updated, 98 fresh, 2 unavailable`
 *
 * @param left seconds, where it can be told
 */
function line(tally: OutcomeTally, total: number | undefined, started: number, left: number | undefined): string {
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

interface Bar extends Drawing {
  stop(): void;
}

const redrawnEveryMilliseconds = 200;

/** The rate for the time left is averaged over this many drawings: single outcomes come in bursts. */
const drawingsForRate = 25;

/** The last line of a terminal, drawn again and again. Nothing of the terminal is changed that a killed process would leave so. */
function startBar(tally: OutcomeTally, total: number | undefined, started: number): Bar {
  const { stderr } = process;
  const drawings: { readonly at: number; readonly done: number }[] = [];
  const secondsLeft = (): number | undefined => {
    const now = { at: performance.now(), done: tally.total };
    drawings.push(now);
    if (drawings.length > drawingsForRate) drawings.shift();
    const first = drawings[0] ?? now;
    return total === undefined || now.done === first.done
      ? undefined
      : (((now.at - first.at) / (now.done - first.done)) * (total - now.done)) / 1000;
  };
  const clear = (): void => void stderr.write(eraseLine);
  const redraw = (): void => {
    // A character in the last column would wrap on some terminals.
    const text = line(tally, total, started, secondsLeft()).slice(0, (stderr.columns || 80) - 1);
    stderr.write(eraseLine + text);
  };
  redraw();
  const timer = setInterval(redraw, redrawnEveryMilliseconds).unref();
  const stop = (): void => {
    clearInterval(timer);
    clear();
  };
  return { clear, redraw, stop };
}

const eraseLine = '\r\u001b[2K';
