import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createResponderGate,
  type GateEntry,
  type GatePass,
  type ResponderGate,
} from '../../../src/transport/responder-gate.js';
import { failureOf } from './loopback.js';

const patient = 60_000;
const { signal: noAbort } = new AbortController();

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Asks for a place and tells, at any time, whether and how the gate answered. */
function ask(gate: ResponderGate, host: string, patience = patient, signal = noAbort): { entry?: GateEntry } {
  const asked: { entry?: GateEntry } = {};
  void gate.enter(host, patience, signal).then((entry) => (asked.entry = entry));
  return asked;
}

/** Lets everything happen that needs no time. */
const settle = () => vi.advanceTimersByTimeAsync(0);

const kinds = (asked: readonly { entry?: GateEntry }[]) => asked.map(({ entry }) => entry?.kind ?? 'waits');

function passOf({ entry }: { entry?: GateEntry }): GatePass {
  if (entry?.kind !== 'pass') throw new Error(`no pass but ${entry?.kind ?? 'nothing yet'}`);
  return entry.pass;
}

async function enterNow(gate: ResponderGate, host: string): Promise<GatePass> {
  const asked = ask(gate, host);
  await settle();
  return passOf(asked);
}

async function fail(gate: ResponderGate, host: string, times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) (await enterNow(gate, host)).leave('unanswered', 'no route');
}

describe('the number of requests under way', () => {
  it('is bounded for one responder, and each that ends lets one more in, oldest first', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 2 });
    const asked = Array.from({ length: 4 }, () => ask(gate, 'a'));
    await settle();
    expect(kinds(asked)).toEqual(['pass', 'pass', 'waits', 'waits']);
    passOf(asked[1]!).leave('answered');
    await settle();
    expect(kinds(asked)).toEqual(['pass', 'pass', 'pass', 'waits']);
  });

  it('is bounded over all responders', async () => {
    const gate = createResponderGate({ concurrency: 3, perResponder: 2 });
    const asked = ['a', 'a', 'b', 'b', 'c'].map((host) => ask(gate, host));
    await settle();
    expect(kinds(asked)).toEqual(['pass', 'pass', 'pass', 'waits', 'waits']);
  });

  it('does not grow when one place is given back twice', async () => {
    const gate = createResponderGate({ concurrency: 1, perResponder: 1 });
    const pass = await enterNow(gate, 'a');
    pass.leave('answered');
    pass.leave('answered');
    const asked = [ask(gate, 'a'), ask(gate, 'a')];
    await settle();
    expect(kinds(asked)).toEqual(['pass', 'waits']);
  });

  it('is shared out in turn: no responder keeps the others out however many wait for it', async () => {
    const gate = createResponderGate({ concurrency: 1, perResponder: 1 });
    const hosts = ['a', 'a', 'a', 'b', 'c', 'a'];
    const order: string[] = [];
    for (const host of hosts) {
      void gate.enter(host, patient, noAbort).then((entry) => {
        order.push(host);
        setTimeout(() => passOf({ entry }).leave('answered'), 10);
      });
    }
    await vi.advanceTimersByTimeAsync(100);
    expect(order).toEqual(['a', 'b', 'c', 'a', 'a', 'a']);
  });
});

describe('the rate', () => {
  it('spaces the starts to one responder and leaves the others alone', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10, perSecond: 4 });
    const asked = ['a', 'a', 'a', 'b'].map((host) => ask(gate, host));
    await settle();
    expect(kinds(asked)).toEqual(['pass', 'waits', 'waits', 'pass']);
    await vi.advanceTimersByTimeAsync(249);
    expect(kinds(asked)).toEqual(['pass', 'waits', 'waits', 'pass']);
    await vi.advanceTimersByTimeAsync(1);
    expect(kinds(asked)).toEqual(['pass', 'pass', 'waits', 'pass']);
    await vi.advanceTimersByTimeAsync(250);
    expect(kinds(asked)).toEqual(['pass', 'pass', 'pass', 'pass']);
  });

  it('saves nothing up while nobody asks', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10, perSecond: 4 });
    (await enterNow(gate, 'a')).leave('answered');
    await vi.advanceTimersByTimeAsync(10_000);
    const asked = [ask(gate, 'a'), ask(gate, 'a')];
    await settle();
    expect(kinds(asked)).toEqual(['pass', 'waits']);
  });
});

describe('a responder that asks to be left alone', () => {
  it('is asked by nobody until then, and whoever waited is told how much of the wait that was', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10 });
    gate.holdOff('a', 5000);
    const asked = ask(gate, 'a', 6000);
    const other = ask(gate, 'b');
    await vi.advanceTimersByTimeAsync(4999);
    expect(kinds([asked, other])).toEqual(['waits', 'pass']);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked.entry).toMatchObject({ kind: 'pass', heldMilliseconds: 5000 });
    expect(other.entry).toMatchObject({ heldMilliseconds: 0 });
  });

  it('turns away at once who has less patience, whether they come or wait already', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 1 });
    const pass = await enterNow(gate, 'a');
    const waiting = [ask(gate, 'a', 4000), ask(gate, 'a', 9000)];
    await settle();
    gate.holdOff('a', 5000);
    const coming = ask(gate, 'a', 4999);
    await settle();
    expect(waiting[0]?.entry).toEqual({ kind: 'held', milliseconds: 5000 });
    expect(coming.entry).toEqual({ kind: 'held', milliseconds: 5000 });
    expect(kinds(waiting)).toEqual(['held', 'waits']);
    pass.leave('answered');
    await vi.advanceTimersByTimeAsync(5000);
    expect(kinds(waiting)).toEqual(['held', 'pass']);
  });

  it('is left alone for the longest that it asked', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10 });
    gate.holdOff('a', 5000);
    const asked = ask(gate, 'a');
    gate.holdOff('a', 8000);
    gate.holdOff('a', 1000);
    await vi.advanceTimersByTimeAsync(7999);
    expect(kinds([asked])).toEqual(['waits']);
    await vi.advanceTimersByTimeAsync(1);
    expect(kinds([asked])).toEqual(['pass']);
  });
});

