import { once } from 'node:events';
import { isIP, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Deadline, timedOut } from './deadline.js';
import { type AgentPair, denialOf } from './guarded-agents.js';
import { bodyTooLarge, finishReply, redirectReply, type HopReply, type HopRequest } from './hop.js';
import { networkError, ocspErrorIn } from './network-error.js';
import { Intake, readResponse, readStatus, type ReadAnswer } from './response-reader.js';
import { proxyRefused } from './status-error.js';
import { portOf } from './target-url.js';

/**
 * Sends one request over a connection of its own and reads the answer as curl would. Guard, proxy, TLS, deadline and
 * limits are those of the usual way. What had to be overlooked is a warning.
 */
export async function sendHopLeniently(hop: HopRequest, deadline: Deadline): Promise<HopReply> {
  const over = deadline.reason();
  if (over !== undefined) throw over;
  const trip = startTrip(hop, deadline);
  try {
    const socket = await openWay(hop, trip);
    trip.isConnected();
    const proxy = hop.route.endpoint;
    const isSecure = hop.target.protocol === 'https:';
    socket.write(requestOctets(hop, isSecure ? undefined : proxy));
    const answer = await readResponse(intakeOf(socket), {
      maximumBodyBytes: hop.maximumBodyBytes,
      tooLarge: (what) => bodyTooLarge(hop, what),
      begun: () => (deadline.stage = 'reading the answer'),
    });
    if (answer.status === 407 && proxy !== undefined && !isSecure) {
      throw proxyRefused(hop.route.proxy, hop.target.host, 407);
    }
    return { ...(await replyOf(hop, answer)), address: trip.address() };
  } catch (error) {
    throw trip.errorOf(error);
  } finally {
    trip.end();
  }
}

async function replyOf(hop: HopRequest, { status, headers, body, lapses }: ReadAnswer): Promise<HopReply> {
  const reply = redirectReply(hop, status, headers) ?? (await finishReply(hop, status, headers, body));
  // Nothing that is seen here: then it was what follows the answer.
  const lapse = lapses.length === 0 ? 'octets follow it' : lapses.join(', ');
  const warning = `the answer of ${hop.target.host} breaks the rules of HTTP and was read anyway: ${lapse}`;
  return { ...reply, warnings: [warning, ...reply.warnings] };
}

/** The sockets of one request, which end together. */
interface Trip {
  /** The socket once it is connected. */
  connected(socket: Socket, event: 'connect' | 'secureConnect'): Promise<Socket>;
  /** The target itself is spoken to from here on, not only its proxy. */
  reachesTarget: boolean;
  isConnected(): void;
  /** Of the target, where no proxy stands before it. */
  address(): string | undefined;
  errorOf(error: unknown): unknown;
  end(): void;
}

function startTrip(hop: HopRequest, deadline: Deadline): Trip {
  const { route, target, connectTimeoutMilliseconds } = hop;
  const sockets: Socket[] = [];
  let failure: Error | undefined;
  let address: string | undefined;
  let endWaiting: (error: Error) => void = () => undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    endWaiting(error);
    for (const socket of sockets) socket.destroy(error);
  };
  const forget = deadline.onOver(fail);
  const stage = route.proxy === undefined ? 'connecting' : `connecting through the proxy ${route.proxy}`;
  const timer = setTimeout(
    () => fail(timedOut(target.host, connectTimeoutMilliseconds, stage)),
    connectTimeoutMilliseconds,
  );
  deadline.stage = 'connecting';
  const trip: Trip = {
    async connected(socket, event) {
      sockets.push(socket);
      // An error may come while nobody waits for one; whoever reads next meets it.
      socket.on('error', () => undefined);
      if (failure !== undefined) throw failure;
      const ended = new Promise<never>((_resolve, reject) => (endWaiting = reject));
      await Promise.race([once(socket, event), ended]);
      if (route.proxy === undefined) address = socket.remoteAddress;
      return socket;
    },
    reachesTarget: route.proxy === undefined,
    isConnected() {
      clearTimeout(timer);
      deadline.stage = 'waiting for the answer';
    },
    address: () => address,
    errorOf(error) {
      const proxy = trip.reachesTarget ? undefined : route.proxy;
      const denial = sockets.map(denialOf).find((found) => found !== undefined);
      return failure ?? denial ?? ocspErrorIn(error) ?? networkError(error, { host: target.host, address, proxy });
    },
    end() {
      clearTimeout(timer);
      forget();
      for (const socket of sockets) socket.destroy();
    },
  };
  return trip;
}

/** A socket that a request to the target can be written to: connected to it, or to a proxy for http, or tunnelled through one. */
async function openWay({ target, route }: HopRequest, trip: Trip): Promise<Socket> {
  const { connections, endpoint } = route;
  if (endpoint === undefined) return await openSocket(target, connections, trip);
  const way = await openSocket(new URL(endpoint.url), connections, trip);
  if (target.protocol === 'http:') return way;
  const place = `${target.hostname}:${portOf(target)}`;
  way.write(head(`CONNECT ${place} HTTP/1.1`, { host: place, 'proxy-authorization': endpoint.authorization }));
  const status = await readStatus(intakeOf(way));
  if (status !== 200) throw proxyRefused(route.proxy, target.host, status);
  trip.reachesTarget = true;
  return await trip.connected(connectTls({ socket: way, ...secureNames(target) }), 'secureConnect');
}

async function openSocket(place: URL, connections: AgentPair, trip: Trip): Promise<Socket> {
  const isSecure = place.protocol === 'https:';
  const agent = isSecure ? connections.https : connections.http;
  const options = { port: portOf(place), ...(isSecure ? secureNames(place) : { host: bareHost(place) }) };
  // Where the guard refuses a literal it says so at once, instead of a socket.
  const refusals: unknown[] = [];
  const socket = agent.createConnection(options, (error) => refusals.push(error));
  if (!(socket instanceof Socket)) throw refusals[0];
  return await trip.connected(socket, isSecure ? 'secureConnect' : 'connect');
}

function secureNames(place: URL) {
  const host = bareHost(place);
  return { host, servername: isIP(host) === 0 ? host : '', ALPNProtocols: ['http/1.1'] };
}

function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** What comes over a socket; the socket lives on when nobody reads any more. */
function intakeOf(socket: Socket): Intake {
  return new Intake(socket.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>);
}

/** The request in octets; through `proxy` in absolute form (RFC 9112 §3.2.2). */
function requestOctets(hop: HopRequest, proxy: HopRequest['route']['endpoint']): Buffer {
  const { target, method, body } = hop;
  const place = proxy === undefined ? `${target.pathname}${target.search}` : target.href;
  const text = head(`${method} ${place} HTTP/1.1`, {
    host: target.host,
    ...hop.headers,
    'proxy-authorization': proxy?.authorization,
    'content-length': body === undefined ? undefined : String(body.length),
    connection: 'close',
  });
  return Buffer.concat([Buffer.from(text, 'latin1'), body ?? Buffer.alloc(0)]);
}

function head(firstLine: string, headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values ?? []].flat().map((value) => `${name}: ${value}`),
  );
  return [firstLine, ...lines, '', ''].join('\r\n');
}
