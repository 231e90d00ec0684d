import { decodeCertificate } from '../../src/core/index.js';
import { definedOnly } from '../../src/core/defined-only.js';
import { staplePlaceAdvice } from '../../src/pipeline/doctor/advice.js';
import type { DoctorFinding, DoctorRecord, DoctorReport } from '../../src/pipeline/doctor/doctor-report.js';
import type { FoundServer, UsedCertificate } from '../../src/servers/discovery.js';
import { discoverers } from './discoverers.js';
import { createCertificateAuthority } from './pki.js';

/** The instant of the report. */
export const now = new Date('2026-03-02T09:00:00Z');
const hour = 3_600_000;

/** Only its being there counts. */
const anyCertificate = decodeCertificate(createCertificateAuthority().issue().certificate.der);

/** What advice is about: a certificate that a server uses at its usual place. */
export function subjectOf(
  found: FoundServer,
  certificate: string,
  used: Omit<UsedCertificate, 'certificate'>,
): Subject {
  const file = { path: certificate, certificate: anyCertificate, others: [], warnings: [], version: undefined };
  const discoverer = discoverers.find(({ name }) => name === found.name)!;
  return { server: found, discoverer, used: { certificate, ...used }, file };
}

type Subject = Parameters<typeof staplePlaceAdvice>[0];

const haproxy = server('haproxy', 812, '/etc/haproxy/haproxy.cfg', 'haproxy:/run/haproxy/admin.sock');
const nginx = server('nginx', 934, '/etc/nginx/nginx.conf', 'nginx');
const dnsdist = server('dnsdist', 1042, '/etc/dnsdist/dnsdist.conf', 'dnsdist:127.0.0.1:5199');

/** What doctor says of an invented host: certificates in every state but unreadable, with its own advice. */
export function inventedReport(): DoctorReport {
  const servers = [haproxy, nginx, dnsdist];
  return {
    servers: servers.map(({ name, pid, configurations }) => ({ name, pid, configurations })),
    certificates: [
      record(haproxy, '/etc/haproxy/certs/shop.example.org.pem', {
        state: 'must-staple-broken',
        reason: '/etc/haproxy/certs/shop.example.org.pem.ocsp: the response expired at 2026-03-02T03:00:00Z, 6h ago',
        hoursLeft: -6,
        code: 'expired',
      }),
      record(haproxy, '/etc/haproxy/certs/www.example.org.pem', {
        state: 'not-served',
        reason:
          '127.0.0.1:443: the server still staples an older response, from 2026-02-26T07:00:00Z, the file is from 2026-03-01T09:00:00Z',
        hoursLeft: 144,
        code: 'other-staple',
      }),
      record(nginx, '/etc/nginx/certs/intranet.example.org.pem', {
        state: 'not-served',
        reason: 'its responder is not used: the server is not set to staple for it',
        code: 'not-configured',
      }),
      record(dnsdist, '/etc/dnsdist/dot.example.org.pem', {
        state: 'unrefreshed',
        reason: 'nobody refreshes it, and it ends at 2026-03-04T15:00:00Z',
        hoursLeft: 54,
        code: 'nobody-refreshes',
      }),
      record(haproxy, '/etc/haproxy/certs/api.example.org.pem', {
        state: 'fine',
        reason: 'served, refreshed by restaple (restaple.timer), 5d 12h left',
        hoursLeft: 132,
      }),
      record(nginx, '/etc/nginx/certs/static.example.org.pem', {
        state: 'fine',
        reason: 'served, refreshed by restaple (restaple.timer), 4d 6h left',
        hoursLeft: 102,
      }),
      record(nginx, '/etc/letsencrypt/live/blog.example.org/fullchain.pem', {
        state: 'needs-nothing',
        reason: "the certificate has no OCSP responder: Let's Encrypt ended its OCSP service on 2025-08-06",
      }),
    ],
    remarks: [
      {
        code: 'not-asked',
        server: 'dnsdist',
        message: 'dnsdist was not asked what it has loaded: nobody listens at 127.0.0.1:5199',
      },
    ],
  };
}

/** A server as doctor finds it. */
export function server(name: string, pid: number, configuration: string, target: string) {
  return { name, pid, configurations: [configuration], target, certificates: [], remarks: [] } satisfies FoundServer;
}

interface Condition {
  readonly state: DoctorRecord['state'];
  readonly reason: string;
  /** Of its staple, whose window is a week; none where absent. */
  readonly hoursLeft?: number;
  /** Of the finding that decides the state. */
  readonly code?: string;
}

/** A certificate of a server as doctor sees it. */
export function record(
  found: FoundServer,
  certificate: string,
  { state, reason, hoursLeft, code }: Condition,
): DoctorRecord {
  const stapleFile = hoursLeft === undefined ? undefined : `${certificate}.ocsp`;
  const finding = code === undefined ? [] : [findingOf(found, certificate, { stapleFile, code, message: reason })];
  return definedOnly({
    ...{ state, reason, server: found.name, pid: found.pid, configuration: found.configurations[0], certificate },
    ...{ handshakes: [], refreshedBy: [], findings: finding, gravity: 'success' as const },
    staple:
      hoursLeft === undefined ? undefined : { file: `${certificate}.ocsp`, isThere: true, ...windowOf(hoursLeft) },
  });
}

function windowOf(hoursLeft: number) {
  const end = now.getTime() + hoursLeft * hour;
  const before = (hours: number): Date => new Date(end - hours * hour);
  return { thisUpdate: before(168), nextRefresh: before(80), alertFrom: before(42), validUntil: before(0) };
}

function findingOf(
  found: FoundServer,
  certificate: string,
  {
    stapleFile,
    code,
    message,
  }: { readonly stapleFile: string | undefined; readonly code: string; readonly message: string },
): DoctorFinding {
  if (code === 'nobody-refreshes') return { code, severity: 'warning', message, advice: [] };
  const [position, places] = [{ file: found.configurations[0] ?? '', line: 31 }, [{ host: '127.0.0.1', port: 443 }]];
  const subject = subjectOf(found, certificate, definedOnly({ places, position, stapleFile }));
  return { code, severity: 'error', message, advice: staplePlaceAdvice(subject) };
}
