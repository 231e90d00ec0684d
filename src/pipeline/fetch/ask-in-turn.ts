import { setImmediate as nextTurn } from 'node:timers/promises';
import { OcspError, unlessOcspError } from '../../core/ocsp-error.js';
import { askResponder, type KnownResponse, type ResponderAnswer } from '../../transport/ask-responder.js';
import type { HttpClient, HttpRequest } from '../../transport/http-client.js';
import { fitsGet } from '../../transport/ocsp-get.js';
import type { GatePass, ResponderGate } from '../../transport/responder-gate.js';
import { isRetriable, parseRetryAfter, retryDelay } from '../../transport/retry.js';
import { StatusError } from '../../transport/status-error.js';
import { hostOfUrl, withoutCredentials } from '../../transport/target-url.js';
import { isUnanswered } from '../../transport/unanswered.js';
import type { Budget } from './budget.js';
import type { ResponderContact } from './outcome.js';
import { startContactLog, type ContactLog } from './contact-log.js';
import { pause } from '../../system/pause.js';
import { troubleOfError, type Trouble } from '../trouble.js';
import { definedOnly } from '../../core/defined-only.js';

/** Which way a request goes: GET and POST by name, `auto` GET where it fits and POST when that fails. */
export type RequestMethod = 'post' | 'get' | 'auto';

export interface AskOptions {
  readonly urls: readonly string[];
  readonly origin: HttpRequest['origin'];
  readonly requestDer: Uint8Array;
  readonly hasNonce: boolean;
  readonly method: RequestMethod;
  readonly headers: readonly (readonly [string, string])[];
  readonly timeoutMilliseconds: number;
  readonly connectTimeoutMilliseconds: number;
  readonly retries: number;
  /** 0 up to 1, from the certificate: back-off differs between certificates and not between runs. */
  readonly spread: number;
  readonly budget: Budget;
  readonly signal: AbortSignal;
  readonly client: HttpClient;
  readonly gate: ResponderGate;
  /** What is stored already; a responder may then answer that it has nothing newer. */
  readonly known?: KnownResponse;
  now(): Date;
}

/** What a caller makes of a response's bytes: usable ends the search, else why not and whether to ask again. */
export type Judgement<Usable> =
  { readonly usable: Usable } | { readonly trouble: Trouble; readonly isTransient: boolean };

export type AskResult<Usable> = { readonly contact?: ResponderContact; readonly warnings: readonly string[] } & (
  | { readonly usable: Usable; readonly answer: ResponderAnswer }
  /** The responder has nothing newer than what is known. */
  | { readonly notModified: true; readonly answer: ResponderAnswer }
  | {
      readonly trouble: Trouble;
      /** A responder was not even asked, since others had no answer from it. */
      readonly wasSuspended: boolean;
      /** How long a responder asks to be left alone, in milliseconds, where that was too long for this run. */
      readonly retryAfterMilliseconds?: number;
    }
);

/** What stays the same over all visits for one certificate. */
interface Search<Usable> {
  readonly options: AskOptions;
  readonly judge: (body: Uint8Array) => Judgement<Usable>;
  readonly log: ContactLog;
}

interface Target {
  readonly url: string;
  readonly methods: readonly ('get' | 'post')[];
  failedVisits: number;
  /** By the monotonic clock, in milliseconds. */
  notBefore: number;
}

/**
 * Asks the responders in turn until one gives a usable answer. A round visits every URI once; those with passing trouble
 * (network, 5xx, 429, tryLater) are visited again after a back-off, at most `retries` times, all within the budget.
 *
 * @param judge what the caller makes of the bytes
 * @param graver which of two troubles is reported in the end
 * @throws OcspError `interrupted`
 */
