import { OcspError } from '../core/ocsp-error.js';
import { listenWithMany } from './deadline.js';

/** How many requests may be under way, and how fast they may start. */
export interface GateLimits {
  /** Over all responders. */
  readonly concurrency: number;
  /** To one host and port. */
  readonly perResponder: number;
  /** Starts per second to one host and port; unlimited when absent. */
  readonly perSecond?: number;
}

/** What came of a request, as far as its responder's health goes: only failures before any HTTP status count against it. */
export type RequestResult = 'answered' | 'unanswered' | 'undecided';

/** A place among the requests under way. */
export interface GatePass {
  /** Gives the place back; `reason` is the sentence of a failure. */
  leave(result: RequestResult, reason?: string): void;
}

/** Whether a request may be sent: now, not at all for the time being, or only after longer than the caller waits. */
export type GateEntry =
  /** `heldMilliseconds` is the part of the wait that the responder's Retry-After had asked for. */
  | { readonly kind: 'pass'; readonly pass: GatePass; readonly heldMilliseconds: number }
  | { readonly kind: 'suspended'; readonly failures: number; readonly reason: string }
  | { readonly kind: 'held'; readonly milliseconds: number };

/** Lets requests to responders through, politely. One gate serves a whole run, or a whole watch. */
export interface ResponderGate {
  /**
   * Waits for a place at this host.
   *
   * @param patienceMilliseconds how long a Retry-After of the host may keep the caller waiting
   * @throws OcspError `interrupted` once the signal is aborted
   */
  enter(host: string, patienceMilliseconds: number, signal: AbortSignal): Promise<GateEntry>;
  /** Nothing starts to this host for so long, as by its Retry-After. */
  holdOff(host: string, milliseconds: number): void;
  /**
   * Lets suspended hosts be asked as before: each once, and again only where it answered as often as it failed to be
   * suspended, so that one that fails half the time serves everybody and a dead one costs its few timeouts twice.
   *
   * @returns whether any host was reopened
   */
  reopen(): boolean;
}

/** Hosts come from certificates, so their number has a bound. */
const rememberedHosts = 4096;

/** After this many unanswered requests in a row, the host is only probed. */
const failuresInARow = 10;
const probeEveryMilliseconds = 1000;

interface Waiter {
  readonly patience: number;
  readonly since: number;
  settle: (entry: GateEntry) => void;
  isGone: boolean;
}

interface Host {
  readonly name: string;
  active: number;
  waiting: Waiter[];
  failures: number;
  reason: string;
  /** Answers since it was reopened. */
  answers: number;
  wasReopened: boolean;
  /** Times by the monotonic clock, in milliseconds. */
  nextProbe: number;
  nextStart: number;
  heldFrom: number;
  heldUntil: number;
  timer: NodeJS.Timeout | undefined;
}

/** What a gate knows. */
interface State {
  readonly limits: GateLimits;
  readonly hosts: Map<string, Host>;
  /** Those that somebody waits for. */
  readonly inLine: Set<Host>;
  active: number;
}

/**
 * A gate with a bounded number of requests in all and per host, an optional rate per host, and a circuit breaker per host: after
 * ten failures in a row before any HTTP status it lets one probe per second through and turns the others away at once, so
 * that a dead responder costs a few timeouts and not one per certificate.
 */
export function createResponderGate(limits: GateLimits): ResponderGate {
  const state: State = { limits, hosts: new Map(), inLine: new Set(), active: 0 };
  return {
    enter(name, patience, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(interrupted(name));
          return;
        }
        const host = hostAt(state, name);
        const refusal = refusalOf(host, patience);
        if (refusal !== undefined) {
          resolve(refusal);
          return;
        }
        const waiter: Waiter = { patience, since: performance.now(), isGone: false, settle: resolve };
        host.waiting.push(waiter);
        startWaiting(state, host);
        if (!host.waiting.includes(waiter)) return;
        state.inLine.add(host);
        leaveLineOnAbort(host, waiter, signal, reject);
      });
    },
    holdOff(name, milliseconds) {
      const host = hostAt(state, name);
      const now = performance.now();
      if (host.heldUntil <= now) host.heldFrom = now;
      host.heldUntil = Math.max(host.heldUntil, now + milliseconds);
      turnAway(host, (waiter) => (milliseconds > waiter.patience ? { kind: 'held', milliseconds } : undefined));
    },
    reopen() {
      let isAny = false;
      for (const host of state.hosts.values()) {
        if (host.failures < failuresInARow || (host.wasReopened && host.answers < failuresInARow)) continue;
        Object.assign(host, { failures: 0, answers: 0, wasReopened: true });
        isAny = true;
      }
      return isAny;
    },
  };
}

function hostAt({ hosts }: State, name: string): Host {
  const known = hosts.get(name);
  if (known !== undefined) return known;
  const host: Host = {
    name,
    active: 0,
    waiting: [],
    failures: 0,
    reason: '',
    answers: 0,
    wasReopened: false,
    nextProbe: 0,
    nextStart: 0,
    heldFrom: 0,
    heldUntil: 0,
    timer: undefined,
  };
  if (hosts.size >= rememberedHosts) forgetOne(hosts);
  hosts.set(name, host);
  return host;
}

