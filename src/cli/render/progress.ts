import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import type { Options } from 'cli-progress';
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
  let isFinished = false;
  const timer = output.canDraw ? setTimeout(() => void begin(), drawnAfterMilliseconds).unref() : undefined;

  async function begin(): Promise<void> {
    const drawn = await loadBar((left) => line({ tally, total, started, left }));
    // The run may have ended while the library was loaded.
    if (isFinished) return;
    bar = drawn;
    bar.start(total, tally.total);
    output.draw(bar);
  }

  return {
    isSparing: output.canDraw && !output.isVerbose && (total ?? Infinity) > manyCertificates,
    count: async (outcome) => {
      tally.count(outcome);
      bar?.update(tally.total);
      const now = performance.now();
      if (now - lastTurn < turnEveryMilliseconds) return;
      lastTurn = now;
      await turnOfEventLoop();
    },
    finish: () => {
      isFinished = true;
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
  start(total: number | undefined, done: number): void;
  update(done: number): void;
  stop(): void;
  clear(): void;
  redraw(): void;
}

/** The library draws, at its own rate, and estimates the time left; it is loaded only where somebody waits. */
async function loadBar(lineOf: (secondsLeft: number | undefined) => string): Promise<Bar> {
  const { default: cliProgress } = await import('cli-progress');
  // The option `terminal` is in the library and not in its types.
  const options: Options & { readonly terminal: object } = {
    format: (_options, { eta }) => lineOf(Number.isFinite(eta) ? eta : undefined),
    fps: 5,
    // So many updates back the rate is taken that tells the time left: single ones come in bursts.
    etaBuffer: 500,
    clearOnComplete: true,
    forceRedraw: true,
    terminal: lastLineOf(process.stderr),
  };
  const single = new cliProgress.SingleBar(options);
  return {
    start: (total, done) => single.start(total ?? 0, done),
    update: (done) => single.update(done),
    stop: () => single.stop(),
    clear: () => void process.stderr.write(eraseLine),
    redraw: () => single.render(),
  };
}

const eraseLine = '\r\u001b[2K';

/**
 * The library's own terminal remembers a cursor position, which is another line once something was said meanwhile, and
 * turns off wrapping, which a killed process would leave so. This one knows the last line alone.
 */
function lastLineOf(stream: NodeJS.WriteStream): object {
  const nothing = (): void => undefined;
  return {
    cursorSave: nothing,
    cursorRestore: nothing,
    cursor: nothing,
    lineWrapping: nothing,
    isTTY: () => true,
    getWidth: () => stream.columns || 80,
    cursorTo: () => stream.write('\r'),
    clearRight: () => stream.write('\u001b[K'),
    clearLine: () => stream.write('\u001b[2K'),
    newline: () => stream.write('\n'),
    // A character in the last column would wrap on some terminals.
    write: (text: string) => stream.write(text.slice(0, (stream.columns || 80) - 1)),
  };
}
