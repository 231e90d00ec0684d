import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { shownPath } from '../../core/file-path.js';
import { readRegularFile } from '../../system/read-file.js';
import { reasonToRefuse } from './acceptance.js';
import { openDnsdistConsole, type DnsdistConsole } from './console.js';
import { accessByDnsdist, findReaders, type Reader } from './readers.js';
import {
  explainRefusal,
  readFrontends,
  readListeners,
  readVersion,
  reloadEachFrontend,
  showBinds,
  stapleFileIn,
  withoutLuaError,
  type DnsdistVersion,
  type FrontendReload,
} from './replies.js';
import {
  noneTaken,
  notTaken,
  TargetFailure,
  type PushResult,
  type StapleToPush,
  type TargetTrouble,
  type Told,
} from '../reload-result.js';
import type { ServerTools } from '../server.js';
import { shownHostAndPort, type HostAndPort } from '../../system/network/host-and-port.js';
import { definedOnly } from '../../core/defined-only.js';
import { beginningOf } from '../../core/shortened.js';

/** What the driver takes from outside. */
export interface DnsdistTools extends Pick<ServerTools, 'limits' | 'dnsdistKey' | 'now' | 'randomBytes'> {
  /** Who runs dnsdist on this machine; default: what /proc says, else /etc/passwd. */
  readonly readers?: () => readonly Reader[];
}

/** Before the reload: what would go wrong with each staple, and what cannot be told from here. */
interface Foresight {
  readonly troubles: ReadonlyMap<StapleToPush, TargetTrouble>;
  readonly doubts: ReadonlyMap<StapleToPush, string>;
}

/**
 * Lets a dnsdist read its certificates and staples again over its console (`controlSocket`), one frontend after the other, and
 * reads what each says: one that cannot load its certificate or key keeps all it had.
 *
 * Up to 1.7 a frontend says so of a staple too. From 1.8 on dnsdist drops a staple it does not like without a word, so one
 * that it surely would not take stops the reload beforehand. A success comes with the frontends that have to show it, since
 * none says so where it sends the staple with another certificate.
 *
 * @returns what became of each staple; trouble with the server is a code in it, never thrown
 * @throws OcspError `interrupted`, and what the key throws
 */
export async function reloadDnsdist(
  address: HostAndPort,
  staples: readonly StapleToPush[],
  tools: DnsdistTools,
): Promise<Told> {
  const { limits, randomBytes } = tools;
  const key = tools.dnsdistKey();
  const foresight = foresee(address, staples, tools);
  try {
    const connection = await openDnsdistConsole(address, key, limits, randomBytes);
    try {
      return await reloadOver(connection, staples, foresight, address);
    } finally {
      connection.close();
    }
  } catch (error) {
    if (!(error instanceof TargetFailure)) throw error;
    return noneTaken(staples, error, foresight.troubles);
  }
}

async function reloadOver(
  connection: DnsdistConsole,
  staples: readonly StapleToPush[],
  foresight: Foresight,
  address: HostAndPort,
): Promise<Told> {
  const version = readVersion(withoutLuaError(await connection.run('showVersion()'), 'showVersion()'));
  const [harm] = foresight.troubles.values();
  if (harm !== undefined && !version.refusesBadStaples) {
    const message = `not reloaded, because dnsdist ${version.text} would drop staples that it serves now: ${harm.message}`;
    return noneTaken(staples, { ...harm, message }, foresight.troubles);
  }
  const reply = withoutLuaError(await connection.run(reloadEachFrontend), 'the reload of each frontend');
  const frontends = readFrontends(reply);
  const listeners = listenersSeenFrom(address.host, readListeners(await connection.run(showBinds)));
  const outcome = outcomeOfFrontends(staples, frontends, foresight, areAllSeen(frontends, listeners));
  const told = { ...outcome, listeners };
  if (version.refusesBadStaples) return told;
  const certificates = told.certificates.map((result, index) => {
    const staple = staples[index];
    return result.ok && staple !== undefined ? unproven(staple, version, foresight) : result;
  });
  return { ...told, certificates };
}

/**
 * The listeners of a dnsdist whose console was reached at this host: what listens on every address is reached there too, and a
 * loopback address of another machine not at all, since here it is somebody else's.
 */
export function listenersSeenFrom(host: string, listeners: readonly HostAndPort[]): HostAndPort[] {
  return listeners
    .map((one) => (one.host === '0.0.0.0' || one.host === '::' ? { host, port: one.port } : one))
    .filter((one) => isLoopback(host) || !isLoopback(one.host));
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.[\d.]+|::1)$/.test(host);
}

/** Would dnsdist take the files as they are on disk, and can it read them? The latter only where it runs on this machine. */
function foresee(
  { host }: HostAndPort,
  staples: readonly StapleToPush[],
  { now, readers = findReaders }: DnsdistTools,
): Foresight {
  const troubles = new Map<StapleToPush, TargetTrouble>();
  const doubts = new Map<StapleToPush, string>();
  let found: readonly Reader[] | undefined;
  for (const staple of staples) {
    const name = shownPath(staple.staplePath);
    const access = isLoopback(host) ? accessByDnsdist(staple.staplePath, () => (found ??= readers())) : undefined;
    if (access?.kind === 'unreadable') {
      troubles.set(staple, {
        code: 'staple-unreadable-by-server',
        message: `${name} ${access.why}`,
        hint: 'keep it where the user of dnsdist (often _dnsdist) may read it and its folders, outside /home, /root and /tmp, which its service hides',
      });
      continue;
    }
    const reason = reasonToRefuse(bytesOnDisk(staple), now());
    if (reason !== undefined) {
      const hint = `fetch it again: restaple fetch --force ${shownPath(staple.certificatePath)}`;
      troubles.set(staple, { code: 'staple-refused', message: `${name} ${reason}`, hint });
    } else if (access?.kind === 'unsure' && access.why !== undefined) {
      doubts.set(staple, `unless an access list allows it, ${name} ${access.why}`);
    }
  }
  return { troubles, doubts };
}

