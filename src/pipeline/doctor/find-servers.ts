import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OcspError } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import {
  unitOf,
  type Discoverer,
  type DiscoveryTools,
  type FoundServer,
  type ServerInstance,
} from '../../servers/discovery.js';
import { completedByPrint } from '../../servers/printed-configuration.js';
import type { KnownServer } from '../../servers/server.js';
import { servers as table } from '../../servers/servers.js';
import type { HostProcess } from '../../system/host-processes.js';
import type { DoctorRemark } from './doctor-report.js';
import { strangerTo } from './host-files.js';
import { createUsersRoom, type UsersRoom } from './users-room.js';

/** A server that is looked for: all of a kind, or the one with this configuration. */
export interface WantedServer {
  readonly name: string;
  readonly configuration?: string;
}

const discoverable = (table as readonly KnownServer[]).filter(({ discoverer }) => discoverer !== undefined);

/** The names that {@link WantedServer} knows. */
export const knownServers: readonly string[] = discoverable.map(({ name }) => name);

/** How servers are made to print their configuration, for the help. */
export const printingCommands = discoverable.flatMap(({ printedBy }) => printedBy ?? []);

/**
 * Reads `NAME` or `NAME:CONFIGURATION`.
 *
 * @throws OcspError `usage`
 */
export function parseWantedServer(text: string): WantedServer {
  const [name = '', ...rest] = text.split(':');
  const configuration = rest.join(':');
  if (!knownServers.includes(name) || (rest.length > 0 && configuration === '')) {
    const message = `"${text}" is not a server that doctor knows`;
    throw new OcspError('usage', message, `write ${knownServers.join(', ')}, or NAME:CONFIGURATION`);
  }
  return rest.length > 0 ? { name, configuration: resolve(configuration) } : { name };
}

/** A server, and how to ask it. */
export interface DiscoveredServer {
  readonly discoverer: Discoverer;
  readonly instance: ServerInstance;
  readonly found: FoundServer;
}

/** The servers of this host, those that run first, and what is worth saying of those that could not be read. */
export async function findServers(
  processes: readonly HostProcess[],
  wanted: readonly WantedServer[],
  tools: DiscoveryTools,
  root = '/',
  room: UsersRoom = createUsersRoom(tools.isRoot),
): Promise<{ readonly servers: readonly DiscoveredServer[]; readonly remarks: readonly DoctorRemark[] }> {
  const discoverers = await Promise.all(discoverable.flatMap(({ discoverer }) => discoverer?.() ?? []));
  const remarks: DoctorRemark[] = [];
  const servers = discoverers.flatMap((discoverer) => {
    const asked = wanted.filter(({ name }) => name === discoverer.name);
    if (wanted.length > 0 && asked.length === 0) return [];
    const instances = instancesOf(discoverer, processes, asked, { remarks, root, room });
    const isMissing = instances.length === 0 && !remarks.some(({ server }) => server === discoverer.name);
    if (wanted.length > 0 && isMissing) {
      const others = discoverers.filter((one) => mastersOf(one, processes).length > 0);
      remarks.push(notFound(discoverer, others, root));
    }
    return instances.map((instance) => {
      const found = onThisHost(discoverer.discover(instance, tools), { discoverer, instance }, tools);
      return { discoverer, instance, found: withinRoom(found, instance, room) };
    });
  });
  return { servers, remarks };
}

/** Whoever asks for one server, and has another, learns which. */
function notFound(discoverer: Discoverer, others: readonly Discoverer[], root: string): DoctorRemark {
  const { name } = discoverer;
  const names = others.map((one) => one.name).join(', ');
  const running = names === '' ? 'no server that doctor knows runs here' : `running here: ${names}`;
  const file = usualConfigurationOf(discoverer, root);
  const message = `no ${name} was found on this host: none runs, and there is no ${file}; ${running}`;
  return { server: name, code: 'not-found', message, hint: `name its configuration: restaple doctor ${name}:FILE` };
}

