import { definedOnly } from '../../core/defined-only.js';
import { bytesEqual } from '../../core/bytes.js';
import { OcspError, decodeCertificate, type Certificate } from '../../core/index.js';
import { unlessOcspError } from '../../core/ocsp-error.js';
import type { ServedPlace } from '../../servers/discovery.js';
import type { HostProcess } from '../../system/host-processes.js';
import { listeningSockets, reachableHost, socketOwners } from '../../system/network/listening-sockets.js';
import { mapConcurrent } from '../fleet/map-concurrent.js';
import { reportCertificate } from '../verify/certificate-report.js';
import { probeKeyTypes } from '../verify/sent-certificates.js';
import type { DoctorRecord } from './doctor-report.js';
import { certificateFacts, type ExaminationTools } from './examine-certificate.js';
import type { DiscoveredServer } from './find-servers.js';
import { judgeHandshake } from './handshakes.js';
import type { UsersRoom } from './users-room.js';

/** A server that speaks TLS answers at once; one that does not may say nothing for long. */
const patienceMilliseconds = 2000;
/** Of those that say nothing a host may have many, and waiting costs nothing. */
const concurrency = 32;
/** DNS has another port for TLS, and on this one waits for the rest of what looks like the length of a question. */
const dnsPort = 53;

/** Where TLS begins only when the client asks for it (RFC 3207, RFC 6409, RFC 9051). */
const starttlsPorts: ReadonlyMap<number, NonNullable<ServedPlace['starttls']>> = new Map([
  [25, 'smtp'],
  [587, 'smtp'],
  [143, 'imap'],
]);

/** The executables of Postfix and Dovecot, which staple nothing whatever they are told. */
const withoutStapling = /\/(?:postfix|dovecot)(?:\/|$)/;

/** A port, and who has it as far as this user may know. */
interface UnclaimedPort {
  readonly place: ServedPlace;
  readonly owner?: HostProcess;
}

/** The TLS ports of this host that no configuration told of, each by a handshake. Throws OcspError `interrupted`. */
export async function examineUnclaimed(
  servers: readonly DiscoveredServer[],
  processes: readonly HostProcess[],
  tools: ExaminationTools & { readonly procRoot: string; readonly room: UsersRoom },
): Promise<DoctorRecord[]> {
  const records: DoctorRecord[] = [];
  const work = (port: UnclaimedPort): Promise<DoctorRecord[]> => examinePort(port, tools);
  const all = unclaimedPorts(servers, processes, tools.procRoot);
  const ports = all.filter((port) => tools.room.take('ports', [port], port.owner?.userId).length > 0);
  for await (const found of mapConcurrent(ports, concurrency, work)) records.push(...found);
  return records;
}

function unclaimedPorts(
  servers: readonly DiscoveredServer[],
  processes: readonly HostProcess[],
  procRoot: string,
): UnclaimedPort[] {
  const claimed = new Set(
    servers.flatMap(({ found: { certificates, control } }) => [
      // Certificates of one list share the array of their places.
      ...[...new Set(certificates.map(({ places }) => places))].flatMap((places) => places.map(({ port }) => port)),
      // It speaks no TLS, and may have few places for those who ask.
      ...(control !== undefined && 'port' in control.address ? [control.address.port] : []),
    ]),
  );
  const owners = socketOwners(
    processes.map(({ pid }) => pid),
    procRoot,
  );
  const ports = new Map<string, UnclaimedPort>();
  for (const { host, port, inode } of listeningSockets(procRoot)) {
    if (claimed.has(port) || port === dnsPort) continue;
    const owner = processes.find(({ pid }) => pid === owners.get(inode));
    const place = definedOnly({ host: reachableHost(host), port, starttls: starttlsPorts.get(port) });
    // A server on the wildcard addresses of both kinds is one.
    const key = `${port} ${owner?.pid ?? place.host}`;
    if (!ports.has(key)) ports.set(key, definedOnly({ place, owner }));
  }
  return [...ports.values()];
}

async function examinePort({ place, owner }: UnclaimedPort, tools: ExaminationTools): Promise<DoctorRecord[]> {
  // A mail server speaks first, but often looks up the name of its client before.
  const patience = place.starttls === undefined ? patienceMilliseconds : tools.timeoutMilliseconds;
  const timeoutMilliseconds = Math.min(patience, tools.timeoutMilliseconds);
  try {
    const sent = await probeKeyTypes({ place, timeoutMilliseconds, signal: tools.signal });
    return sent.flatMap((one) => {
      const certificate = unlessOcspError(() => decodeCertificate(one.certificates[0] ?? new Uint8Array()));
      if (certificate === undefined) return [];
      const handshake = judgeHandshake(place, one, {
        certificate,
        issuer: undefined,
        expectedStaple: undefined,
        ...tools,
      });
      return [recordOf(certificate, { place, ...definedOnly({ owner }) }, handshake)];
    });
  } catch (error) {
    if (!(error instanceof OcspError) || error.code === 'interrupted') throw error;
    // It speaks something else, or nothing to this host.
    return [];
  }
}

function recordOf(
  certificate: Certificate,
  { owner }: UnclaimedPort,
  handshake: ReturnType<typeof judgeHandshake>,
): DoctorRecord {
  const report = reportCertificate(certificate);
  const isSelfMade = bytesEqual(certificate.issuer, certificate.subject);
  const facts = certificateFacts(certificate, report, isSelfMade);
  const base = definedOnly({
    server: owner?.program ?? 'unknown',
    pid: owner?.pid,
    facts,
    handshakes: [handshake],
    refreshedBy: [],
  });
  const { missingResponder } = report;
  if (handshake.outcome === 'served') {
    const reason = 'served; its configuration was not read, so nobody knows who refreshes it';
    return { ...base, state: 'fine', reason, gravity: 'success', findings: [] };
  }
  if (missingResponder !== undefined && !facts.mustStaple) {
    return { ...base, state: 'needs-nothing', reason: missingResponder.message, gravity: 'success', findings: [] };
  }
  if (withoutStapling.test(owner?.executable ?? '') && !facts.mustStaple) {
    const reason = `${base.server} cannot staple: Postfix and Dovecot staple nothing`;
    return { ...base, state: 'needs-nothing', reason, gravity: 'success', findings: [] };
  }
  const reason = missingResponder?.message ?? handshake.message ?? 'nothing is stapled';
  const where = owner === undefined ? 'the server on this port' : `${owner.program} (process ${owner.pid})`;
  const message = `${reason}; doctor does not know the configuration of ${where}`;
  return {
    ...base,
    state: facts.mustStaple ? 'must-staple-broken' : 'not-served',
    reason,
    gravity: missingResponder === undefined ? 'reloadFailed' : 'noResponder',
    findings: [{ code: handshake.outcome, severity: 'error', message, advice: [] }],
  };
}