/** What dnsdist will read; where this process may not, what was written. */
function bytesOnDisk({ staplePath, bytes }: StapleToPush): Uint8Array {
  try {
    // No staple is nearly as large.
    return readRegularFile(staplePath, { limit: 1024 * 1024 }).bytes ?? new Uint8Array();
  } catch {
    return bytes;
  }
}

/** From 1.8 on: that a frontend was reloaded does not say that it took its staples. */
function unproven(staple: StapleToPush, { text }: DnsdistVersion, { doubts }: Foresight): PushResult {
  const doubt = doubts.get(staple);
  const message = `dnsdist ${text} reloads without saying which staples it took: only --confirm proves it`;
  return {
    certificatePath: staple.certificatePath,
    ok: true,
    message: doubt === undefined ? message : `${message}; ${doubt}`,
  };
}

/** Whether each frontend that staples can be asked by a handshake, at an address of its own. */
function areAllSeen(frontends: readonly FrontendReload[], listeners: readonly HostAndPort[]): boolean {
  const places = new Set(listeners.map(shownHostAndPort));
  return places.size === frontends.filter(({ name }) => /^Do[TH] /.test(name)).length;
}

/** Each frontend took its files or kept all that it had. Which files it has, no command of dnsdist tells, but a handshake may. */
function outcomeOfFrontends(
  staples: readonly StapleToPush[],
  frontends: readonly FrontendReload[],
  foresight: Foresight,
  areSeen: boolean,
): Told {
  if (frontends.length === 0) {
    const message = 'dnsdist has neither a DoT nor a DoH frontend, so it staples nothing';
    const hint =
      'add one with addTLSLocal() or addDOHLocal() and its option ocspResponses, or check the address of the target';
    return noneTaken(staples, { code: 'no-slot', message, hint }, foresight.troubles);
  }
  const troubles = new Map(foresight.troubles);
  const unowned: TargetTrouble[] = [];
  let last: string | undefined;
  for (const { name, error } of frontends) {
    if (error === undefined) continue;
    last = `${name} refused its files and keeps what it had`;
    const owner = ownerOf(stapleFileIn(error), staples);
    const trouble = troubleOf(error, last);
    if (owner === undefined) unowned.push(trouble);
    else if (!troubles.has(owner)) troubles.set(owner, trouble);
  }
  const bystander: TargetTrouble | undefined =
    last === undefined
      ? undefined
      : {
          code: 'command-failed',
          message: `${last}; whether this staple is among them is not known`,
          hint: 'repair the staple or certificate that it refused, then reload again',
        };
  const certificates = staples.map((staple): PushResult => {
    const trouble = troubles.get(staple);
    if (trouble !== undefined) return notTaken(staple, trouble);
    if (bystander === undefined) return { certificatePath: staple.certificatePath, ok: true };
    return { ...notTaken(staple, bystander), ...(areSeen ? { isUndecided: true } : {}) };
  });
  return definedOnly({ certificates, error: togetherIn(unowned) });
}

/** All that is to be repaired, as far as a message has room for it. */
function togetherIn([first, ...others]: readonly TargetTrouble[]): TargetTrouble | undefined {
  if (first === undefined || others.length === 0) return first;
  const more = others.slice(0, 3).map(({ message }) => `; ${message}`);
  const left = others.length - more.length;
  const rest = left === 0 ? '' : `; and ${left} more`;
  return { ...first, message: `${first.message}${more.join('')}${rest}` };
}

function troubleOf(error: string, what: string): TargetTrouble {
  const known = explainRefusal(error);
  if (known === undefined) {
    const hint = 'repair what it names (certificate, key, or a file its user may not read), then reload again';
    return { code: 'command-failed', message: `${what}: ${beginningOf(error)}`, hint };
  }
  const file = stapleFileIn(error);
  const named = file === undefined ? '' : `${beginningOf(file)}: `;
  return { code: 'staple-refused', message: `${what}, because of ${named}${known.reason}`, hint: known.hint };
}

/** The staple behind a file name of dnsdist's configuration, which may be relative to its folder or lead over a symlink. */
function ownerOf(file: string | undefined, staples: readonly StapleToPush[]): StapleToPush | undefined {
  if (file === undefined) return undefined;
  const exact = staples.find(({ staplePath }) => shownPath(staplePath) === file);
  if (exact !== undefined) return exact;
  if (file.startsWith('/')) {
    const real = realName(file);
    return staples.find(({ staplePath }) => realName(shownPath(staplePath)) === real);
  }
  const [first, ...others] = staples.filter(({ staplePath }) => basename(shownPath(staplePath)) === basename(file));
  return others.length === 0 ? first : undefined;
}

function realName(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
