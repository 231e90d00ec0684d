import type { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import { OcspError } from '../core/ocsp-error.js';
import { type AddressPolicy, addressPolicy, assertWrittenHostAllowed } from './address-guard.js';
import { type Deadline, startDeadline } from './deadline.js';
import { createAgents, type AgentPair, type Route } from './guarded-agents.js';
import { type ProxySettings, chooseProxy } from './proxy.js';
import { type HeaderLine, assertHeaderLines, basicAuthorization, headerRecord, headersFor } from './request-headers.js';
import type { HopReply, HopRequest, SendHop } from './hop.js';
import { parseTarget, portOf } from './target-url.js';
import { markUnanswered } from './unanswered.js';
import { definedOnly } from '../core/defined-only.js';

/** One HTTP exchange to make, redirects included. */
export interface HttpRequest {
  readonly url: string;
  /** Who named the URL: a certificate (guarded), or the operator, whose word opens that host and port only. */
  readonly origin: 'certificate' | 'operator';
  readonly method: 'GET' | 'POST';
  readonly body?: Uint8Array;
  /**
   * The operator's header lines: sent to the first scheme, host and port only, never to another after a redirect; Authorization
   * and Cookie only where the operator named the URL.
   */
  readonly headers?: readonly HeaderLine[];
  readonly contentType?: string;
  readonly accept?: string;
  readonly maximumBodyBytes: number;
  /** Exact deadline over lookup, connect, redirects, headers and body. */
  readonly timeoutMilliseconds: number;
  /** For lookup, TCP and TLS of each connection, inside the deadline. */
  readonly connectTimeoutMilliseconds: number;
  readonly signal?: AbortSignal;
}

/** What came back, whatever its status. */
export interface HttpReply {
  readonly status: number;
  /** By lower-case name, only those that callers use: content-type, retry-after and what caching needs. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The URL that answered, after redirects, without credentials. */
  readonly url: string;
  readonly redirects: number;
  /** The address that answered; absent behind a proxy, which alone knows it. */
  readonly address?: string | undefined;
  /** What was read although it is not as it should be, in words. */
  readonly warnings?: readonly string[];
}

/** The rules for every exchange of a client. */
export interface HttpClientOptions {
  readonly family?: 4 | 6;
  readonly allowPrivate: boolean;
  /** CIDR blocks or single addresses. */
  readonly allowAddresses: readonly string[];
  readonly proxy?: ProxySettings;
  /** False: whoever answers https is taken for the server, for a caller to whom the response's own signature is enough. */
  readonly verifiesServer?: boolean;
  readonly userAgent: string;
  /** How many idle connections are kept for a host and port; 32 if absent. */
  readonly maximumIdleSockets?: number;
  /** In place of the system's lookup, for tests. */
  readonly lookup?: LookupFunction;
}

/** Makes exchanges over kept-alive connections. */
export interface HttpClient {
  /**
   * Any status comes back as a reply. Throws OcspError: usage (a header, a proxy URL), malformed-uri, unsupported-scheme, address-blocked,
   * name-not-resolved, connection-failed, tls-failed, proxy-failed, timeout, too-many-redirects, body-too-large, interrupted.
   */
  exchange(request: HttpRequest): Promise<HttpReply>;
  /** Ends running exchanges as `interrupted` and closes every connection. */
  close(): void;
}

/** Redirects that are followed before the answer counts as a loop. */
const maximumRedirects = 3;

/** Responses that name another place for the same request (RFC 9110 §15.4); 303 asks for a GET there. */
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];

/** An HTTP client under the address guard. Throws OcspError `usage` for an allowAddresses entry that is not an address. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const policy = addressPolicy(options);
  const running = new Set<Deadline>();
  let isClosed = false;
  const made = new Set<Agent>();
  let agents: Agents | undefined;
  return {
    async exchange(request) {
      const first = readFirst(request);
      agents ??= createAllAgents(options, policy, made);
      const deadline = startDeadline({
        milliseconds: request.timeoutMilliseconds,
        host: first.url.host,
        signal: request.signal,
      });
      running.add(deadline);
      if (isClosed) deadline.interrupt();
      try {
        const reply = await follow(request, first, { agents, options, policy, deadline });
        deadline.end('done');
        return reply;
      } catch (error) {
        if (error instanceof OcspError && deadline.stage !== 'reading the answer') markUnanswered(error);
        deadline.end('failed');
        throw error;
      } finally {
        running.delete(deadline);
      }
    },
    close() {
      isClosed = true;
      for (const deadline of running) deadline.interrupt();
      for (const agent of made) agent.destroy();
    },
  };
}

type Agents = Readonly<Record<Connections, AgentPair>>;

/** Who named the host that connections lead to, or that they ask a proxy for: each keeps its own. */
type Connections = 'certificate' | 'operator' | 'certificateProxy' | 'operatorProxy';

interface Course {
  readonly agents: Agents;
  readonly options: HttpClientOptions;
  readonly policy: AddressPolicy;
  readonly deadline: Deadline;
}

/** Where the operator's word and the operator's headers hold. */
interface FirstHop {
  readonly url: URL;
  readonly headers: Record<string, string | string[]>;
}

