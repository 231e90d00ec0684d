import { describe, expect, it } from 'vitest';
import { ownProcess } from '../../../../../src/library/own-process.js';
import type { FetchOptions, FetchTools } from '../../../../../src/pipeline/fetch/fetch-job.js';
import type { Outcome } from '../../../../../src/pipeline/fetch/outcome.js';
import { startCrew, type Crew } from '../../../../../src/pipeline/fleet/threads/crew.js';
import type { RefreshThreads } from '../../../../../src/pipeline/fleet/threads/refresh-threads.js';
import {
  createResponderGate,
  type GateLimits,
  type ResponderGate,
} from '../../../../../src/transport/responder-gate.js';
import { nextTurn, SlowThread } from '../../threads/slow-thread.js';

const outcomeOf = (certificate: string): Outcome => ({
  certificate,
  outcome: 'updated',
  staple: `${certificate}.ocsp`,
  written: true,
  mustStaple: false,
  warnings: [],
  findings: [],
});

interface Scene {
  readonly thread: SlowThread;
  readonly crew: Crew;
  readonly tools: FetchTools;
  readonly threads: RefreshThreads;
  readonly gate: ResponderGate;
  readonly interrupt: AbortController;
  readonly exchanges: unknown[];
}

function startOne(limits: Partial<GateLimits> = {}): Scene {
  const interrupt = new AbortController();
  const gate = createResponderGate({ concurrency: 8, perResponder: 8, ...limits });
  const exchanges: unknown[] = [];
  const tools = {
    ownProcess: ownProcess(),
    signal: interrupt.signal,
    gate,
    onExchange: (host, milliseconds) => exchanges.push([host, milliseconds]),
  } as Partial<FetchTools> as FetchTools;
  const thread = new SlowThread();
  const crew = startCrew(
    { count: 1, start: () => thread },
    { options: {} as FetchOptions, tools, shard: undefined, issuers: [] },
  );
  return { thread, crew, tools, threads: crew.refresh(), gate, interrupt, exchanges };
}

const listed = (name: string): { path: string; named: boolean } => ({
  path: `/certificates/${name}.pem`,
  named: false,
});
const notHere = (): Promise<never> => Promise.reject(new Error('done by the first thread'));
const here = (name: string) => (): Promise<Outcome> => Promise.resolve(outcomeOf(`${name}, here`));

describe('a thread that refreshes certificates', () => {
  it('has its outcome under the name that the list has for the certificate', async () => {
    const { thread, threads } = startOne();
    const shared = threads.share(7, listed('a'), notHere);
    await nextTurn();
    expect(thread.of('refresh')).toEqual([{ kind: 'refresh', position: 7, certificate: listed('a') }]);
    thread.say({
      kind: 'refreshed',
      position: 7,
      end: { kind: 'settled', outcome: { ...outcomeOf('?'), staple: new Uint8Array([0x2f, 0xff]) as Buffer } },
    });
    const outcome = await shared;
    expect(outcome).toMatchObject({ certificate: '/certificates/a.pem', outcome: 'updated', written: true });
    expect(outcome?.staple).toEqual(Buffer.from([0x2f, 0xff]));
  });

  it('passes over what is none of the run’s', async () => {
    const { thread, threads } = startOne();
    const shared = threads.share(1, listed('a'), notHere);
    thread.say({ kind: 'refreshed', position: 1, end: null });
    expect(await shared).toBeUndefined();
  });

  it('leaves to the first thread what would end the run', async () => {
    const { thread, threads } = startOne();
    const shared = threads.share(1, listed('a'), here('a'));
    thread.say({ kind: 'refreshed', position: 1, end: { kind: 'refused' } });
    expect(await shared).toEqual(outcomeOf('a, here'));
  });

  it('takes two certificates for each one of the first thread', async () => {
    const { thread, threads } = startOne();
    let own = 0;
    for (let position = 0; position < 9; position += 1) {
      void threads.share(position, listed(String(position)), () => {
        own += 1;
        return new Promise(() => undefined);
      });
      await nextTurn();
    }
    expect(thread.of('refresh')).toHaveLength(6);
    expect(own).toBe(3);
  });

  it('leaves all it had to the first thread when it ends, and its places at the responders', async () => {
    const { thread, threads, gate, interrupt, tools } = startOne({ concurrency: 1, perResponder: 1 });
    const shared = threads.share(1, listed('a'), here('a'));
    thread.say({ kind: 'enter', number: 1, host: 'ocsp.example', patience: 1000 });
    await nextTurn();
    expect(thread.of('entry')).toEqual([{ kind: 'entry', number: 1, entry: { kind: 'pass', heldMilliseconds: 0 } }]);
    // One more waits for the place when the thread ends, and must not be given it.
    thread.say({ kind: 'enter', number: 2, host: 'ocsp.example', patience: 1000 });
    thread.emit('error', new Error('out of memory'));
    expect(tools.ownProcess.lostThreads).toEqual(new Set());
    thread.emit('exit');
    expect(tools.ownProcess.lostThreads).toEqual(new Set([thread.threadId]));
    expect(await shared).toEqual(outcomeOf('a, here'));
    expect((await gate.enter('ocsp.example', 0, interrupt.signal)).kind).toBe('pass');
    expect(await threads.share(2, listed('b'), here('b'))).toEqual(outcomeOf('b, here'));
  });
});

