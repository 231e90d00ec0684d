import { isIP } from 'node:net';
import { definedOnly } from '../../core/defined-only.js';
import { parseHostAndPort } from '../../system/network/host-and-port.js';
import { reachableHost } from '../../system/network/listening-sockets.js';
import type { ServedPlace } from '../discovery.js';
import type { NginxDirective } from './syntax.js';

/** The address and port of a `listen`, alike for all its spellings. */
export function socketOf({ words }: NginxDirective): string {
  const { host, port } = placeOfListen(words[0] ?? '') ?? { host: words[0] ?? '', port: 0 };
  return `${host} ${port}`;
}

/** `443`, `*:443`, `127.0.0.1:443`, `[::]:443`, `127.0.0.1`; undefined for a unix socket. */
function placeOfListen(text: string): ServedPlace | undefined {
  if (text.startsWith('unix:')) return undefined;
  if (/^\d+$/.test(text)) return { host: '0.0.0.0', port: Number(text) };
  return parseHostAndPort(text.replace(/^\*(?=:|$)/, '0.0.0.0'), 80);
}

/** Where a server block is reached, each with a name to ask for. */
export function placesOf(
  listens: readonly NginxDirective[],
  server: readonly NginxDirective[],
  starttls?: 'smtp' | 'imap',
): ServedPlace[] {
  const names = server.filter(({ name }) => name === 'server_name').flatMap(({ words }) => words);
  // A pattern, the catch-all `_` and an empty name are no names to ask for.
  const whole = names.find((name) => /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(name) && isIP(name) === 0);
  const serverName = whole ?? nameUnderWildcard(names);
  return listens.flatMap(({ words }) => {
    const place = placeOfListen(words[0] ?? '');
    if (place === undefined) return [];
    return [definedOnly({ host: reachableHost(place.host), port: place.port, serverName, starttls })];
  });
}

/** Another server block may have `www`: nobody has this. */
function nameUnderWildcard(names: readonly string[]): string | undefined {
  const wildcard = names.find((name) => /^\*?(?:\.[a-z0-9-]+){2,}$/i.test(name));
  return wildcard === undefined ? undefined : `restaple-doctor${wildcard.replace('*', '')}`;
}

/** Mail servers that speak text first and then TLS. */
export function starttlsOf(
  server: readonly NginxDirective[],
  listens: readonly NginxDirective[],
): { readonly listens: readonly NginxDirective[]; readonly protocol: 'smtp' | 'imap' } | undefined {
  const value = (wanted: string): string | undefined => server.find(({ name }) => name === wanted)?.words[0];
  const protocol = value('protocol');
  if (!['on', 'only'].includes(value('starttls') ?? 'off')) return undefined;
  return protocol === 'smtp' || protocol === 'imap' ? { listens, protocol } : undefined;
}