function createAllAgents(options: HttpClientOptions, policy: AddressPolicy, made: Set<Agent>): Agents {
  const rules = {
    family: options.family,
    lookup: options.lookup,
    maximumIdleSockets: options.maximumIdleSockets ?? 32,
    verifiesServer: options.verifiesServer ?? true,
  };
  return {
    certificate: createAgents({ ...rules, policy }, made),
    operator: createAgents({ ...rules, policy: undefined }, made),
    certificateProxy: createAgents({ ...rules, policy: undefined }, made),
    operatorProxy: createAgents({ ...rules, policy: undefined }, made),
  };
}

/** Each loaded with the first request that goes its way: most runs never pay for the HTTP library. */
async function loadSender({ proxy }: Route): Promise<SendHop> {
  if (proxy !== undefined) return (await import('./send-hop-through-proxy.js')).sendHopThroughProxy;
  // Even of what is loaded already an import costs a tenth of a request.
  sendDirectly ??= (await import('./send-hop-direct.js')).sendHopDirectly;
  return sendDirectly;
}

let sendDirectly: SendHop | undefined;

async function follow(request: HttpRequest, first: FirstHop, course: Course): Promise<HttpReply> {
  let target = first.url;
  let method = request.method;
  for (let redirects = 0; ; redirects++) {
    const reply = await hopTo(target, method, request, first, course).catch((error: unknown) => {
      throw redirects === 0 ? error : redirected(error, first.url.host);
    });
    if (!redirectStatuses.includes(reply.status) || reply.location === undefined) {
      const { status, headers, body, warnings, address } = reply;
      return { status, headers, body, url: target.href, redirects, warnings, address };
    }
    if (redirects === maximumRedirects) throw tooManyRedirects(first.url, target);
    try {
      target = parseTarget(reply.location, { base: target });
    } catch (error) {
      throw redirected(error, target.host);
    }
    if (reply.status === 303) method = 'GET';
  }
}

async function hopTo(
  target: URL,
  method: 'GET' | 'POST',
  request: HttpRequest,
  first: FirstHop,
  course: Course,
): Promise<HopReply> {
  const trusted = request.origin === 'operator' && samePlace(target, first.url);
  const route = await routeTo(target, trusted, course);
  const headers: Record<string, string | string[]> = definedOnly({
    accept: request.accept,
    'content-type': method === 'POST' ? request.contentType : undefined,
    'user-agent': course.options.userAgent,
    ...(target.origin === first.url.origin ? first.headers : {}),
  });
  // The absolute form decides where a proxy connects, so no other Host may stand beside it (RFC 9112 §3.2.2).
  if (route.proxy !== undefined) delete headers['host'];
  const hop: HopRequest = {
    target,
    method,
    body: method === 'POST' ? request.body : undefined,
    headers,
    route,
    maximumBodyBytes: request.maximumBodyBytes,
    connectTimeoutMilliseconds: request.connectTimeoutMilliseconds,
    isRedirect: (status) => redirectStatuses.includes(status),
  };
  const send = await loadSender(route);
  const reply = await send(hop, course.deadline);
  if (reply !== 'sloppy') return reply;
  const { sendHopLeniently } = await import('./send-hop-leniently.js');
  return await sendHopLeniently(hop, course.deadline);
}

async function routeTo(target: URL, trusted: boolean, course: Course): Promise<Route> {
  const { agents, options, policy, deadline } = course;
  const proxy = chooseProxy(options.proxy, target);
  if (proxy === undefined) {
    const connections = trusted ? agents.operator : agents.certificate;
    return { agents: connections, connections };
  }
  if (!trusted) assertWrittenHostAllowed(target.hostname, policy);
  const connections = trusted ? agents.operatorProxy : agents.certificateProxy;
  const { routeThroughProxy } = await import('./proxy-route.js');
  return await routeThroughProxy(proxy, target, { connections, family: options.family, signal: deadline.signal() });
}

/** The first target. Credentials in the operator's URL become Authorization (RFC 7617), so that no later step and no message has them. */
function readFirst(request: HttpRequest): FirstHop {
  const url = parseTarget(request.url, { allowCredentials: request.origin === 'operator' });
  const lines = request.headers ?? [];
  assertHeaderLines(lines);
  const headers = headerRecord(headersFor(lines, request.origin));
  if (url.username !== '' || url.password !== '') {
    headers['authorization'] ??= basicAuthorization(url.username, url.password);
    url.username = '';
    url.password = '';
  }
  return { url, headers };
}

/** Same host and port: what the operator's word covers, whichever scheme is spoken there. */
function samePlace(one: URL, other: URL): boolean {
  return one.hostname === other.hostname && portOf(one) === portOf(other);
}

function redirected(error: unknown, from: string): unknown {
  if (!(error instanceof OcspError) || error.code === 'interrupted' || error.code === 'timeout') return error;
  return new OcspError(error.code, `${error.message} (redirected there by ${from})`, error.hint, {
    cause: error.cause,
  });
}

function tooManyRedirects(first: URL, last: URL): OcspError {
  return new OcspError(
    'too-many-redirects',
    `${first.host} redirects more than ${maximumRedirects} times, the last time at ${last.host}`,
    'name the final address with --url',
  );
}
