import { OcspError } from '../core/index.js';
import { definedOnly } from '../core/defined-only.js';

/** Where a changed staple is announced, parsed from the words of `--reload`. */
export type ReloadTarget =
  | { readonly kind: 'haproxy'; readonly text: string; readonly address: SocketAddress; readonly worker?: string }
  | { readonly kind: 'dnsdist'; readonly text: string; readonly address: TcpAddress }
  | { readonly kind: 'nginx' | 'hitch' | 'lighttpd'; readonly text: string; readonly pidFile: string }
  | { readonly kind: 'systemd'; readonly text: string; readonly unit: string }
  | { readonly kind: 'exec'; readonly text: string; readonly argv: readonly [string, ...string[]] };

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** A unix socket's path, or a TCP address. */
export type SocketAddress = { readonly path: string } | TcpAddress;

/** Where Debian's packages put their pid files. */
const usualPidFiles = {
  nginx: '/run/nginx.pid',
  hitch: '/run/hitch/hitch.pid',
  lighttpd: '/run/lighttpd.pid',
} as const;

/**
 * Reads a target: `haproxy:/run/haproxy/admin.sock`, `haproxy:HOST:PORT`, `haproxy:@1:/run/haproxy-master.sock`,
 * `dnsdist:HOST:PORT`, `nginx[:PIDFILE]`, `hitch[:PIDFILE]`, `lighttpd[:PIDFILE]`, `systemd:UNIT`, `exec:COMMAND`.
 *
 * @throws OcspError `usage`
 */
export function parseReloadTarget(text: string): ReloadTarget {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? '' : text.slice(colon + 1);
  switch (kind) {
    case 'haproxy':
      return haproxyTarget(text, rest);
    case 'dnsdist': {
      const address = parseTcpAddress(rest, 5199);
      if (address === undefined) throw malformed(text, 'dnsdist:127.0.0.1:5199');
      return { kind, text, address };
    }
    case 'nginx':
    case 'hitch':
    case 'lighttpd':
      return { kind, text, pidFile: rest === '' ? usualPidFiles[kind] : rest };
    case 'systemd':
      if (!/^[A-Za-z0-9:_.@\\-]+$/.test(rest) || rest.startsWith('-')) throw malformed(text, 'systemd:nginx.service');
      return { kind, text, unit: rest };
    case 'exec': {
      const argv = splitWords(rest);
      const [command, ...words] = argv ?? [];
      if (command === undefined) throw malformed(text, "exec:'/usr/local/bin/deploy --staple'");
      return { kind, text, argv: [command, ...words] };
    }
    default:
      throw malformed(text, 'haproxy:/run/haproxy/admin.sock');
  }
}

function haproxyTarget(text: string, rest: string): ReloadTarget {
  const worker = /^(@!?\d+):/.exec(rest)?.[1];
  const place = worker === undefined ? rest : rest.slice(worker.length + 1);
  const address = place.includes('/') ? { path: place } : parseTcpAddress(place, undefined);
  if (address === undefined) throw malformed(text, 'haproxy:/run/haproxy/admin.sock');
  return definedOnly({ kind: 'haproxy', text, address, worker });
}

/** `HOST:PORT`, `[IPv6]:PORT`, or HOST alone where there is a usual port. */
export function parseTcpAddress(text: string, usualPort: number | undefined): TcpAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? usualPort : Number(match[3]);
  return host === undefined || port === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

/**
 * Words by the quoting rules of the shell, without any expansion: blanks separate, '…' is literal, "…" knows \" \\ \$ \`,
 * a backslash outside takes the next character literally. Undefined for an unclosed quote.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'") {
      const end = text.indexOf("'", index + 1);
      if (end < 0) return undefined;
      word = (word ?? '') + text.slice(index + 1, end);
      index = end;
    } else if (character === '"') {
      const quoted = /^"((?:[^"\\]|\\[^])*)"/.exec(text.slice(index));
      if (quoted === null) return undefined;
      word = (word ?? '') + (quoted[1] ?? '').replace(/\\(["\\$`])/g, '$1');
      index += quoted[0].length - 1;
    } else if (character === '\\') {
      if (index + 1 === text.length) return undefined;
      index += 1;
      word = (word ?? '') + text.charAt(index);
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

function malformed(text: string, example: string): OcspError {
  return new OcspError(
    'usage',
    `"${text}" is no reload target`,
    `write it like ${example}; see: restaple reload --help`,
  );
}