export async function askResponders<Usable>(
  options: AskOptions,
  judge: (body: Uint8Array) => Judgement<Usable>,
  graver: (a: Trouble, b: Trouble) => Trouble,
): Promise<AskResult<Usable>> {
  const log = startContactLog();
  const search: Search<Usable> = { options, judge, log };
  let trouble: Trouble | undefined;
  let wasSuspended = false;
  let retryAfterMilliseconds: number | undefined;
  let pending = options.urls.map((url) => targetOf(url, options));
  for (let round = 0; round <= options.retries && pending.length > 0; round += 1) {
    const again: Target[] = [];
    for (const target of pending) {
      if (options.budget.left() === 0) break;
      const wait = target.notBefore - performance.now();
      if (wait > 0 && wait >= options.budget.left()) continue;
      if (wait > 0) await pause(wait, options.signal);
      const visit = await visitTarget(target, search);
      if ('answer' in visit) return { ...visit, ...log.result() };
      trouble = trouble === undefined ? visit.trouble : graver(trouble, visit.trouble);
      wasSuspended ||= visit.wasSuspended === true;
      retryAfterMilliseconds = visit.retryAfterMilliseconds ?? retryAfterMilliseconds;
      if (visit.retryIn === undefined) continue;
      target.notBefore = performance.now() + visit.retryIn;
      again.push(target);
    }
    pending = again;
  }
  const nothing = new OcspError('timeout', 'there was no time left to ask any responder', 'raise --timeout');
  return definedOnly({
    trouble: trouble ?? troubleOfError(nothing),
    wasSuspended,
    retryAfterMilliseconds,
    ...log.result(),
  });
}

function targetOf(url: string, { method, requestDer, hasNonce }: AskOptions): Target {
  // A URI that cannot even be parsed gets its error when it is asked.
  const canGet = (): boolean => !hasNonce && unlessOcspError(() => fitsGet(url, requestDer)) === true;
  const methods: Target['methods'] = method !== 'auto' ? [method] : canGet() ? ['get', 'post'] : ['post'];
  return { url, methods, failedVisits: 0, notBefore: 0 };
}

type Visit<Usable> =
  | { readonly usable: Usable; readonly answer: ResponderAnswer }
  | { readonly notModified: true; readonly answer: ResponderAnswer }
  | FailedVisit;

interface FailedVisit {
  readonly trouble: Trouble;
  /** Milliseconds until another visit is worth it; undefined where none is. */
  readonly retryIn: number | undefined;
  readonly wasSuspended?: boolean;
  readonly retryAfterMilliseconds?: number;
}

/** One visit: the first method, and the second when that gave nothing usable. */
async function visitTarget<Usable>(target: Target, search: Search<Usable>): Promise<Visit<Usable>> {
  let last: Visit<Usable> | undefined;
  for (const method of target.methods) {
    if (last !== undefined && search.options.budget.left() === 0) break;
    last = await askInTurn(target, method, search);
    if ('answer' in last) return last;
  }
  target.failedVisits += 1;
  return last ?? { trouble: troubleOfError(new TypeError('a target without methods')), retryIn: undefined };
}

/** Asks once the gate lets it; standing in line is not this certificate's time, but what the responder asked for is. */
async function askInTurn<Usable>(
  target: Target,
  method: 'get' | 'post',
  search: Search<Usable>,
): Promise<Visit<Usable>> {
  const { budget, gate, signal } = search.options;
  const host = hostOfUrl(target.url);
  const entry = await budget.pausedWhile(gate.enter(host, budget.left(), signal));
  switch (entry.kind) {
    case 'suspended':
      return {
        trouble: troubleOfError(suspended(host, entry.failures, entry.reason)),
        retryIn: undefined,
        wasSuspended: true,
      };
    case 'held': {
      const { milliseconds } = entry;
      const trouble = troubleOfError(retryAfterTooLong(`${host} is busy`, milliseconds));
      return { trouble, retryIn: undefined, retryAfterMilliseconds: milliseconds };
    }
    case 'pass':
      budget.spend(entry.heldMilliseconds);
      return await ask(target, method, { host, pass: entry.pass }, search);
  }
}

