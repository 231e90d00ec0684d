import { OcspError } from '../core/index.js';
import { askResponder, type ResponderAnswer } from '../transport/ask-responder.js';
import type { HttpClient, HttpRequest } from '../transport/http-client.js';
import { fitsGet } from '../transport/ocsp-get.js';
import { isRetriable, parseRetryAfter, retryDelay } from '../transport/retry.js';
import { StatusError } from '../transport/status-error.js';
import { withoutCredentials } from '../transport/target-url.js';
import type { Budget } from './budget.js';
import type { ResponderContact } from './outcome.js';
import { troubleOfError, type Trouble } from './trouble.js';

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
  now(): Date;
}

/** What a caller makes of a response's bytes: usable ends the search, else why not and whether to ask again. */
export type Judgement<Usable> =
  { readonly usable: Usable } | { readonly trouble: Trouble; readonly isTransient: boolean };

export type AskResult<Usable> = { readonly contact?: ResponderContact; readonly warnings: readonly string[] } & (
  { readonly usable: Usable } | { readonly trouble: Trouble }
);

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
  let trouble: Trouble | undefined;
  let pending = options.urls.map((url) => targetOf(url, options));
  for (let round = 0; round <= options.retries && pending.length > 0; round += 1) {
    const again: Target[] = [];
    for (const target of pending) {
      if (options.budget.left() === 0) break;
      const wait = target.notBefore - performance.now();
      if (wait > 0 && wait >= options.budget.left()) continue;
      if (wait > 0) await pause(wait, options.signal);
      const visit = await visitTarget(target, options, judge, log);
      if ('usable' in visit) return { usable: visit.usable, ...log.result() };
      trouble = trouble === undefined ? visit.trouble : graver(trouble, visit.trouble);
      if (visit.retryIn === undefined) continue;
      target.notBefore = performance.now() + visit.retryIn;
      again.push(target);
    }
    pending = again;
  }
  const nothing = new OcspError('timeout', 'there was no time left to ask any responder', 'raise --timeout');
  return { trouble: trouble ?? troubleOfError(nothing), ...log.result() };
}

function targetOf(url: string, { method, requestDer, hasNonce }: AskOptions): Target {
  const methods: Target['methods'] =
    method === 'auto' ? (!hasNonce && canGet(url, requestDer) ? ['get', 'post'] : ['post']) : [method];
  return { url, methods, failedVisits: 0, notBefore: 0 };
}

/** A URI that cannot even be parsed gets its error when it is asked. */
function canGet(url: string, requestDer: Uint8Array): boolean {
  try {
    return fitsGet(url, requestDer);
  } catch (error) {
    if (error instanceof OcspError) return false;
    throw error;
  }
}

type Visit<Usable> = { readonly usable: Usable } | { readonly trouble: Trouble; readonly retryIn: number | undefined };

/** One visit: the first method, and the second when that gave nothing usable. */
async function visitTarget<Usable>(
  target: Target,
  options: AskOptions,
  judge: (body: Uint8Array) => Judgement<Usable>,
  log: ContactLog,
): Promise<Visit<Usable>> {
  let last: Visit<Usable> | undefined;
  for (const method of target.methods) {
    if (last !== undefined && options.budget.left() === 0) break;
    last = await ask(target, method, options, judge, log);
    if ('usable' in last) return last;
  }
  target.failedVisits += 1;
  return last ?? { trouble: troubleOfError(new TypeError('a target without methods')), retryIn: undefined };
}

async function ask<Usable>(
  target: Target,
  method: 'get' | 'post',
  options: AskOptions,
  judge: (body: Uint8Array) => Judgement<Usable>,
  log: ContactLog,
): Promise<Visit<Usable>> {
  const { budget } = options;
  const started = performance.now();
  const attempt = target.failedVisits + 1;
  try {
    const answer = await askResponder(options.client, {
      url: target.url,
      origin: options.origin,
      method,
      requestDer: options.requestDer,
      headers: options.headers,
      timeoutMilliseconds: Math.max(1, Math.min(options.timeoutMilliseconds, budget.left())),
      connectTimeoutMilliseconds: options.connectTimeoutMilliseconds,
      signal: options.signal,
    });
    log.answered(withoutCredentials(target.url), answer);
    const judgement = judge(answer.body);
    if ('usable' in judgement) return judgement;
    if (!judgement.isTransient) return { trouble: judgement.trouble, retryIn: undefined };
    return comeBackLater(judgement.trouble, answer.headers['retry-after'], attempt, options);
  } catch (error) {
    if (!(error instanceof OcspError) || error.code === 'interrupted' || error.code === 'usage') throw error;
    log.failed(withoutCredentials(target.url), method, performance.now() - started);
    const trouble = troubleOfError(error);
    if (!isRetriable(error)) return { trouble, retryIn: undefined };
    return comeBackLater(trouble, error instanceof StatusError ? error.retryAfter : undefined, attempt, options);
  }
}

/** When to visit again; not at all where the responder asks for more patience than the budget has. */
function comeBackLater(
  trouble: Trouble,
  retryAfter: string | undefined,
  attempt: number,
  options: AskOptions,
): { readonly trouble: Trouble; readonly retryIn: number | undefined } {
  const retryAfterMilliseconds =
    retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, options.now().getTime());
  if (retryAfterMilliseconds === undefined || retryAfterMilliseconds < options.budget.left()) {
    return { trouble, retryIn: retryDelay({ attempt, spread: options.spread, retryAfterMilliseconds }) };
  }
  return { trouble: troubleOfError(retryAfterTooLong(trouble, retryAfterMilliseconds)), retryIn: undefined };
}

function retryAfterTooLong({ message }: Trouble, milliseconds: number): OcspError {
  return new OcspError(
    'retry-after-too-long',
    `${message} and asks to come back in ${Math.ceil(milliseconds / 1000)} s, longer than this run may wait`,
    'the next run asks again; to wait longer raise --timeout or --retries',
  );
}

interface ContactLog {
  answered(url: string, answer: ResponderAnswer): void;
  failed(url: string, method: 'get' | 'post', milliseconds: number): void;
  result(): { readonly contact?: ResponderContact; readonly warnings: readonly string[] };
}

function startContactLog(): ContactLog {
  let contact: ResponderContact | undefined;
  const warnings = new Set<string>();
  const add = (url: string, method: 'get' | 'post', milliseconds: number): void => {
    contact = {
      url,
      method,
      milliseconds: Math.round((contact?.milliseconds ?? 0) + milliseconds),
      attempts: (contact?.attempts ?? 0) + 1,
    };
  };
  return {
    answered: (url, { method, milliseconds, warnings: more }) => {
      add(url, method, milliseconds);
      for (const warning of more) warnings.add(warning);
    },
    failed: add,
    result: () => ({ ...(contact === undefined ? {} : { contact }), warnings: [...warnings] }),
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const interrupt = (): void => {
      clearTimeout(timer);
      reject(new OcspError('interrupted', 'interrupted while waiting for the next attempt'));
    };
    if (signal.aborted) {
      interrupt();
      return;
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', interrupt);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', interrupt, { once: true });
  });
}
