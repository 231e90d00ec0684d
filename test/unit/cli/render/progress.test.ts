import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';

import type { Drawing, Output } from '../../../../src/cli/output.js';
import { createProgress } from '../../../../src/cli/render/progress.js';

/** An output that draws, and what it was given to draw. */
function drawingOutput(more: Partial<Output> = {}): { output: Output; drawn: Drawing[] } {
  const drawn: Drawing[] = [];
  const draw = (drawing: Drawing | undefined): void => {
    if (drawing !== undefined) drawn.push(drawing);
  };
  return { output: { canDraw: true, isVerbose: false, draw, ...more } as Output, drawn };
}

let written: MockInstance<typeof process.stderr.write>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the progress bar', () => {
  it('is drawn after a second and not before', async () => {
    const { output, drawn } = drawingOutput();
    const progress = createProgress(output, 100);
    await progress.count('fresh');
    await vi.advanceTimersByTimeAsync(999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    await vi.waitFor(() => expect(drawn).toHaveLength(1), { timeout: 20_000 });
    progress.finish();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is never drawn for a run that ends within the second', async () => {
    const { output, drawn } = drawingOutput();
    const progress = createProgress(output, 100);
    await vi.advanceTimersByTimeAsync(900);
    progress.finish();
    expect(vi.getTimerCount()).toBe(0);
    expect(drawn).toEqual([]);
    expect(written).not.toHaveBeenCalled();
  });

  it('waits for nothing where nobody watches', () => {
    createProgress(drawingOutput({ canDraw: false }).output, 100);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the talk of many certificates', () => {
  it.each([
    [20, {}, false],
    [21, {}, true],
    [undefined, {}, true],
    [21, { isVerbose: true }, false],
    [21, { canDraw: false }, false],
  ])('of %j with %j is sparing: %j', (total, output, expected) => {
    const progress = createProgress(drawingOutput(output).output, total);
    expect(progress.isSparing).toBe(expected);
    progress.finish();
  });
});
