import { resolve } from 'node:path';
import { definedOnly } from '../../core/defined-only.js';
import { notASocket, shownAddress, type SocketAddress } from '../../system/network/connection.js';
import { parseHostAndPort } from '../../system/network/host-and-port.js';
import type { HostProcess } from '../../system/host-processes.js';
import { changeableByOthers } from '../../system/root-only.js';
import { childrenOf, inspectProcess, type RunningProcess } from '../../system/running-process.js';
import { shellWord } from '../../system/shell-words.js';
import { unlessRefused } from '../../system/system-error.js';
import type {
  CertificateSubject,
  Discoverer,
  DiscoveryTools,
  FoundServer,
  LoadedState,
  ServerAnswer,
  ServerInstance,
  ServerRemark,
  UsedCertificate,
} from '../discovery.js';
import type { HaproxyConfiguration } from './configuration.js';
import { isCertificateOf, loadedCertificatesOf } from './certificates.js';
import { certificatesServed, readConfiguration } from './served-certificates.js';
import { linesOfLists } from './next-start.js';
import { openHaproxySession, type HaproxySession } from './session.js';
import { slotKey, slotsOf, type HaproxySlots } from './slots.js';

/** Options of haproxy that take a value (management guide, chapter 3). */
const withValue = /^-(?:f|C|p|L|S|x|n|N|m|sf|st)$/;

/** The configuration files that haproxy's command line names, absolute. */
function haproxyConfigurations({ arguments: words, workingFolder = '/' }: HostProcess): string[] {
  const folder = workingFolderOf(words, workingFolder);
  const files: string[] = [];
  for (let index = 1; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--') {
      files.push(...words.slice(index + 1));
      break;
    }
    if (word === '-f') files.push(words[index + 1] ?? '');
    // The pids of the processes that it replaces follow without an end.
    if (withValue.test(word)) index += 1;
  }
  return files.map((file) => resolve(folder, file));
}

function workingFolderOf(words: readonly string[], folder: string): string {
  const index = words.indexOf('-C');
  return index < 0 ? folder : resolve(folder, words[index + 1] ?? '');
}

/** What haproxy serves by its configuration. */
export function discoverHaproxy(
  { running, configurations }: ServerInstance,
  { environment }: Pick<DiscoveryTools, 'environment'>,
): FoundServer {
  const folder = running === undefined ? '/' : workingFolderOf(running.arguments, running.workingFolder ?? '/');
  const { configuration, remarks } = readConfiguration(configurations, { workingFolder: folder, environment });
  const certificates = certificatesServed(configuration);
  const socket = socketIn(configuration, folder);
  // Without a master that stays, files are read once, with the rights of the start.
  const isMaster = running?.arguments.some((word) => word.startsWith('-W')) === true;
  if (socket === undefined && certificates.length > 0) {
    const hint = 'add to its global section: stats socket /run/haproxy/admin.sock mode 660 level admin';
    const message = 'haproxy has no "stats socket", so restaple cannot ask what it has loaded, nor send it a staple';
    remarks.push({ code: 'not-asked', message, hint });
  }
  return definedOnly({
    name: 'haproxy',
    pid: running?.pid,
    configurations,
    reader: isMaster ? running : undefined,
    certificates,
    target: socket === undefined ? undefined : `haproxy:${shownAddress(socket)}`,
    control: socket === undefined ? undefined : { address: socket },
    remarks,
  });
}

/** The one for administrators, else the first. */
function socketIn({ sockets }: HaproxyConfiguration, folder: string): SocketAddress | undefined {
  const text = (sockets.find(({ isAdmin }) => isAdmin) ?? sockets[0])?.address;
  if (text === undefined) return undefined;
  const path = text.replace(/^unix@/, '');
  if (path.startsWith('/')) return { path };
  const address = parseHostAndPort(text.replace(/^ipv[46]@/, '').replace(/^\*?:/, '127.0.0.1:'));
  return address ?? { path: resolve(folder, path) };
}

/** A fleet takes a command or two for each certificate. */
const timeoutsTogether = 6;
/** Of certificates that no file names, so many are named. */
const shownNames = 5;

