import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { OcspError } from '../core/ocsp-error.js';
import { type Deadline, timedOut } from './deadline.js';
import { type Route, denialOf } from './guarded-agents.js';
import { isClosedConnection, isSloppyHttp, networkError, ocspErrorIn } from './network-error.js';

/** One request to one place, without redirects. */
export interface HopRequest {
  readonly target: URL;
  readonly method: 'GET' | 'POST';
  readonly body: Uint8Array | undefined;
  readonly headers: Record<string, string | string[]>;
  readonly route: Route;
  readonly maximumBodyBytes: number;
  readonly connectTimeoutMilliseconds: number;
  readonly isRedirect: (status: number) => boolean;
}

/** The answer of one place; of a redirect only where it leads. */
export interface HopReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly location: string | undefined;
  /** The address that answered; absent behind a proxy, which alone knows it. */
  readonly address?: string | undefined;
  /** What was read although it is not as it should be, in words. */
  readonly warnings: readonly string[];
}

/**
 * Sends one request and reads its answer within the deadline; `sloppy` where it breaks the rules of HTTP. Throws OcspError as
 * {@link HttpClient.exchange} does.
 */
export type SendHop = (hop: HopRequest, deadline: Deadline) => Promise<HopReply | 'sloppy'>;

/** One request under way, as told by the library that makes it. */
export interface Attempt {
  /** It waits for its connection. */
  requested(request: ClientRequest): void;
  /** Its answer begins; `refusal` where it is none of the target's. */
  answered(response: Pick<IncomingMessage, 'statusCode' | 'headers'>, body: Readable, refusal?: OcspError): void;
  /** The library failed; `proxy` if the trouble lies on the way to it. */
  failed(error: unknown, proxy?: string): void;
  /** Ends it with this error. */
  fail(error: OcspError): void;
}

/** Makes a request and tells the attempt of it; what comes back can end it. What it throws counts as a failure. */
export type StartRequest = (hop: HopRequest, attempt: Attempt) => { destroy(): unknown };

/**
 * Sends until an answer comes that is not "the kept-alive connection was closed meanwhile" (RFC 9112 §9.3.1: asking an OCSP
 * responder twice does no harm). Each such answer uses up an idle connection, of which there is a bounded number.
 */
export async function overLiveConnection(
  hop: HopRequest,
  deadline: Deadline,
  start: StartRequest,
): ReturnType<SendHop> {
  for (;;) {
    const attempt = await sendOnce(hop, deadline, start);
    if (attempt !== 'stale connection') return attempt;
  }
}

function sendOnce(
  hop: HopRequest,
  deadline: Deadline,
  start: StartRequest,
): Promise<HopReply | 'sloppy' | 'stale connection'> {
  return new Promise((resolve, reject) => {
    const over = deadline.reason();
    if (over !== undefined) {
      reject(over);
      return;
    }
    const { target, route, connectTimeoutMilliseconds } = hop;
    let started: { destroy(): unknown } | undefined;
    let request: ClientRequest | undefined;
    let connectTimer: NodeJS.Timeout | undefined;
    let isAnswered = false;
    let address: string | undefined;

    const settle = (): void => {
      clearTimeout(connectTimer);
      forget();
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
      started?.destroy();
    };
    const onConnected = (socket: Socket): void => {
      clearTimeout(connectTimer);
      if (route.proxy === undefined) address = socket.remoteAddress;
      deadline.stage = 'waiting for the answer';
    };
    const attempt: Attempt = {
      requested(made) {
        request = made;
        const stage = route.proxy === undefined ? 'connecting' : `connecting through the proxy ${route.proxy}`;
        connectTimer = setTimeout(() => {
          fail(timedOut(target.host, connectTimeoutMilliseconds, stage));
        }, connectTimeoutMilliseconds);
        made.once('socket', (socket) => {
          const event = target.protocol === 'https:' ? 'secureConnect' : socket.connecting ? 'connect' : undefined;
          if (made.reusedSocket || event === undefined) onConnected(socket);
          else socket.once(event, () => onConnected(socket));
        });
      },
      answered(response, body, refusal) {
        isAnswered = true;
        deadline.stage = 'reading the answer';
        const succeed = (reply: HopReply): void => {
          settle();
          resolve({ ...reply, address });
        };
        if (refusal === undefined) readAnswer(hop, response, body, { succeed, fail });
        else fail(refusal);
      },
      failed(error, proxy) {
        settle();
        if (request?.reusedSocket === true && !isAnswered && isClosedConnection(error)) {
          resolve('stale connection');
          return;
        }
        if (isSloppyHttp(error)) {
          resolve('sloppy');
          return;
        }
        const context = { host: target.host, address, proxy };
        reject(denialOf(request?.socket) ?? ocspErrorIn(error) ?? networkError(error, context));
      },
      fail,
    };

    const forget = deadline.onOver(fail);
    deadline.stage = 'connecting';
    try {
      started = start(hop, attempt);
    } catch (error) {
      // A refused literal address is thrown by the agent before there is a request.
      attempt.failed(error);
    }
  });
}

