import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseReloadTarget, tellTarget } from '../src/servers/reload-target.js';
import type { StapleToPush } from '../src/servers/reload-result.js';
import { generateKey } from '../test/support/keys.js';
import { buildOcspResponse } from '../test/support/ocsp-response.js';
import { createCertificateAuthority } from '../test/support/pki.js';
import { serverTools } from '../test/support/server-tools.js';
import { freePort } from '../test/support/servers/free-port.js';
import { startHaproxy } from '../test/support/servers/haproxy.js';
import { stapleToPush } from '../test/support/staple-to-push.js';
import { createTemporaryFolder, type TemporaryFolder } from '../test/support/temporary-folder.js';
import type { Row } from './table.js';

const certificates = 1000;
const hour = 3_600_000;

/** A thousand staples into one running haproxy that has its certificates from a crt-list: with their places, and without. */
export async function benchReloadHaproxy(): Promise<Row[]> {
  return [
    await measure(`${certificates} staples into haproxy ${haproxyVersion()}`, { hasOcspFiles: true, bound: 5 }),
    await measure(`the same where haproxy loaded no .ocsp files`, { hasOcspFiles: false, bound: undefined }),
    await measure(`one staple into it`, { hasOcspFiles: true, bound: 0.15, pushed: 1 }),
  ];
}

interface Scene {
  readonly hasOcspFiles: boolean;
  /** Seconds. */
  readonly bound: number | undefined;
  /** How many of them are pushed; default all. */
  readonly pushed?: number;
}

async function measure(what: string, { hasOcspFiles, bound, pushed = certificates }: Scene): Promise<Row> {
  const folder = createTemporaryFolder('restaple-bench-');
  const socket = folder.at('admin.sock');
  const port = await freePort();
  const staples = writeSites(folder, hasOcspFiles).slice(0, pushed);
  const haproxy = await startHaproxy({
    config: config(port, socket, folder.at('list')),
    folder: folder.path,
    ports: [port],
  });
  try {
    const result = await tellTarget(parseReloadTarget(`haproxy:${socket}`), staples, serverTools());
    if (!result.ok) throw new Error(result.certificates.find(({ ok }) => !ok)?.message ?? 'not pushed');
    const seconds = result.milliseconds / 1000;
    return {
      what,
      measured: `${seconds.toFixed(seconds < 0.1 ? 3 : 2)} s`,
      bound: bound === undefined ? '—' : `${bound} s`,
      isMet: bound === undefined || seconds <= bound,
    };
  } finally {
    await haproxy.stop();
    folder.remove();
  }
}

/** Certificates that share one key, each with its file, and a staple of each. */
function writeSites(folder: TemporaryFolder, hasOcspFiles: boolean): StapleToPush[] {
  const authority = createCertificateAuthority({ name: 'Bench CA' });
  const key = generateKey();
  const now = Math.floor(Date.now() / 1000) * 1000;
  const nextUpdate = new Date(now + 24 * hour);
  const staples = Array.from({ length: certificates }, (_, index) => {
    const name = `site-${index}.example`;
    const issued = authority.issue({ commonName: name, subjectAltNames: [name], key });
    const path = folder.write(`${name}.pem`, issued.certificate.pem + authority.certificate.pem + issued.keyPem, 0o600);
    if (hasOcspFiles) folder.write(`${name}.pem.ocsp`, '');
    const bytes = buildOcspResponse({
      signer: authority,
      responses: [
        {
          certId: { issuer: authority, serialNumber: issued.serialNumber },
          thisUpdate: new Date(now - hour),
          nextUpdate,
        },
      ],
    });
    return stapleToPush({ certificatePath: path, issued, issuer: authority, bytes, nextUpdate });
  });
  writeFileSync(folder.at('list'), staples.map(({ certificatePath }) => `${certificatePath.toString()}\n`).join(''));
  return staples;
}

function config(port: number, socket: string, list: string): string {
  return `global
    stats socket ${socket} mode 600 level admin
    tune.ssl.default-dh-param 2048
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend tls
    bind 127.0.0.1:${port} ssl crt-list ${list}
    http-request return status 200
`;
}

function haproxyVersion(): string {
  const text = execFileSync('/usr/sbin/haproxy', ['-v'], { encoding: 'utf8' });
  return /version (\d+\.\d+\.\d+)/.exec(text)?.[1] ?? '';
}
