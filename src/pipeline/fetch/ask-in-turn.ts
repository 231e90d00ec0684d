import { setImmediate as nextTurn } from 'node:timers/promises';
import { OcspError, unlessOcspError } from '../../core/ocsp-error.js';
import { askResponder, type KnownResponse, type ResponderAnswer } from '../../transport/ask-responder.js';
import { fitsGet } from '../../transport/ocsp-get.js';
import type { GatePass } from '../../transport/responder-gate.js';
import { isRetriable, parseRetryAfter, retryDelay } from '../../transport/retry.js';
import { StatusError } from '../../transport/status-error.js';
import { hostOfUrl, withoutCredentials } from '../../transport/target-url.js';
import { isUnanswered } from '../../transport/unanswered.js';
import type { Budget } from './budget.js';
import { ContactLog } from './contact-log.js';
import type { FetchOptions, FetchTools } from './fetch-job.js';
import type { Judgement, UsableResponse } from './judge-response.js';
import type { FailedAttempt, ResponderContact } from './outcome.js';
import type { OverriddenResponders } from './responder-override.js';
import { pause } from '../../system/pause.js';
import { graverTrouble } from '../gravity.js';
import { troubleOfError, type Trouble } from '../trouble.js';
import { definedOnly } from '../../core/defined-only.js';

type AskingOptions = 'method' | 'headers' | 'timeoutMilliseconds' | 'connectTimeoutMilliseconds' | 'retries';
type AskingTools = 'client' | 'gate' | 'signal' | 'now';

/** Which responders to ask, how and with what. */
export type AskOptions = OverriddenResponders &
  Pick<FetchOptions, AskingOptions> &
  Pick<FetchTools, AskingTools> & {
    readonly requestDer: Uint8Array;
    readonly hasNonce: boolean;
    /** 0 up to 1, from the certificate: back-off differs between certificates and not between runs. */
    readonly spread: number;
    readonly budget: Budget;
    /** What is stored already; a responder may then answer that it has nothing newer. */
    readonly known?: KnownResponse | undefined;
  };

type Found =
  | { readonly usable: UsableResponse; readonly answer: ResponderAnswer }
  /** The responder has nothing newer than what is known. */
  | { readonly notModified: true; readonly answer: ResponderAnswer };

export type AskResult = { readonly contact?: ResponderContact; readonly warnings: readonly string[] } & (
  Found | FailedAttempt
);

/** What stays the same over all visits for one certificate. */
interface Search {
  readonly options: AskOptions;
  readonly judge: (body: Uint8Array) => Judgement;
  readonly log: ContactLog;
}

type Method = 'get' | 'post';

interface Target {
  readonly url: string;
  readonly host: string;
  readonly methods: readonly [Method, Method?];
  failedVisits: number;
  /** By the monotonic clock, in milliseconds. */
  notBefore: number;
}

/**
 * Asks the responders in turn until one gives a usable answer. A round visits every URI once; those with passing trouble
 * (network, 5xx, 429, tryLater) are visited again after a back-off, at most `retries` times, all within the budget.
 *
 * @param judge what the caller makes of the bytes
 * @returns what was found, else the gravest trouble
 * @throws OcspError `interrupted`
 */
export async function askResponders(options: AskOptions, judge: (body: Uint8Array) => Judgement): Promise<AskResult> {
  const { budget, retries, signal } = options;
  const log = new ContactLog();
  const failed: FailedVisit[] = [];
  let pending = options.urls.map((url) => targetOf(url, options));
  for (let round = 0; round <= retries && pending.length > 0; round += 1) {
    const again: Target[] = [];
    for (const target of pending) {
      if (budget.left() === 0) break;
      const wait = target.notBefore - performance.now();
      if (wait > 0 && wait >= budget.left()) continue;
      if (wait > 0) await pause(wait, signal);
      const visit = await visitTarget(target, { options, judge, log });
      if ('answer' in visit) return { ...visit, ...log.result() };
      failed.push(visit);
      if (visit.retryIn === undefined) continue;
      target.notBefore = performance.now() + visit.retryIn;
      again.push(target);
    }
    pending = again;
  }
  return { ...gravestOf(failed), ...log.result() };
}

function gravestOf(failed: readonly FailedVisit[]): FailedAttempt {
  if (failed.length === 0) {
    const message = 'there was no time left to ask any responder';
    return { trouble: troubleOfError(new OcspError('timeout', message, 'raise --timeout')) };
  }
  return definedOnly({
    trouble: failed.map(({ trouble }) => trouble).reduce(graverTrouble),
    wasSuspended: failed.some((visit) => visit.wasSuspended) || undefined,
    retryAfterMilliseconds: failed.findLast((visit) => visit.retryAfterMilliseconds !== undefined)
      ?.retryAfterMilliseconds,
  });
}

