import { setImmediate as nextTurn } from 'node:timers/promises';
import { OcspError } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { shownPath } from '../../core/file-path.js';
import {
  placesToAsk,
  type DiscoveryTools,
  type FoundServer,
  type ServerAnswer,
  type UsedCertificate,
} from '../../servers/discovery.js';
import { TargetFailure } from '../../servers/reload-result.js';
import { hostProcesses } from '../../system/host-processes.js';
import { isOwnAddress } from '../../system/network/own-address.js';
import type { IssuerFinder } from '../../source/issuer-finder.js';
import { mapConcurrent } from '../fleet/map-concurrent.js';
import type { VerifyReport } from '../verify/verify-report.js';
import { staplePlaceFor } from './advice.js';
import {
  doctorStates,
  type AnswerFacts,
  type DoctorRecord,
  type DoctorRemark,
  type DoctorReport,
  type DoctorServer,
} from './doctor-report.js';
import {
  examineCertificate,
  readCandidate,
  subjectOf,
  type Candidate,
  type Examination,
  type ExaminationTools,
} from './examine-certificate.js';
import { completeByPrint, findServers, type DiscoveredServer, type WantedServer } from './find-servers.js';
import { diagnose } from './judge.js';
import { findRefreshers, type CertificatesOfRun, type Refreshers } from './refreshers.js';
import { scheduledCommands } from './scheduled-commands.js';
import { unclaimedCertificates } from './unclaimed-certificates.js';
import { examineUnclaimed } from './unclaimed-ports.js';
import { createUsersRoom } from './users-room.js';

export interface DoctorOptions {
  /** Only these servers; all, and ports that nobody claims, where there are none. */
  readonly wanted: readonly WantedServer[];
  readonly discovery: DiscoveryTools;
  readonly issuers: IssuerFinder;
  /** What a scheduled run of `fetch` would take. */
  readonly certificatesOfRun: CertificatesOfRun;
  /** Asks the responder of a certificate now; absent where nothing may be sent off the host. */
  readonly query?: ExaminationTools['query'];
  readonly now: Date;
  readonly skewMilliseconds: number;
  /** Where /proc is; default `/proc`. */
  readonly procRoot?: string;
  /** Where the usual configurations of servers, and the folders of cron and systemd, start; default `/`. */
  readonly root?: string;
}

/** Servers at once, and certificates of each: a host answers itself. */
const concurrency = 8;

/**
 * Looks at this host and changes nothing: its TLS servers, their certificates and staples, and who refreshes them.
 *
 * @throws OcspError `interrupted`
 */
export async function examineHost(options: DoctorOptions): Promise<DoctorReport> {
  const { wanted, discovery, issuers, now, skewMilliseconds, procRoot = '/proc', root = '/' } = options;
  const processes = hostProcesses(procRoot);
  const room = createUsersRoom(discovery.isRoot);
  const { servers: read, remarks } = await findServers(processes, wanted, discovery, root, room);
  const servers = await completeByPrint(read, discovery);
  const refreshers = await findRefreshers(scheduledCommands(processes, root), options.certificatesOfRun, root);
  const { timeoutMilliseconds, signal } = discovery.limits;
  const { query } = options;
  const silentPlaces = new Set<string>();
  const tools = definedOnly({
    ...{ issuers, refreshers, query, now, skewMilliseconds, timeoutMilliseconds, signal, silentPlaces },
  });
  const records: DoctorRecord[] = [];
  const allRemarks: DoctorRemark[] = [...remarks];
  const examineServers = async (): Promise<void> => {
    const results = new Map<DiscoveredServer, Awaited<ReturnType<typeof examineServer>>>();
    const work = async (server: DiscoveredServer) => [server, await examineServer(server, tools, discovery)] as const;
    for await (const [server, result] of mapConcurrent(servers, concurrency, work)) results.set(server, result);
    for (const server of servers) {
      const { examined, remarks: own } = results.get(server) ?? { examined: [], remarks: [] };
      // One by one: a fleet is more than a call has room for as arguments.
      for (const remark of own) allRemarks.push({ ...remark, server: server.found.name });
      for (const one of examined) records.push(one);
    }
  };
  const ports = wanted.length > 0 ? [] : examineUnclaimed(servers, processes, { ...tools, procRoot, room });
  const [unclaimed] = await Promise.all([ports, examineServers()]);
  records.push(...unclaimed);
  allRemarks.push(...troublesOf(refreshers));
  allRemarks.push(...room.remarks());
  if (wanted.length === 0) allRemarks.push(...(await unclaimedCertificates(records, { now, root })));
  return {
    servers: servers.filter((one) => wanted.length > 0 || isOfInterest(one)).map(({ found }) => serverOf(found)),
    certificates: records.sort(byState),
    remarks: allRemarks.filter(({ server }) => server === undefined || isWorthSaying(server, servers, wanted)),
  };
}

/** Any user has a crontab, with room for thousands of wrong lines. */
const shownTroubles = 20;

function troublesOf({ troubles }: Refreshers): DoctorRemark[] {
  const shown = troubles.slice(0, shownTroubles).map(({ where, message }) => `${where} refreshes: ${message}`);
  const more = troubles.length - shown.length;
  if (more > 0) shown.push(`${more} more commands of restaple refresh`);
  return shown.map((what) => ({ code: 'not-understood', message: `doctor could not find out which staples ${what}` }));
}

/** An installed server that neither runs nor has certificates is nobody's concern. */
function isOfInterest({ found }: DiscoveredServer): boolean {
  return found.certificates.length > 0 || found.pid !== undefined;
}

