import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startBudget } from '../../../../src/pipeline/fetch/budget.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const wait = (milliseconds: number) =>
  new Promise<string>((resolve) => setTimeout(() => resolve('done'), milliseconds));

it('runs out with the time, and never below nothing', () => {
  const budget = startBudget(1000);
  vi.advanceTimersByTime(400);
  expect(budget.left()).toBe(600);
  vi.advanceTimersByTime(4000);
  expect(budget.left()).toBe(0);
});

it('stands still while it is paused, whether the wait succeeds or fails', async () => {
  const budget = startBudget(1000);
  const waiting = budget.pausedWhile(wait(5000));
  await vi.advanceTimersByTimeAsync(5000);
  expect(await waiting).toBe('done');
  expect(budget.left()).toBe(1000);
  const failing = budget.pausedWhile(wait(3000).then(() => Promise.reject(new Error('interrupted'))));
  failing.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(3000);
  await expect(failing).rejects.toThrow('interrupted');
  vi.advanceTimersByTime(250);
  expect(budget.left()).toBe(750);
});

it('gives up what is taken from it', () => {
  const budget = startBudget(1000);
  budget.spend(300);
  expect(budget.left()).toBe(700);
  budget.spend(5000);
  expect(budget.left()).toBe(0);
});