/** What each server prints completes what its files say. Throws OcspError `interrupted`. */
export async function completeByPrint(
  servers: readonly DiscoveredServer[],
  tools: DiscoveryTools,
): Promise<readonly DiscoveredServer[]> {
  if (tools.printing === undefined) return servers;
  const complete: DiscoveredServer[] = [];
  for (const one of servers) {
    const found = await completedByPrint(one.discoverer, one.instance, one.found, tools);
    complete.push({ ...one, found: onThisHost(found, one, tools) });
  }
  return complete;
}

/** With what its configuration does not say. */
function onThisHost(
  found: FoundServer,
  { discoverer, instance }: Pick<DiscoveredServer, 'discoverer' | 'instance'>,
  { isRoot }: DiscoveryTools,
): FoundServer {
  const unit = unitOf(instance.running, discoverer.name);
  const stranger = strangerTo(found.configurations, isRoot);
  // A hint may be a command, and a server that tests such a configuration as root loads what it names.
  const remarks =
    stranger === undefined ? found.remarks : found.remarks.map(({ code, message }) => ({ code, message }));
  return definedOnly({ ...found, unit, stranger, remarks });
}

function withinRoom(found: FoundServer, { running }: ServerInstance, room: UsersRoom): FoundServer {
  const remarks = room.take('remarks', found.remarks, running?.userId);
  // Certificates that root itself wrote down have room, whoever the server runs as.
  if (found.stranger === undefined) return { ...found, remarks };
  return { ...found, remarks, certificates: room.take('certificates', found.certificates, running?.userId) };
}

function instancesOf(
  discoverer: Discoverer,
  processes: readonly HostProcess[],
  asked: readonly WantedServer[],
  { remarks, root, room }: { readonly remarks: DoctorRemark[]; readonly root: string; readonly room: UsersRoom },
): ServerInstance[] {
  const { name } = discoverer;
  const usualConfiguration = usualConfigurationOf(discoverer, root);
  const files = asked.flatMap(({ configuration }) => configuration ?? []);
  const isOneWanted = asked.length > 0 && files.length === asked.length;
  const masters = mastersOf(discoverer, processes).flatMap((running): ServerInstance[] => {
    // Whoever asks for one configuration is not kept from it by others.
    if (!isOneWanted && room.take('servers', [running], running.userId).length === 0) return [];
    if (running.hasOwnRoot) {
      // Whoever asks for one configuration asks for no other server.
      if (isOneWanted) return [];
      const message = `${name} (process ${running.pid}) runs in a container: its files are not those of this host`;
      remarks.push({ server: name, code: 'not-understood', message, hint: 'run restaple doctor in that container' });
      return [];
    }
    const named = discoverer.configurationsOf(running);
    return [{ running, configurations: named.length > 0 ? named : [usualConfiguration] }];
  });
  if (isOneWanted) {
    const wantedPlaces = files.map(realPlace);
    const chosen = masters.filter(({ configurations }) => wantedPlaces.includes(realPlace(configurations[0] ?? '')));
    const known = new Set(chosen.map(({ configurations }) => realPlace(configurations[0] ?? '')));
    const others = files.filter((file) => !known.has(realPlace(file)));
    return [...chosen, ...others.map((file) => ({ configurations: [file] }))];
  }
  const isUsed = masters.some(({ configurations }) => configurations.includes(usualConfiguration));
  const isIdle = !isUsed && existsSync(usualConfiguration);
  return [...masters, ...(isIdle ? [{ configurations: [usualConfiguration] }] : [])];
}

function usualConfigurationOf({ usualConfiguration, otherConfigurations = [] }: Discoverer, root: string): string {
  const paths = [usualConfiguration, ...otherConfigurations].map((path) => join(root, path));
  return paths.find((path) => existsSync(path)) ?? join(root, usualConfiguration);
}

/** The processes of a server whose parent is none of it: workers read nothing. */
function mastersOf(discoverer: Discoverer, processes: readonly HostProcess[]): HostProcess[] {
  const own = processes.filter((one) => discoverer.program.test(one.program) && discoverer.isServer?.(one) !== false);
  const pids = new Set(own.map(({ pid }) => pid));
  return own.filter(({ parentPid }) => !pids.has(parentPid));
}

function realPlace(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
