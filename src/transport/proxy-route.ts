import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
  request as httpRequest,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { AgentPair, Route } from './guarded-agents.js';
import { type ProxyEndpoint, describeProxy } from './proxy.js';
import { definedOnly } from '../core/defined-only.js';

/**
 * The way to a target through a proxy: http in absolute form (RFC 9112 §3.2.2), over `connections`, whose lookups are not guarded, since
 * the proxy is the operator's word; https by CONNECT, over a connection of its own that `signal` ends at any stage.
 */
export async function routeThroughProxy(
  proxy: ProxyEndpoint,
  target: URL,
  options: { readonly connections: AgentPair; readonly family: 4 | 6 | undefined; readonly signal: AbortSignal },
): Promise<Route> {
  const way = { connections: options.connections, proxy: describeProxy(proxy), endpoint: proxy };
  if (target.protocol === 'http:') {
    return { ...way, agents: options.connections, request: absoluteForm(proxy, options.connections) };
  }
  // Loaded here, since few responders are asked by https and few of those through a proxy.
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  const tunnel = new HttpsProxyAgent(
    proxy.url,
    definedOnly({
      // As a header, not in the URL: the library logs the URL when DEBUG is set.
      headers: proxy.authorization === undefined ? {} : { 'Proxy-Authorization': proxy.authorization },
      keepAlive: false,
      signal: options.signal,
      family: options.family,
    }),
  );
  // The agent upgrades the tunnel to TLS itself, which is all that an https.Agent is asked for.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  return { ...way, agents: { https: tunnel } };
}

/**
 * A request function that asks the proxy for the whole URL. By hand: http-proxy-agent 9 rewrites the header block after the body was
 * queued, so that a POST whose end comes a tick later goes out with its header twice.
 */
function absoluteForm(proxy: ProxyEndpoint, connections: AgentPair): NonNullable<Route['request']> {
  const { protocol, hostname, port } = new URL(proxy.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const secure = protocol === 'https:';
  return (url: URL, options: RequestOptions, callback?: (response: IncomingMessage) => void): ClientRequest => {
    const settings = {
      ...options,
      protocol,
      host,
      port: port !== '' ? port : secure ? 443 : 80,
      path: url.href,
      agent: secure ? connections.https : connections.http,
      servername: isIP(host) === 0 ? host : '',
      headers: definedOnly({
        ...(options.headers as OutgoingHttpHeaders),
        host: url.host,
        'proxy-authorization': proxy.authorization,
      }),
    };
    return secure ? httpsRequest(settings, callback) : httpRequest(settings, callback);
  };
}