/** Lets those through that wait for this host, as far as the limits go. */
function startWaiting(state: State, host: Host): void {
  const { concurrency, perResponder } = state.limits;
  while (host.waiting.length > 0 && state.active < concurrency && host.active < perResponder) {
    const now = performance.now();
    const opensAt = Math.max(host.nextStart, host.heldUntil);
    if (opensAt > now) {
      host.timer ??= setTimeout(() => {
        host.timer = undefined;
        startWaiting(state, host);
      }, opensAt - now);
      return;
    }
    const waiter = host.waiting.shift();
    if (waiter !== undefined && !waiter.isGone) start(state, host, waiter);
  }
}

function start(state: State, host: Host, waiter: Waiter): void {
  const { perSecond } = state.limits;
  const now = performance.now();
  state.active += 1;
  host.active += 1;
  if (perSecond !== undefined) host.nextStart = Math.max(now, host.nextStart) + 1000 / perSecond;
  let isOver = false;
  const leave = (result: RequestResult, reason = ''): void => {
    if (isOver) return;
    isOver = true;
    state.active -= 1;
    host.active -= 1;
    judge(host, result, reason);
    passOn(state, host);
  };
  waiter.settle({ kind: 'pass', pass: { leave }, heldMilliseconds: heldWhile(host, waiter.since, now) });
}

/** A place at this host became free: the hosts take it in turn, so that none keeps the others out. */
function passOn(state: State, own: Host): void {
  const { hosts, inLine, limits } = state;
  if (isIdle(own)) hosts.delete(own.name);
  if (inLine.delete(own)) inLine.add(own);
  for (const host of inLine) {
    if (state.active >= limits.concurrency) return;
    startWaiting(state, host);
    if (host.waiting.length === 0) inLine.delete(host);
  }
}

/** As long as it waits; whoever is let through is not called back. */
function leaveLineOnAbort(host: Host, waiter: Waiter, signal: AbortSignal, reject: (error: OcspError) => void): void {
  const { settle } = waiter;
  const abort = (): void => {
    waiter.isGone = true;
    host.waiting = host.waiting.filter((other) => other !== waiter);
    // A timer that nobody waits for must not keep the process.
    if (host.waiting.length === 0) stopTimer(host);
    reject(interrupted(host.name));
  };
  listenWithMany(signal, abort);
  waiter.settle = (entry) => {
    signal.removeEventListener('abort', abort);
    settle(entry);
  };
}

function interrupted(host: string): OcspError {
  return new OcspError('interrupted', `interrupted while waiting to ask ${host}`);
}

/** A suspended host takes one probe per second; a held one keeps only those who have the patience. */
function refusalOf(host: Host, patience: number): GateEntry | undefined {
  const now = performance.now();
  const held = host.heldUntil - now;
  if (held > patience) return { kind: 'held', milliseconds: held };
  if (host.failures < failuresInARow) return undefined;
  if (now < host.nextProbe) return suspended(host);
  host.nextProbe = now + probeEveryMilliseconds;
  return undefined;
}

function judge(host: Host, result: RequestResult, reason: string): void {
  if (result === 'undecided') return;
  if (result === 'answered') {
    host.failures = 0;
    host.answers += 1;
    return;
  }
  host.failures += 1;
  host.reason = reason;
  if (host.failures < failuresInARow) return;
  host.nextProbe = performance.now() + probeEveryMilliseconds;
  turnAway(host, () => suspended(host));
}

function suspended({ failures, reason }: Host): GateEntry {
  return { kind: 'suspended', failures, reason };
}

function stopTimer(host: Host): void {
  clearTimeout(host.timer);
  host.timer = undefined;
}

function turnAway(host: Host, entryFor: (waiter: Waiter) => GateEntry | undefined): void {
  host.waiting = host.waiting.filter((waiter) => {
    const entry = waiter.isGone ? undefined : entryFor(waiter);
    if (entry !== undefined) waiter.settle(entry);
    return entry === undefined && !waiter.isGone;
  });
  if (host.waiting.length === 0) stopTimer(host);
}

/** How much of a wait fell into the time that the host had asked for. */
function heldWhile({ heldFrom, heldUntil }: Host, since: number, now: number): number {
  return Math.max(0, Math.min(now, heldUntil) - Math.max(since, heldFrom));
}

/** The oldest host that nobody is asking or waiting for. */
function forgetOne(hosts: Map<string, Host>): void {
  for (const [name, { active, waiting }] of hosts) {
    if (active > 0 || waiting.length > 0) continue;
    hosts.delete(name);
    return;
  }
}

function isIdle(host: Host): boolean {
  const now = performance.now();
  const isRemembered = host.failures > 0 || host.wasReopened || host.nextStart > now || host.heldUntil > now;
  return host.active === 0 && host.waiting.length === 0 && !isRemembered;
}