function targetOf(url: string, { method, requestDer, hasNonce }: AskOptions): Target {
  // A URI that cannot even be parsed gets its error when it is asked.
  const canGet = (): boolean => !hasNonce && unlessOcspError(() => fitsGet(url, requestDer)) === true;
  const methods: Target['methods'] = method !== 'auto' ? [method] : canGet() ? ['get', 'post'] : ['post'];
  return { url, host: hostOfUrl(url), methods, failedVisits: 0, notBefore: 0 };
}

interface FailedVisit extends FailedAttempt {
  /** Milliseconds until it is worth asking again; undefined if it is not. */
  readonly retryIn?: number;
}

/** One visit: the first method, and the second when that gave nothing usable. */
async function visitTarget(target: Target, search: Search): Promise<Found | FailedVisit> {
  const [method, otherMethod] = target.methods;
  let visit = await askInTurn(target, method, search);
  if ('answer' in visit) return visit;
  if (otherMethod !== undefined && search.options.budget.left() > 0) {
    visit = await askInTurn(target, otherMethod, search);
  }
  target.failedVisits += 1;
  return visit;
}

/** Asks once the gate lets it; standing in line is not this certificate's time, but what the responder asked for is. */
async function askInTurn(target: Target, method: Method, search: Search): Promise<Found | FailedVisit> {
  const { budget, gate, signal } = search.options;
  const { host } = target;
  const entry = await budget.pausedWhile(gate.enter(host, budget.left(), signal));
  switch (entry.kind) {
    case 'suspended':
      return { trouble: troubleOfError(suspended(host, entry.failures, entry.reason)), wasSuspended: true };
    case 'held':
      return leftAlone(`${host} is busy`, entry.milliseconds);
    case 'pass':
      budget.spend(entry.heldMilliseconds);
      return await ask(target, method, entry.pass, search);
  }
}

async function ask(
  target: Target,
  method: Method,
  pass: GatePass,
  { options, judge, log }: Search,
): Promise<Found | FailedVisit> {
  const { url, host } = target;
  const attempt = target.failedVisits + 1;
  const started = performance.now();
  try {
    const timeoutMilliseconds = Math.max(1, Math.min(options.timeoutMilliseconds, options.budget.left()));
    const { client, origin, requestDer, headers, known, connectTimeoutMilliseconds, signal } = options;
    const limits = { timeoutMilliseconds, connectTimeoutMilliseconds, signal };
    const answer = await askResponder(client, { url, origin, method, requestDer, headers, known, ...limits });
    pass.leave('answered');
    // Whoever waits sends first, and what other responders sent is read: else all are asked at once, and all wait at once.
    await nextTurn();
    log.add(withoutCredentials(url), answer);
    if (answer.isNotModified) return { notModified: true, answer };
    const judgement = judge(answer.body);
    if ('usable' in judgement) return { usable: judgement.usable, answer };
    const { trouble, isTransient } = judgement;
    return isTransient ? comeBackLater(trouble, answer.headers['retry-after'], attempt, options) : { trouble };
  } catch (error) {
    const retryAfter = error instanceof StatusError && isRetriable(error) ? error.retryAfter : undefined;
    // Before the place is free, for whoever waits would take it at once.
    if (retryAfter !== undefined) holdOff(host, retryAfter, options);
    pass.leave(...healthAfter(error));
    if (!(error instanceof OcspError) || error.code === 'interrupted' || error.code === 'usage') throw error;
    log.add(withoutCredentials(url), { method, milliseconds: performance.now() - started, warnings: [] });
    const trouble = troubleOfError(error);
    return isRetriable(error) ? comeBackLater(trouble, retryAfter, attempt, options) : { trouble };
  }
}

/** What a failed request says of its responder's health. */
function healthAfter(error: unknown): Parameters<GatePass['leave']> {
  if (error instanceof OcspError && isUnanswered(error)) return ['unanswered', error.message];
  return error instanceof StatusError ? ['answered'] : ['undecided'];
}

/** A responder that asks for a pause (429, 503) means all certificates; but no responder may stop us for days. */
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
  return retryAfterMilliseconds === undefined || retryAfterMilliseconds < options.budget.left()
    ? { trouble, retryIn: retryDelay({ attempt, spread: options.spread, retryAfterMilliseconds }) }
    : leftAlone(trouble.message, retryAfterMilliseconds);
}

function leftAlone(subject: string, retryAfterMilliseconds: number): FailedVisit {
  const error = new OcspError(
    'retry-after-too-long',
    `${subject} and asks to come back in ${Math.ceil(retryAfterMilliseconds / 1000)} s, longer than this run may wait`,
    'the next run asks again; to wait longer raise --timeout or --retries',
  );
  return { trouble: troubleOfError(error), retryAfterMilliseconds };
}

function suspended(host: string, failures: number, reason: string): OcspError {
  return new OcspError(
    'responder-suspended',
    `${host} was not asked after ${failures} unanswered requests (${reason})`,
    'the next run asks again; check whether this host can reach the responder',
  );
}
