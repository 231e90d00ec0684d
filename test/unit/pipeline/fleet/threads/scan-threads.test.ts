import { describe, expect, it } from 'vitest';
import { ownProcess } from '../../../../../src/library/own-process.js';
import type { FetchOptions, FetchTools } from '../../../../../src/pipeline/fetch/fetch-job.js';
import type { Outcome } from '../../../../../src/pipeline/fetch/outcome.js';
import { startCrew, type Crew } from '../../../../../src/pipeline/fleet/threads/crew.js';
import type { ScanThreads } from '../../../../../src/pipeline/fleet/threads/scan-threads.js';
import type { FoundElsewhere, ScanQuestion } from '../../../../../src/pipeline/fleet/threads/thread-message.js';
import { listOfFiles } from '../../../../../src/source/certificate-list.js';
import { nextTurn, SlowThread } from '../../threads/slow-thread.js';

const outcome: Outcome = {
  certificate: 'as the thread spells it',
  outcome: 'fresh',
  written: false,
  mustStaple: false,
  warnings: [],
  findings: [],
};
const settled = (): FoundElsewhere => ({ kind: 'settled', outcome });
const due = (): FoundElsewhere => ({ kind: 'due', turn: { mustStaple: false, host: 'a' } });

const tools = {
  ownProcess: ownProcess(),
  signal: new AbortController().signal,
  now: () => new Date('2026-03-01T00:00:00Z'),
} as FetchTools;
const surroundings = { options: {} as FetchOptions, tools, shard: undefined, issuers: [] };

interface Scene {
  readonly thread: SlowThread;
  readonly crew: Crew;
  readonly threads: ScanThreads;
  readonly places: { next: number; readonly length: number };
  /** Has the thread answer its oldest question. */
  readonly answer: (finding: (path: string) => FoundElsewhere | null) => Promise<void>;
  /** What it has not answered yet. */
  readonly questions: () => readonly ScanQuestion[];
}

async function startOne(length: number): Promise<Scene> {
  const list = listOfFiles(Array.from({ length }, (_, index) => ({ path: `/certificates/${index}.pem`, named: true })));
  const thread = new SlowThread();
  const places = { next: 0, length };
  const crew = startCrew({ count: 1, start: () => thread }, surroundings);
  const threads = crew.scan(list, places);
  await nextTurn();
  let answered = 0;
  const questions = (): ScanQuestion[] => thread.of('scan').slice(answered);
  return {
    thread,
    crew,
    threads,
    places,
    questions,
    async answer(finding) {
      const { first, certificates } = questions()[0]!;
      answered += 1;
      thread.say({ kind: 'scanned', first, found: certificates.map(({ path }) => finding(path.toString())) });
      await nextTurn();
    },
  };
}

describe('a thread that judges files', () => {
  it('has three questions at hand, and a new one for each answer while places are open', async () => {
    const { questions, answer, places } = await startOne(54);
    const asked = (): number[][] => questions().map(({ first, certificates }) => [first, certificates.length]);
    expect(asked()).toEqual([
      [0, 16],
      [16, 16],
      [32, 16],
    ]);
    expect(questions()[0]?.now).toEqual(new Date('2026-03-01T00:00:00Z'));
    expect(places.next).toBe(48);
    await answer(settled);
    expect(asked()).toEqual([
      [16, 16],
      [32, 16],
      [48, 6],
    ]);
    await answer(settled);
    expect(asked()).toHaveLength(2);
  });

  it('leaves what another has taken', async () => {
    const { questions, answer, places } = await startOne(130);
    places.next = 120;
    await answer(settled);
    expect(questions().map(({ first }) => first)).toEqual([16, 32, 120]);
  });

  it('tells of each certificate under the name that the list has for it', async () => {
    const { answer, threads } = await startOne(3);
    await answer((path) => (path.includes('1') ? null : path.includes('2') ? due() : settled()));
    expect(threads.take()).toEqual([
      { kind: 'settled', position: 0, outcome: { ...outcome, certificate: '/certificates/0.pem' } },
      { kind: 'due', position: 2, turn: { mustStaple: false, host: 'a' } },
    ]);
    expect(threads.take()).toEqual([]);
  });

  it('leaves to the asking thread what would end the run', async () => {
    const { answer, threads } = await startOne(3);
    await answer((path) => (path.includes('1') ? { kind: 'refused' } : settled()));
    expect(threads.takeBack()).toBe(1);
    expect(threads.takeBack()).toBeUndefined();
  });

  it('is waited for while it has a question', async () => {
    const { thread, crew, answer, threads } = await startOne(3);
    const waiting = threads.isMoreToCome();
    await answer(settled);
    expect(await waiting).toBe(true);
    threads.take();
    expect(await threads.isMoreToCome()).toBe(false);
    crew.end();
    await nextTurn();
    expect(thread.of('end')).toHaveLength(1);
  });

  it('takes nothing where the system has no thread to give', async () => {
    const places = { next: 0, length: 1 };
    const crew = startCrew({ count: 2, start: () => undefined }, surroundings);
    const threads = crew.scan(listOfFiles([{ path: '/certificates/0.pem', named: true }]), places);
    expect(places.next).toBe(0);
    expect(await threads.isMoreToCome()).toBe(false);
  });

  it('gives back all it had when it ends', async () => {
    const { thread, threads } = await startOne(40);
    const waiting = threads.isMoreToCome();
    thread.emit('exit');
    expect(await waiting).toBe(true);
    const back = Array.from({ length: 40 }, () => threads.takeBack());
    expect(back.sort((a, b) => a! - b!)).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(await threads.isMoreToCome()).toBe(false);
  });

  it('is heard after its error, and no more after its end: no certificate has two outcomes', async () => {
    const { thread, threads, answer } = await startOne(40);
    thread.emit('error', new Error('out of memory'));
    expect(threads.takeBack()).toBeUndefined();
    await answer(settled);
    expect(threads.take()).toHaveLength(16);
    thread.emit('exit');
    await answer(settled);
    expect(threads.take()).toEqual([]);
    const back = Array.from({ length: 24 }, () => threads.takeBack());
    expect(back.sort((a, b) => a! - b!)).toEqual(Array.from({ length: 24 }, (_, index) => index + 16));
  });
});
