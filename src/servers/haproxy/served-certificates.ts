import { shownPath } from '../../core/file-path.js';
import { definedOnly } from '../../core/defined-only.js';
import { reachableHost } from '../../system/network/listening-sockets.js';
import { systemErrorText } from '../../system/system-error.js';
import type { ServedPlace, ServerRemark, UsedCertificate } from '../discovery.js';
import { lineWithStaple, type ConfiguredCertificate, type HaproxyConfiguration } from './configuration.js';
import { readHaproxyConfiguration, type ConfigurationSurroundings } from './configuration-reader.js';

/** The configuration as far as it can be read, and what cannot. */
export function readConfiguration(
  paths: readonly string[],
  surroundings: ConfigurationSurroundings,
): { readonly configuration: HaproxyConfiguration; readonly remarks: ServerRemark[] } {
  try {
    const configuration = readHaproxyConfiguration(paths, surroundings);
    const remarks = configuration.problems.map((message): ServerRemark => ({ code: 'unreadable', message }));
    return { configuration, remarks };
  } catch (error) {
    const why = systemErrorText(error);
    const message = `the configuration of haproxy, ${paths.join(' ')}, was not read: ${why}`;
    const hint = why === 'permission denied' ? 'run restaple doctor as root, or as a user who may read it' : undefined;
    return {
      configuration: { certificates: [], binds: [], sockets: [], problems: [] },
      remarks: [definedOnly({ code: 'unreadable' as const, message, hint })],
    };
  }
}

/** The certificates that haproxy serves on TCP, each with its places. */
export function certificatesServed({ certificates, binds }: HaproxyConfiguration): UsedCertificate[] {
  // By the array of names first, which many binds share: a fleet on fifty ports has each port once.
  const byNames = new Map<readonly string[], ServedPlace[]>();
  for (const { addresses, certificates: groups } of binds) {
    const own = addresses.flatMap(placesOf);
    for (const names of groups) {
      const known = byNames.get(names);
      if (known === undefined) byNames.set(names, [...own]);
      else known.push(...own);
    }
  }
  const byName = new Map<string, readonly ServedPlace[]>();
  for (const [names, places] of byNames) {
    for (const name of new Set(names)) {
      const known = byName.get(name);
      byName.set(name, known === undefined ? places : [...known, ...places]);
    }
  }
  return certificates
    .filter(({ name }) => byName.has(name))
    .map((one) => usedCertificate(one, byName.get(one.name) ?? []));
}

function usedCertificate(configured: ConfiguredCertificate, places: readonly ServedPlace[]): UsedCertificate {
  const { path, staplePath, needsStapleFile, isOwnUpdate, line } = configured;
  const serverName = line.kind === 'crt-list' ? filterIn(line.text) : undefined;
  return definedOnly({
    certificate: shownPath(path),
    places,
    serverName,
    position: { file: shownPath(line.file), line: line.number },
    stapleFile: staplePath === undefined ? undefined : shownPath(staplePath),
    isFileOptional: staplePath === undefined || needsStapleFile ? undefined : true,
    ownFetching: isOwnUpdate ? { setting: 'ocsp-update on' } : undefined,
    settingFor: (staple: string) => ({
      note: line.kind === 'bind' ? 'add to the global section' : 'replace this line with',
      text: Buffer.from(lineWithStaple(configured, staple), 'latin1').toString('utf8'),
    }),
  });
}

/** The first name that a line of a crt-list serves its certificate for; patterns are no names. */
function filterIn(text: string): string | undefined {
  const filters = text.replace(/^\s*[^\s[]+\s*(?:\[[^\]]*\])?/, '').split(/\s+/);
  return filters.find((one) => /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/i.test(one));
}

/** The TCP places of an address; a unix socket and QUIC are none. */
function placesOf(address: string): ServedPlace[] {
  if (/^(?:quic[46]?@|unix@|abns|fd@|sockpair@|rhttp@|\/)/.test(address)) return [];
  // Of a range of ports the first tells as much as all.
  const [, host = '', port] = /^(?:[a-z0-9]+@)?(.*?):(\d+)(?:-\d+)?$/.exec(address) ?? [];
  if (port === undefined) return [];
  const bare = host.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  return [{ host: reachableHost(bare), port: Number(port) }];
}
