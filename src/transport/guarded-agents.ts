import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import {
  type ClientRequest,
  type ClientRequestArgs,
  Agent as HttpAgent,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type LookupFunction, type Socket, type TcpNetConnectOpts, connect as connectTcp, isIPv4 } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { OcspError } from '../core/ocsp-error.js';
import { type AddressPolicy, addressBlocked, assertLiteralAllowed, isAllowed } from './address-guard.js';
import { literalAddress } from './internet-address.js';
import type { ProxyEndpoint } from './proxy.js';

/** What the connections of a pair of agents may reach. */
export interface ConnectionRules {
  /** Undefined for the operator's own host and port: any address. */
  readonly policy: AddressPolicy | undefined;
  readonly family: 4 | 6 | undefined;
  readonly lookup: LookupFunction | undefined;
  readonly maximumIdleSockets: number;
  /** Whether a server has to prove its name, as by default. */
  readonly verifiesServer?: boolean;
}

/** An agent for each scheme, made when it is asked for; their kept-alive sockets belong to one set of rules. */
export interface AgentPair {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** How a request reaches its target. */
export interface Route {
  readonly agents: Partial<AgentPair>;
  /** What makes its connections: to the target, or to the proxy. */
  readonly connections: AgentPair;
  /** The proxy it leads through, described without credentials. */
  readonly proxy?: string;
  /** The same proxy with its credentials. */
  readonly endpoint?: ProxyEndpoint;
  /** In place of the plain request function of node:http. */
  readonly request?: (
    url: URL,
    options: RequestOptions,
    callback?: (response: IncomingMessage) => void,
  ) => ClientRequest;
}

/** How long one of several addresses may take before the next is tried beside it (RFC 8305 §5). */
const attemptMilliseconds = 500;

/**
 * Kept-alive agents whose every new connection is judged three times: a literal before connecting, each address of a lookup before any
 * connect, and the socket's remote address before its first byte. A denied one ends as OcspError `address-blocked`.
 *
 * @param made takes each agent when it is made, for whoever closes them
 */
export function createAgents(rules: ConnectionRules, made: Set<HttpAgent>): AgentPair {
  const options = { keepAlive: true, maxFreeSockets: rules.maximumIdleSockets };
  const keep = <Agent extends HttpAgent>(agent: Agent, connect: (settings: ConnectSettings) => Socket): Agent => {
    agent.createConnection = connector(rules, connect);
    made.add(agent);
    return agent;
  };
  let http: HttpAgent | undefined;
  let https: HttpsAgent | undefined;
  return {
    get http() {
      return (http ??= keep(new HttpAgent(options), connectTcp));
    },
    // What it loads is a twentieth of a start.
    get https() {
      const rejectUnauthorized = rules.verifiesServer ?? true;
      return (https ??= keep(new HttpsAgent({ ...options, rejectUnauthorized }), connectTls));
    },
  };
}

/** A lookup that asks for the family wanted and answers only with addresses that the policy allows. */
export function guardedLookup(rules: ConnectionRules): LookupFunction {
  return (hostname, options, callback) => {
    const lookup = rules.lookup ?? systemLookup;
    const wanted: LookupOptions = { ...options, all: true, family: rules.family ?? 0 };
    lookup(hostname, wanted, (error, found) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const addresses = asList(found);
      const ofFamily = addresses.filter(({ family }) => rules.family === undefined || family === rules.family);
      const { policy } = rules;
      const open = policy === undefined ? ofFamily : ofFamily.filter(({ address }) => isAllowed(address, policy));
      const first = open[0];
      if (first !== undefined) {
        if (options.all === true) callback(null, open);
        else callback(null, first.address, first.family);
      } else if (ofFamily.length === 0) {
        callback(noAddress(hostname, rules.family), []);
      } else {
        const blocked = ofFamily.map(({ address }) => address);
        callback(addressBlocked(hostname, blocked), []);
      }
    });
  };
}

/** Node 26 reports the write that a destroyed socket could not flush instead of why it was destroyed. */
const denials = new WeakMap<Socket, OcspError>();

/** Why this socket was ended right after it connected, if it was. */
export function denialOf(socket: Socket | null | undefined): OcspError | undefined {
  return socket == null ? undefined : denials.get(socket);
}

type Callback = (error: Error | null, socket: Socket) => void;
type ConnectSettings = TcpNetConnectOpts & ConnectionOptions;

function connector(rules: ConnectionRules, connect: (settings: ConnectSettings) => Socket) {
  const lookup = guardedLookup(rules);
  return (options: ClientRequestArgs, callback?: Callback): Socket | undefined => {
    const host = options.host ?? 'localhost';
    try {
      assertReachable(host, rules);
    } catch (error) {
      // An agent's only way to refuse: an error instead of the socket.
      (callback as ((error: unknown) => void) | undefined)?.(error);
      return undefined;
    }
    // The family is the lookup's matter: given to the socket it would try one address only.
    const anyFamily = { ...options, family: 0 };
    const settings = { ...anyFamily, host, port: Number(options.port), lookup, autoSelectFamily: true };
    const socket = connect({
      ...settings,
      autoSelectFamilyAttemptTimeout: attemptMilliseconds,
    } as ConnectSettings);
    // Before every other listener: those start the TLS handshake and flush the request.
    socket.prependOnceListener('connect', () => {
      const remote = socket.remoteAddress;
      if (rules.policy !== undefined && (remote === undefined || !isAllowed(remote, rules.policy))) {
        const denial = addressBlocked(host, [remote ?? '']);
        denials.set(socket, denial);
        socket.destroy(denial);
      }
    });
    return socket;
  };
}

function assertReachable(host: string, rules: ConnectionRules): void {
  if (rules.policy !== undefined) assertLiteralAllowed(host, rules.policy);
  const literal = literalAddress(host);
  if (literal === undefined || rules.family === undefined) return;
  if (isIPv4(literal) !== (rules.family === 4)) throw noAddress(host, rules.family);
}

function noAddress(host: string, family: 4 | 6 | undefined): OcspError {
  const wanted = family === undefined ? 'address' : `IPv${family} address`;
  return new OcspError(
    'name-not-resolved',
    `${host} has no ${wanted}`,
    family === undefined ? 'check the name, or name another responder with --url' : `leave -${family} out`,
  );
}

function asList(found: string | LookupAddress[]): LookupAddress[] {
  return typeof found === 'string' ? [{ address: found, family: isIPv4(found) ? 4 : 6 }] : found;
}