describe('the gate that threads share', () => {
  it('lets no more through than one thread may', async () => {
    const { thread, gate, interrupt } = startOne({ concurrency: 2, perResponder: 2 });
    const own = await gate.enter('ocsp.example', 0, interrupt.signal);
    thread.say(
      { kind: 'enter', number: 1, host: 'ocsp.example', patience: 1000 },
      { kind: 'enter', number: 2, host: 'ocsp.example', patience: 1000 },
    );
    await nextTurn();
    expect(thread.of('entry').map(({ number }) => number)).toEqual([1]);
    if (own.kind === 'pass') own.pass.leave('answered');
    await nextTurn();
    expect(thread.of('entry').map(({ number }) => number)).toEqual([1, 2]);
    thread.say({ kind: 'leave', number: 1, result: 'answered', reason: '' });
    thread.say({ kind: 'leave', number: 1, result: 'answered', reason: '' });
    expect((await gate.enter('ocsp.example', 0, interrupt.signal)).kind).toBe('pass');
    let third = 'waits';
    void gate.enter('ocsp.example', 0, interrupt.signal).then(({ kind }) => (third = kind));
    await nextTurn();
    expect(third).toBe('waits');
  });

  it('counts the failures of all: ten in a row, wherever they were seen', async () => {
    const { thread, gate, interrupt } = startOne();
    for (let number = 1; number <= 10; number += 1) {
      thread.say({ kind: 'enter', number, host: 'ocsp.example', patience: 1000 });
      await nextTurn();
      thread.say({ kind: 'leave', number, result: 'unanswered', reason: 'refused' });
    }
    expect(await gate.enter('ocsp.example', 0, interrupt.signal)).toEqual({
      kind: 'suspended',
      failures: 10,
      reason: 'refused',
    });
    thread.say({ kind: 'enter', number: 11, host: 'ocsp.example', patience: 1000 });
    await nextTurn();
    expect(thread.of('entry').at(-1)).toEqual({
      kind: 'entry',
      number: 11,
      entry: { kind: 'suspended', failures: 10, reason: 'refused' },
    });
  });

  it('keeps everybody away for as long as a responder asked one of them', async () => {
    const { thread, gate, interrupt } = startOne();
    thread.say({ kind: 'holdOff', host: 'ocsp.example', milliseconds: 60_000 });
    expect(await gate.enter('ocsp.example', 1000, interrupt.signal)).toMatchObject({ kind: 'held' });
  });

  it('tells every thread of an interrupt, and those that wait', async () => {
    const { thread, interrupt } = startOne({ concurrency: 1, perResponder: 1 });
    thread.say(
      { kind: 'enter', number: 1, host: 'ocsp.example', patience: 1000 },
      { kind: 'enter', number: 2, host: 'ocsp.example', patience: 1000 },
    );
    await nextTurn();
    interrupt.abort();
    await nextTurn();
    expect(thread.of('abort')).toHaveLength(1);
    expect(thread.of('entry').at(-1)).toEqual({ kind: 'entry', number: 2, entry: { kind: 'interrupted' } });
  });

  it('is told how long responders took', () => {
    const { thread, exchanges } = startOne();
    thread.say({ kind: 'exchange', host: 'ocsp.example', milliseconds: 12.5 });
    expect(exchanges).toEqual([['ocsp.example', 12.5]]);
  });

  it('hears nothing of the run’s interrupt once the threads are gone', async () => {
    const { thread, crew, interrupt } = startOne();
    crew.end();
    interrupt.abort();
    await nextTurn();
    expect(thread.heard.map(({ kind }) => kind)).toEqual(['end']);
  });
});