describe('a responder without any answer', () => {
  it('is asked ten times in a row, and then turns away who comes and who waits, with the last reason', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 1 });
    await fail(gate, 'a', 9);
    const tenth = await enterNow(gate, 'a');
    const waiting = [ask(gate, 'a'), ask(gate, 'a')];
    tenth.leave('unanswered', 'connection refused');
    const coming = ask(gate, 'a');
    await settle();
    const suspended = { kind: 'suspended', failures: 10, reason: 'connection refused' };
    expect([...waiting, coming].map(({ entry }) => entry)).toEqual([suspended, suspended, suspended]);
  });

  it('takes one probe a second from then on', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10 });
    await fail(gate, 'a', 10);
    for (let second = 0; second < 3; second += 1) {
      await vi.advanceTimersByTimeAsync(999);
      const early = ask(gate, 'a');
      await vi.advanceTimersByTimeAsync(1);
      const asked = [ask(gate, 'a'), ask(gate, 'a')];
      await settle();
      expect(kinds([early, ...asked])).toEqual(['suspended', 'pass', 'suspended']);
      passOf(asked[0]!).leave('unanswered', 'still nothing');
    }
  });

  it('is open to all once a probe is answered', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10 });
    await fail(gate, 'a', 10);
    await vi.advanceTimersByTimeAsync(1000);
    (await enterNow(gate, 'a')).leave('answered');
    const asked = [ask(gate, 'a'), ask(gate, 'a'), ask(gate, 'a')];
    await settle();
    expect(kinds(asked)).toEqual(['pass', 'pass', 'pass']);
  });

  it('is only that after ten in a row: an answer in between starts the count again, an exchange that broke off does not count', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10 });
    await fail(gate, 'a', 9);
    (await enterNow(gate, 'a')).leave('answered');
    await fail(gate, 'a', 9);
    for (let count = 0; count < 20; count += 1) (await enterNow(gate, 'a')).leave('undecided');
    await fail(gate, 'a', 1);
    const asked = ask(gate, 'a');
    await settle();
    expect(kinds([asked])).toEqual(['suspended']);
  });

  it('says nothing of another responder', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10 });
    await fail(gate, 'a', 10);
    const asked = ask(gate, 'b');
    await settle();
    expect(kinds([asked])).toEqual(['pass']);
  });

  it('is reopened once, and not again while it stays dead', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10 });
    expect(gate.reopen()).toBe(false);
    await fail(gate, 'a', 10);
    expect(gate.reopen()).toBe(true);
    await fail(gate, 'a', 10);
    expect(gate.reopen()).toBe(false);
    const asked = ask(gate, 'a');
    await settle();
    expect(kinds([asked])).toEqual(['suspended']);
  });

  it('is reopened again and again while it answers as often as it takes to suspend it', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10 });
    await fail(gate, 'a', 10);
    for (let turn = 0; turn < 5; turn += 1) {
      expect(gate.reopen()).toBe(true);
      for (let count = 0; count < 10; count += 1) (await enterNow(gate, 'a')).leave('answered');
      await fail(gate, 'a', 10);
    }
    expect(gate.reopen()).toBe(true);
    for (let count = 0; count < 9; count += 1) (await enterNow(gate, 'a')).leave('answered');
    await fail(gate, 'a', 10);
    expect(gate.reopen()).toBe(false);
  });
});

describe('an interrupt', () => {
  it('ends who waits and who comes, and leaves no timer that would keep the process', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10, perSecond: 1 });
    const interrupt = new AbortController();
    await enterNow(gate, 'a');
    const waiting = [1, 2].map(() => failureOf(gate.enter('a', patient, interrupt.signal)));
    expect(vi.getTimerCount()).toBe(1);
    interrupt.abort();
    const coming = failureOf(gate.enter('a', patient, interrupt.signal));
    for (const ended of [...waiting, coming]) expect((await ended).code).toBe('interrupted');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('of one does not take the place of the next', async () => {
    const gate = createResponderGate({ concurrency: 1, perResponder: 1 });
    const interrupt = new AbortController();
    const pass = await enterNow(gate, 'a');
    const gone = failureOf(gate.enter('a', patient, interrupt.signal));
    const next = ask(gate, 'a');
    interrupt.abort();
    await gone;
    pass.leave('undecided');
    await settle();
    expect(kinds([next])).toEqual(['pass']);
  });

  it('takes away the timer of a hold that all were too impatient for', async () => {
    const gate = createResponderGate({ concurrency: 10, perResponder: 10, perSecond: 1 });
    await enterNow(gate, 'a');
    const asked = ask(gate, 'a', 2000);
    expect(vi.getTimerCount()).toBe(1);
    gate.holdOff('a', 5000);
    await settle();
    expect(kinds([asked])).toEqual(['held']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('remembers a bounded number of responders, and of those in use none is forgotten', async () => {
  const gate = createResponderGate({ concurrency: 10_000, perResponder: 1 });
  const busy = await enterNow(gate, 'busy');
  for (let number = 0; number < 5000; number += 1) {
    passOf({ entry: await gate.enter(`dead-${number}`, patient, noAbort) }).leave('unanswered');
  }
  const second = ask(gate, 'busy');
  await settle();
  expect(kinds([second])).toEqual(['waits']);
  busy.leave('answered');
  await settle();
  expect(kinds([second])).toEqual(['pass']);
});
