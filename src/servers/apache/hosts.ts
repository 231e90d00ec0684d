import { parseHostAndPort, type HostAndPort } from '../../system/network/host-and-port.js';
import { reachableHost } from '../../system/network/listening-sockets.js';
import type { ApacheDirective } from './syntax.js';

/** The directives of a section by their names in lower case. */
export type ApacheSettings = ReadonlyMap<string, readonly ApacheDirective[]>;

/** A virtual host, which takes from outside what it does not say itself; or what is outside of all. */
export interface ApacheHost {
  readonly own: ApacheSettings;
  readonly main: ApacheSettings;
  /** ServerName and ServerAlias, without scheme and port. */
  readonly names: readonly string[];
  readonly places: readonly HostAndPort[];
}

/** The first word of a setting: the last one of the host's own, else of those outside. */
export function lastWord({ own, main }: Pick<ApacheHost, 'own' | 'main'>, name: string): string | undefined {
  return (own.get(name) ?? main.get(name))?.at(-1)?.words[0];
}

/** More sockets and places than any host has. */
const maximumListens = 256;
const maximumPlaces = 16;

/** The virtual hosts of a configuration, and what is outside of them for the sockets that are in none. */
export function hostsIn(directives: readonly ApacheDirective[]): ApacheHost[] {
  const main = settingsIn(directives);
  const listens = distinct((main.get('listen') ?? []).flatMap(({ words: [text = ''] }) => listenPlace(text) ?? []));
  const hosts = directives
    .filter(({ name }) => name === '<virtualhost>')
    .map(({ words, section = [] }): ApacheHost => {
      const own = settingsIn(section);
      const places = distinct(words.slice(0, maximumPlaces).flatMap((word) => placesAt(word, listens))).slice(
        0,
        maximumPlaces,
      );
      return { own, main, names: namesIn(own), places };
    });
  const claimed = new Set(hosts.flatMap(({ places }) => places.map(keyOf)));
  const free = listens.map(reachable).filter((place) => !claimed.has(keyOf(place)));
  if (free.length === 0 && listens.length > 0) return hosts;
  return [...hosts, { own: main, main: new Map(), names: namesIn(main), places: free.slice(0, maximumPlaces) }];
}

export function settingsIn(directives: readonly ApacheDirective[]): ApacheSettings {
  const settings = new Map<string, ApacheDirective[]>();
  for (const one of directives) {
    const known = settings.get(one.name);
    if (known === undefined) settings.set(one.name, [one]);
    else known.push(one);
  }
  return settings;
}

function namesIn(settings: ApacheSettings): string[] {
  const lines = [...(settings.get('servername') ?? []), ...(settings.get('serveralias') ?? [])];
  return lines
    .flatMap(({ words }) => words)
    .map((name) =>
      name
        .replace(/^\w+:\/\//, '')
        .replace(/:\d+$/, '')
        .toLowerCase(),
    );
}

/** `443`, `192.0.2.1:443`, `[2001:db8::1]:443`. */
function listenPlace(text: string): HostAndPort | undefined {
  return parseHostAndPort(/^\d+$/.test(text) ? `0.0.0.0:${text}` : text.replace(/^\*:/, '0.0.0.0:'));
}

const wildcard = /^(?:\*|_default_|0\.0\.0\.0|::)$/i;

/** The sockets that an address of a virtual host takes: `*:443`, `_default_:443`, `192.0.2.1`, `[2001:db8::1]:*`. */
function placesAt(text: string, listens: readonly HostAndPort[]): HostAndPort[] {
  const { host = text, port } = /^(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>\d{1,5}|\*))?$/.exec(text)?.groups ?? {};
  const address = host.replace(/^\[(.*)\]$/, '$1');
  const isAny = wildcard.test(address);
  const wanted = port === undefined || port === '*' ? undefined : Number(port);
  // Where no Listen was seen, it is in a file that was not read.
  if (listens.length === 0)
    return wanted === undefined ? [] : [reachable({ host: isAny ? '*' : address, port: wanted })];
  return listens
    .filter((one) => wanted === undefined || one.port === wanted)
    .filter((one) => isAny || wildcard.test(one.host) || one.host === address)
    .map((one) => reachable(isAny ? one : { ...one, host: address }));
}

function reachable({ host, port }: HostAndPort): HostAndPort {
  return { host: reachableHost(host), port };
}

function keyOf({ host, port }: HostAndPort): string {
  return `${host} ${port}`;
}

function distinct(places: readonly HostAndPort[]): HostAndPort[] {
  return [...new Map(places.map((place) => [keyOf(place), place])).values()].slice(0, maximumListens);
}