/** What haproxy has loaded of these certificates, over its stats socket. Throws TargetFailure, OcspError `interrupted`. */
export async function askHaproxy(
  { control, pid, certificates: configured }: FoundServer,
  subjects: readonly CertificateSubject[],
  { limits }: DiscoveryTools,
): Promise<ServerAnswer> {
  if (control === undefined) return { remarks: [] };
  const stranger = 'path' in control.address ? strangerAt(control.address, pid) : undefined;
  if (stranger !== undefined) {
    const message = `haproxy was not asked what it has loaded: ${stranger}`;
    const hint = 'keep the socket in a folder that only root and the user of haproxy may write';
    return { remarks: [{ code: 'not-asked', message, hint }] };
  }
  const end = performance.now() + timeoutsTogether * limits.timeoutMilliseconds;
  const session = openHaproxySession({ address: control.address }, limits, end);
  try {
    const certificates = loadedCertificatesOf(session);
    const slots = slotsOf(session);
    const loaded: LoadedState[] = [];
    for (const subject of subjects) {
      const found = await certificates.find(subject);
      const certificate = found === undefined ? 'none' : isCertificateOf(subject, found) ? 'same' : 'other';
      loaded.push({ certificate, ...(await slotState(subject, slots)) });
    }
    return { loaded, remarks: await unnamedInFiles(session, configured) };
  } finally {
    session.close();
  }
}

/** Who else decides what is at the socket: root may not talk to whatever others put there. */
function strangerAt({ path }: { readonly path: string }, pid: number | undefined): string | undefined {
  return notASocket({ path }) ?? changeableByOthers(path, pid === undefined ? [] : usersOf(pid));
}

/** The users that haproxy runs as: a master keeps root, and its workers have the user of the configuration. */
function usersOf(pid: number): RunningProcess[] {
  const inspect = (id: number): RunningProcess | undefined => unlessRefused(() => inspectProcess(id), undefined);
  const master = inspect(pid);
  const children = master === undefined ? [] : unlessRefused(() => childrenOf(master), []);
  return [master, ...children.map((child) => inspect(Number.parseInt(child, 10)))].filter((one) => one !== undefined);
}

async function slotState(
  { certId, staple }: CertificateSubject,
  slots: HaproxySlots,
): Promise<Pick<LoadedState, 'hasSlot' | 'staple' | 'ownFetching'>> {
  if (certId === undefined) return {};
  const key = slotKey(certId);
  const hasSlot = await slots.has(key);
  const held = hasSlot && staple !== undefined ? await slots.compare({ certId, bytes: staple }) : 'not-shown';
  const update = await slots.ownUpdate(key);
  return definedOnly({
    hasSlot,
    staple: held === 'not-shown' ? undefined : held,
    ownFetching:
      update === undefined ? undefined : { isFailing: update.isFailing, status: update.status, next: update.next },
  });
}

/** Lines of crt-lists that were added over a socket, or taken out of their file since. */
async function unnamedInFiles(
  session: HaproxySession,
  configured: readonly UsedCertificate[],
): Promise<ServerRemark[]> {
  const known = new Set(configured.map(({ certificate }) => resolve(certificate)));
  const names = [...(await linesOfLists(session)).keys()].filter((name) => name.startsWith('/'));
  const others = names
    .map((name) => Buffer.from(name, 'latin1').toString('utf8'))
    .filter((name) => !known.has(resolve(name)));
  if (others.length === 0) return [];
  const more = others.length > shownNames ? ` and ${others.length - shownNames} more` : '';
  const message = `haproxy runs with certificates in its crt-lists that the files do not name: ${others.slice(0, shownNames).join(', ')}${more}`;
  const hint = 'they were not judged, and are gone with the next reload';
  return [{ code: 'setting', message, hint }];
}

export const discoverer: Discoverer = {
  name: 'haproxy',
  program: /^haproxy(?:-?\d[\d.]*)?$/,
  usualConfiguration: '/etc/haproxy/haproxy.cfg',
  configurationsOf: haproxyConfigurations,
  discover: discoverHaproxy,
  ask: askHaproxy,
  readsBeside: true,
  testCommand: (configuration) => `haproxy -c -f ${shellWord(configuration)}`,
  reloadCommand: (_configuration, unit = 'haproxy') => `systemctl reload ${shellWord(unit)}`,
};
