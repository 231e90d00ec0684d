import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { FetchOptions, JudgingTools } from '../../../../src/pipeline/fetch-job.js';
import type { Outcome } from '../../../../src/pipeline/outcome.js';
import type { FoundElsewhere, ScanQuestion } from '../../../../src/pipeline/scan/scan-message.js';
import { startScanThreads, type ScanThread, type ScanThreads } from '../../../../src/pipeline/scan/scan-threads.js';
import { listOfFiles } from '../../../../src/source/certificate-list.js';
import { createIssuerFinder } from '../../../../src/source/issuer-finder.js';
import { ownProcess } from '../../../../src/cli/own-process.js';

/** A thread that answers when the test has it answer. */
class SlowThread extends EventEmitter implements ScanThread {
  readonly questions: ScanQuestion[] = [];
  isToldToEnd = false;

  postMessage(message: ScanQuestion | null): void {
    if (message === null) this.isToldToEnd = true;
    else this.questions.push(message);
  }

  /** Answers its oldest question. */
  answer(finding: (path: string) => FoundElsewhere | null): void {
    const { first, certificates } = this.questions.shift()!;
    this.emit('message', { first, found: certificates.map(({ path }) => finding(path.toString())) });
  }
}

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

interface Scene {
  readonly thread: SlowThread;
  readonly threads: ScanThreads;
  readonly places: { next: number; readonly length: number };
}

function startOne(length: number): Scene {
  const list = listOfFiles(Array.from({ length }, (_, index) => `/certificates/${index}.pem`));
  const tools: JudgingTools = {
    issuers: createIssuerFinder([]),
    ownProcess: ownProcess(),
    now: () => new Date('2026-03-01T00:00:00Z'),
  };
  const thread = new SlowThread();
  const places = { next: 0, length };
  const surroundings = { options: {} as FetchOptions, tools, shard: undefined };
  return { thread, places, threads: startScanThreads({ count: 1, start: () => thread }, list, places, surroundings) };
}

describe('a thread that judges files', () => {
  it('has three questions at hand, and a new one for each answer while places are open', () => {
    const { thread, places } = startOne(54);
    const questions = (): number[][] => thread.questions.map(({ first, certificates }) => [first, certificates.length]);
    expect(questions()).toEqual([
      [0, 16],
      [16, 16],
      [32, 16],
    ]);
    expect(thread.questions[0]?.now).toEqual(new Date('2026-03-01T00:00:00Z'));
    expect(places.next).toBe(48);
    thread.answer(settled);
    expect(questions()).toEqual([
      [16, 16],
      [32, 16],
      [48, 6],
    ]);
    thread.answer(settled);
    expect(questions()).toHaveLength(2);
  });

  it('leaves what another has taken', () => {
    const { thread, places } = startOne(130);
    places.next = 120;
    thread.answer(settled);
    expect(thread.questions.map(({ first }) => first)).toEqual([16, 32, 120]);
  });

  it('tells of each certificate under the name that the list has for it', () => {
    const { thread, threads } = startOne(3);
    thread.answer((path) => (path.includes('1') ? null : path.includes('2') ? due() : settled()));
    expect(threads.take()).toEqual([
      { kind: 'settled', position: 0, outcome: { ...outcome, certificate: '/certificates/0.pem' } },
      { kind: 'due', position: 2, turn: { mustStaple: false, host: 'a' } },
    ]);
    expect(threads.take()).toEqual([]);
  });

  it('leaves to the asking thread what would end the run', () => {
    const { thread, threads } = startOne(3);
    thread.answer((path) => (path.includes('1') ? { kind: 'refused' } : settled()));
    expect(threads.takeBack()).toBe(1);
    expect(threads.takeBack()).toBeUndefined();
  });

  it('is waited for while it has a question', async () => {
    const { thread, threads } = startOne(3);
    const waiting = threads.isMoreToCome();
    thread.answer(settled);
    expect(await waiting).toBe(true);
    threads.take();
    expect(await threads.isMoreToCome()).toBe(false);
    threads.end();
    expect(thread.isToldToEnd).toBe(true);
  });

  it('takes nothing where the system has no thread to give', async () => {
    const list = listOfFiles(['/certificates/0.pem']);
    const tools: JudgingTools = { issuers: createIssuerFinder([]), ownProcess: ownProcess(), now: () => new Date(0) };
    const places = { next: 0, length: 1 };
    const surroundings = { options: {} as FetchOptions, tools, shard: undefined };
    const threads = startScanThreads({ count: 2, start: () => undefined }, list, places, surroundings);
    expect(places.next).toBe(0);
    expect(await threads.isMoreToCome()).toBe(false);
  });

  it.each(['error', 'exit'])('gives back all it had when it ends: %s', async (event) => {
    const { thread, threads } = startOne(40);
    const waiting = threads.isMoreToCome();
    thread.emit(event, new Error('out of memory'));
    expect(await waiting).toBe(true);
    const back = Array.from({ length: 40 }, () => threads.takeBack());
    expect(back.sort((a, b) => a! - b!)).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(await threads.isMoreToCome()).toBe(false);
  });
});
