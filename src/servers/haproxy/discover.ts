import { resolve } from 'node:path';
import { definedOnly } from '../../core/defined-only.js';
import { shownAddress, type SocketAddress } from '../../system/connection.js';
import { parseHostAndPort } from '../../system/host-and-port.js';
import type { HostProcess } from '../../system/host-processes.js';
import type {
  CertificateSubject,
  DiscoveryTools,
  FoundServer,
  LoadedState,
  ServerAnswer,
  ServerInstance,
} from '../discovery.js';
import type { HaproxyConfiguration } from './configuration.js';
import { isCertificateOf, loadedCertificatesOf } from './certificates.js';
import { certificatesServed, readConfiguration } from './served-certificates.js';
import { openHaproxySession, type HaproxySession } from './session.js';
import { slotKey, slotsOf } from './slots.js';
import { saysUnknownCommand } from './replies.js';

/** Options of haproxy that take a value (management guide, chapter 3). */
const withValue = /^-(?:f|C|p|L|S|x|n|N|m|sf|st)$/;

/** The configuration files that haproxy's command line names, absolute. */
export function haproxyConfigurations({ arguments: words, workingFolder = '/' }: HostProcess): string[] {
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
    const message = 'haproxy has no "stats socket", so it can be neither asked nor told';
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

/** The one for administrators by its name, else the first. */
function socketIn({ sockets }: HaproxyConfiguration, folder: string): SocketAddress | undefined {
  const text = sockets.find((one) => one.includes('admin')) ?? sockets[0];
  if (text === undefined) return undefined;
  const path = text.replace(/^unix@/, '');
  if (path.startsWith('/')) return { path };
  const address = parseHostAndPort(text.replace(/^ipv[46]@/, '').replace(/^\*?:/, '127.0.0.1:'));
  return address ?? { path: resolve(folder, path) };
}

/** What haproxy has loaded of these certificates, over its stats socket. Throws TargetFailure, OcspError `interrupted`. */
export async function askHaproxy(
  { control }: FoundServer,
  subjects: readonly CertificateSubject[],
  { limits }: DiscoveryTools,
): Promise<ServerAnswer> {
  if (control === undefined) return { remarks: [] };
  const session = openHaproxySession({ address: control.address }, limits);
  try {
    const certificates = loadedCertificatesOf(session);
    const slots = slotsOf(session);
    const updates = await ownUpdates(session);
    const loaded: LoadedState[] = [];
    for (const subject of subjects) {
      const found = await certificates.find(subject);
      const key = subject.certId === undefined ? undefined : slotKey(subject.certId);
      loaded.push(
        definedOnly({
          certificate: found === undefined ? 'none' : isCertificateOf(subject, found) ? 'same' : 'other',
          hasSlot: key === undefined ? undefined : await slots.has(key),
          ownFetching: key === undefined ? undefined : updates.get(key),
        }),
      );
    }
    return { loaded, remarks: [] };
  } finally {
    session.close();
  }
}

/** `OCSP Certid | Path | Next Update | Last Update | Successes | Failures | Last Update Status | Last Update Status (str)` */
async function ownUpdates(session: HaproxySession): Promise<ReadonlyMap<string, LoadedState['ownFetching']>> {
  const reply = await session.ask('show ssl ocsp-updates');
  // 2.6 and older have no updater.
  if (saysUnknownCommand(reply)) return new Map();
  const rows = reply.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  return new Map(
    rows.flatMap(([id = '', , next = '', , , , code = '', status = '']): [string, LoadedState['ownFetching']][] =>
      // 0: not yet asked; 1: updated.
      /^[0-9a-f]{40,}$/i.test(id) ? [[id.toLowerCase(), { isFailing: Number(code) > 1, status, next }]] : [],
    ),
  );
}