async function ask<Usable>(
  target: Target,
  method: 'get' | 'post',
  { host, pass }: { readonly host: string; readonly pass: GatePass },
  { options, judge, log }: Search<Usable>,
): Promise<Visit<Usable>> {
  const { budget, known } = options;
  const started = performance.now();
  const attempt = target.failedVisits + 1;
  try {
    const answer = await askResponder(
      options.client,
      definedOnly({
        url: target.url,
        origin: options.origin,
        method,
        requestDer: options.requestDer,
        headers: options.headers,
        known,
        timeoutMilliseconds: Math.max(1, Math.min(options.timeoutMilliseconds, budget.left())),
        connectTimeoutMilliseconds: options.connectTimeoutMilliseconds,
        signal: options.signal,
      }),
    );
    pass.leave('answered');
    // Whoever waits sends first, and what other responders sent is read: else all are asked at once, and all wait at once.
    await nextTurn();
    log.answered(withoutCredentials(target.url), answer);
    if (answer.isNotModified) return { notModified: true, answer };
    const judgement = judge(answer.body);
    if ('usable' in judgement) return { usable: judgement.usable, answer };
    if (!judgement.isTransient) return { trouble: judgement.trouble, retryIn: undefined };
    return comeBackLater(judgement.trouble, answer.headers['retry-after'], attempt, options);
  } catch (error) {
    const retryAfter = error instanceof StatusError && isRetriable(error) ? error.retryAfter : undefined;
    // Before the place is free, for whoever waits would take it at once.
    if (retryAfter !== undefined) holdOff(host, retryAfter, options);
    pass.leave(...healthAfter(error));
    if (!(error instanceof OcspError) || error.code === 'interrupted' || error.code === 'usage') throw error;
    log.failed(withoutCredentials(target.url), method, performance.now() - started);
    const trouble = troubleOfError(error);
    if (!isRetriable(error)) return { trouble, retryIn: undefined };
    return comeBackLater(trouble, retryAfter, attempt, options);
  }
}

/** What a failed request says of its responder's health. */
function healthAfter(error: unknown): Parameters<GatePass['leave']> {
  if (!(error instanceof OcspError)) return ['undecided'];
  if (isUnanswered(error)) return ['unanswered', error.message];
  return error instanceof StatusError ? ['answered'] : ['undecided'];
}

/** A responder that asks to be left alone (429, 503) means every certificate; but nobody may silence us for days. */
function holdOff(host: string, retryAfter: string, options: AskOptions): void {
  const milliseconds = parseRetryAfter(retryAfter, options.now().getTime());
  if (milliseconds !== undefined) options.gate.holdOff(host, Math.min(milliseconds, longestHoldMilliseconds));
}

const longestHoldMilliseconds = 3_600_000;

/** When to visit again; not at all where the responder asks for more patience than the budget has. */
function comeBackLater(
  trouble: Trouble,
  retryAfter: string | undefined,
  attempt: number,
  options: AskOptions,
): FailedVisit {
  const retryAfterMilliseconds =
    retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, options.now().getTime());
  if (retryAfterMilliseconds === undefined || retryAfterMilliseconds < options.budget.left()) {
    return { trouble, retryIn: retryDelay({ attempt, spread: options.spread, retryAfterMilliseconds }) };
  }
  return {
    trouble: troubleOfError(retryAfterTooLong(trouble.message, retryAfterMilliseconds)),
    retryIn: undefined,
    retryAfterMilliseconds,
  };
}

function retryAfterTooLong(subject: string, milliseconds: number): OcspError {
  return new OcspError(
    'retry-after-too-long',
    `${subject} and asks to come back in ${Math.ceil(milliseconds / 1000)} s, longer than this run may wait`,
    'the next run asks again; to wait longer raise --timeout or --retries',
  );
}

function suspended(host: string, failures: number, reason: string): OcspError {
  return new OcspError(
    'responder-suspended',
    `${host} was not asked: ${failures} requests in a row had no answer there (${reason})`,
    'the next run asks again; see whether this host reaches the responder',
  );
}