function isWorthSaying(name: string, servers: readonly DiscoveredServer[], wanted: readonly WantedServer[]): boolean {
  const own = servers.filter(({ found }) => found.name === name);
  return wanted.length > 0 || own.length === 0 || own.some(isOfInterest);
}

async function examineServer(
  { discoverer, found }: Pick<DiscoveredServer, 'discoverer' | 'found'>,
  tools: ExaminationTools,
  discovery: DiscoveryTools,
): Promise<{ readonly examined: readonly DoctorRecord[]; readonly remarks: readonly DoctorRemark[] }> {
  const candidates: Candidate[] = [];
  for (const used of distinct(found.certificates)) {
    if (candidates.length % certificatesAtATime === 0) await breathe(tools.signal);
    candidates.push(await readCandidate({ discoverer, found }, used, tools.issuers, discovery.isRoot));
  }
  const asked = candidates.filter(({ file }) => file !== undefined);
  const answer = await ask({ discoverer, found }, asked, discovery);
  const loaded = new Map(asked.map((one, index) => [one, answer.loaded?.[index]]));
  const examined: DoctorRecord[] = [];
  const work = async (one: Candidate): Promise<DoctorRecord> => {
    if (examined.length % certificatesAtATime === 0) await breathe(tools.signal);
    return recordOf(await examineCertificate(one, loaded.get(one), tools), tools.now);
  };
  for await (const one of mapConcurrent(candidates, concurrency, work)) examined.push(one);
  const remarks = [...found.remarks, ...answer.remarks];
  if (found.pid === undefined && found.certificates.length > 0) {
    const message = `${found.name} with ${found.configurations[0] ?? 'no configuration'} does not run: its certificates were judged by their files only`;
    remarks.push({ code: 'not-running', message });
  }
  return { examined, remarks };
}

const certificatesAtATime = 100;

/** Files are read without waiting: a fleet of them would keep signals out. Throws OcspError `interrupted`. */
async function breathe(signal: AbortSignal): Promise<void> {
  await nextTurn();
  if (signal.aborted) throw new OcspError('interrupted', 'interrupted while examining certificates');
}

/** One entry for a certificate and its staple, with all its places. */
function distinct(certificates: readonly UsedCertificate[]): UsedCertificate[] {
  const byFile = new Map<string, [UsedCertificate, ...UsedCertificate[]]>();
  for (const one of certificates) {
    const key = JSON.stringify([one.certificate, one.stapleFile, one.ownFetching]);
    const known = byFile.get(key);
    if (known === undefined) byFile.set(key, [one]);
    else known.push(one);
  }
  return [...byFile.values()].map(([first, ...others]) => {
    if (others.length === 0) return first;
    const places = [first, ...others].flatMap((one) => placesToAsk(one, Infinity));
    return definedOnly({ ...first, serverName: undefined, places });
  });
}

async function ask(
  { discoverer, found }: Pick<DiscoveredServer, 'discoverer' | 'found'>,
  candidates: readonly Candidate[],
  discovery: DiscoveryTools,
): Promise<ServerAnswer> {
  const subjects = candidates.map(subjectOf).filter((one) => one !== undefined);
  if (discoverer.ask === undefined || found.pid === undefined || subjects.length === 0) return { remarks: [] };
  const address = found.control?.address;
  if (address !== undefined && 'host' in address && !isOwnAddress(address.host)) {
    const message = `${found.name} was not asked what it has loaded: ${address.host} is not an address of this host`;
    return { remarks: [{ code: 'not-asked', message }] };
  }
  try {
    return await discoverer.ask(found, subjects, discovery);
  } catch (error) {
    if (!(error instanceof TargetFailure)) throw error;
    const message = `${found.name} was not asked what it has loaded: ${error.message}`;
    return { remarks: [{ code: 'not-asked', message, hint: error.hint }] };
  }
}

function recordOf(examined: Examination, now: Date): DoctorRecord {
  const { server, used, facts, staple, loaded, handshakes, answer, refreshedBy, stranger } = examined;
  return definedOnly({
    ...diagnose(examined, now),
    server: server.name,
    pid: server.pid,
    configuration: server.configurations[0],
    stranger,
    position: used.position,
    certificate: used.certificate,
    facts,
    staple,
    ownFetching: used.ownFetching,
    loaded,
    handshakes,
    answer: answer === undefined ? undefined : answerOf(answer),
    refreshedBy,
    target: server.target,
    keyFile: server.keyFile,
    stapleFile: stapleFileOf(examined),
  });
}

function stapleFileOf(examined: Examination): string | undefined {
  const { file, used } = examined;
  if (file === undefined || used.noStapleFile !== undefined) return undefined;
  return used.stapleFile ?? staplePlaceFor(examined);
}

function answerOf({ verdict, trouble }: VerifyReport): AnswerFacts {
  return definedOnly({ verdict: verdict?.kind, code: trouble?.code, message: trouble?.message });
}

function serverOf({ name, pid, configurations, target }: FoundServer): DoctorServer {
  return definedOnly({ name, pid, configurations, target });
}

function byState(one: DoctorRecord, other: DoctorRecord): number {
  const rank = ({ state }: DoctorRecord): number => doctorStates.indexOf(state);
  const name = ({ certificate = '' }: DoctorRecord): string => shownPath(certificate);
  return rank(one) - rank(other) || (name(one) < name(other) ? -1 : 1);
}