interface AnswerHandlers {
  readonly succeed: (reply: HopReply) => void;
  readonly fail: (error: OcspError) => void;
}

function readAnswer(
  hop: HopRequest,
  { statusCode: status = 0, headers }: Pick<IncomingMessage, 'statusCode' | 'headers'>,
  stream: Readable,
  { succeed, fail }: AnswerHandlers,
): void {
  const redirect = redirectReply(hop, status, headers);
  if (redirect !== undefined) {
    succeed(redirect);
    stream.destroy();
    return;
  }
  if (Number(headers['content-length']) > hop.maximumBodyBytes) {
    fail(bodyTooLarge(hop, `announces ${headers['content-length'] ?? ''} bytes`));
    return;
  }
  const chunks: Uint8Array[] = [];
  let received = 0;
  stream.on('data', (chunk: Uint8Array) => {
    received += chunk.length;
    if (received > hop.maximumBodyBytes) fail(bodyTooLarge(hop, 'goes on'));
    else chunks.push(chunk);
  });
  stream.on('end', () => {
    const [only] = chunks;
    const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    finishReply(hop, status, headers, body).then(succeed, fail);
  });
}

/** The reply of a redirect, whose body nobody reads; undefined for any other answer. */
export function redirectReply(hop: HopRequest, status: number, headers: IncomingHttpHeaders): HopReply | undefined {
  const { location } = headers;
  if (location === undefined || !hop.isRedirect(status)) return undefined;
  return {
    status,
    headers: keptHeadersOf(headers),
    body: new Uint8Array(0),
    location: locationOf(location),
    warnings: [],
  };
}

/** The reply of a whole body, unpacked where it came packed. Throws OcspError `body-too-large`, `connection-failed` where it is not whole. */
export async function finishReply(
  hop: HopRequest,
  status: number,
  headers: IncomingHttpHeaders,
  body: Uint8Array,
): Promise<HopReply> {
  const kept = keptHeadersOf(headers);
  const coding = headers['content-encoding'];
  if (coding === undefined) return { status, headers: kept, body, location: undefined, warnings: [] };
  const { unpack } = await import('./content-coding.js');
  const unpacked = await unpack(body, coding, hop.maximumBodyBytes);
  if (unpacked === 'too large') throw bodyTooLarge(hop, 'is compressed');
  if (unpacked === 'cut short' && status === 200) {
    const message = `the answer of ${hop.target.host} came compressed (${coding.slice(0, 40)}) and ends too soon`;
    throw new OcspError('connection-failed', message, 'try again later, or name another responder with --url');
  }
  const whole = unpacked === 'cut short' ? undefined : unpacked;
  const warnings =
    whole === undefined
      ? []
      : [`the answer of ${hop.target.host} came compressed (${coding.slice(0, 40)}), which was not asked for`];
  return { status, headers: kept, body: whole ?? body, location: undefined, warnings };
}

/** The response headers that callers use. */
const keptHeaders = [
  'age',
  'cache-control',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'retry-after',
] as const;

/** The headers of an answer that callers use, by lower-case name. */
function keptHeadersOf(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of keptHeaders) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value;
  }
  return kept;
}

/** The error for a body beyond its limit. */
export function bodyTooLarge(hop: HopRequest, what: string): OcspError {
  return new OcspError(
    'body-too-large',
    `the answer of ${hop.target.host} ${what}, more than ${hop.maximumBodyBytes} bytes are not accepted`,
    'check that the URI leads to an OCSP responder or certificate, not to a page',
  );
}

/** Where a redirect leads; Node reads header octets as Latin-1, and servers write UTF-8. */
function locationOf(header: string): string {
  return Buffer.from(header, 'latin1').toString('utf8');
}
