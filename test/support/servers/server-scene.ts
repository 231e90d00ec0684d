import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';

import { answer } from '../answer.js';
import type { CertificateOptions, IssuedCertificate } from '../certificate.js';
import { startResponder, type Responder } from '../misbehaving-responder.js';
import { buildOcspResponse, type SingleResponseOptions } from '../ocsp-response.js';
import { createCertificateAuthority, type CertificateAuthority } from '../pki.js';
import { runRestaple, type RunOptions, type RunResult } from '../run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../temporary-folder.js';
import type { Daemon } from './daemon.js';
import { dnsdistConfig, startDnsdist } from './dnsdist.js';
import { freePort } from './free-port.js';
import { haproxyConfig, startHaproxy } from './haproxy.js';

const hour = 3_600_000;
const day = 24 * hour;

/** A certificate of the scene and its files. */
export interface Site {
  readonly issued: IssuedCertificate;
  /** Certificate, issuer and key in one file, as haproxy has it. */
  readonly certificate: string;
  readonly key: string;
  readonly staple: string;
}

/** A CA whose responder answers `good`, and a folder that servers may read. */
export interface ServerScene {
  readonly folder: TemporaryFolder;
  readonly authority: CertificateAuthority;
  readonly responder: Responder;
  /** Issues a certificate that names the responder, its staple good but due. */
  issue(name: string, options?: CertificateOptions): Site;
  /** Makes the staple on disk one that the next run replaces. */
  age(site: Site): Buffer;
  /** What is on disk. */
  staple(site: Site): Buffer;
  clear(): Promise<void>;
}

export async function createServerScene(): Promise<ServerScene> {
  const folder = createTemporaryFolder();
  // A server that gives up root has to get here.
  chmodSync(folder.path, 0o755);
  const authority = createCertificateAuthority({ name: 'Server Scene CA' });
  const responder = await startResponder();
  // Each answer differs from the one before: a second between their times.
  let answers = 0;
  responder.behaviour = (exchange) => {
    answers += 1;
    return answer(authority, 'good', { thisUpdateOffset: -hour + answers * 1000 })(exchange);
  };
  let aged = 0;
  const scene: ServerScene = {
    folder,
    authority,
    responder,
    issue(name, options = {}) {
      const issued = authority.issue({
        commonName: `${name}.example`,
        subjectAltNames: [`${name}.example`],
        ocspUris: [responder.url],
        ...options,
      });
      const { pem } = issued.certificate;
      const certificate = folder.write(`${name}.pem`, pem + authority.certificate.pem + issued.keyPem);
      const key = folder.write(`${name}.key`, issued.keyPem);
      const site = { issued, certificate, key, staple: `${certificate}.ocsp` };
      scene.age(site);
      return site;
    },
    age(site) {
      aged += 1;
      const bytes = responseFor(scene, site, {
        thisUpdate: fromNow(-4 * day + aged * 1000),
        nextUpdate: fromNow(3 * day),
      });
      writeFileSync(site.staple, bytes);
      return bytes;
    },
    staple: (site) => readFileSync(site.staple),
    async clear() {
      await responder.close();
      folder.remove();
    },
  };
  return scene;
}

/** A response about a site by the scene's authority, good unless the options say otherwise. */
export function responseFor(
  { authority }: Pick<ServerScene, 'authority'>,
  { issued }: Pick<Site, 'issued'>,
  options: Partial<SingleResponseOptions> = {},
): Buffer {
  const thisUpdate = fromNow(-2 * hour);
  return buildOcspResponse({
    signer: authority,
    producedAt: thisUpdate,
    responses: [
      {
        certId: { issuer: authority, serialNumber: issued.serialNumber },
        thisUpdate,
        nextUpdate: fromNow(6 * day),
        ...options,
      },
    ],
  });
}

/** A good response about a site, of exactly so many octets. */
export function responseOfSize(
  { authority }: Pick<ServerScene, 'authority'>,
  { issued }: Pick<Site, 'issued'>,
  octets: number,
): Buffer {
  const thisUpdate = fromNow(-2 * hour);
  for (let padding = octets - 600; ;) {
    const bytes = buildOcspResponse({
      signer: authority,
      producedAt: thisUpdate,
      extensions: [{ oid: '1.3.6.1.4.1.99999.1', value: Buffer.alloc(padding) }],
      responses: [
        {
          certId: { issuer: authority, serialNumber: issued.serialNumber },
          thisUpdate,
          nextUpdate: fromNow(100 * hour),
        },
      ],
    });
    if (bytes.length === octets) return bytes;
    // Signatures differ in length by an octet or two.
    padding += octets - bytes.length;
  }
}

/** A time of whole seconds, so many milliseconds from now. */
export function fromNow(milliseconds: number): Date {
  return new Date(Math.floor((Date.now() + milliseconds) / 1000) * 1000);
}

/** A server of the scene and how restaple reaches it. */
export interface TargetServer extends Daemon {
  /** The word of --reload. */
  readonly target: string;
  readonly port: number;
  /** 127.0.0.1:PORT, for --confirm. */
  readonly place: string;
}

export async function startSceneHaproxy(
  { folder }: ServerScene,
  certificate: string,
  socketName = 'admin.sock',
): Promise<TargetServer> {
  const port = await freePort();
  const adminSocket = folder.at(socketName);
  const config = haproxyConfig({ port, certificate, adminSocket });
  const daemon = await startHaproxy({ config, folder: folder.path, ports: [port] });
  return { ...daemon, target: `haproxy:${adminSocket}`, port, place: `127.0.0.1:${port}` };
}

export interface DnsdistServer extends TargetServer {
  readonly key: string;
  readonly keyFile: string;
}

export async function startSceneDnsdist({ folder }: ServerScene, site: Site): Promise<DnsdistServer> {
  const key = randomBytes(32).toString('base64');
  const [port, plain, console] = [await freePort(), await freePort(), await freePort()];
  const { certificate, key: keyPath, staple } = site;
  const config = dnsdistConfig({
    port: plain,
    tls: { port, certificate, key: keyPath, staple },
    console: { port: console, key },
  });
  const daemon = await startDnsdist({ config, folder: folder.path, ports: [console, port] });
  const keyFile = folder.write('console.key', `${key}\n`, 0o600);
  return { ...daemon, target: `dnsdist:127.0.0.1:${console}`, port, place: `127.0.0.1:${port}`, key, keyFile };
}

/** What the JSON says of one target. */
export interface TargetRecord {
  readonly target: string;
  readonly ok: boolean;
  readonly certificates: readonly {
    readonly certificate: string;
    readonly ok: boolean;
    readonly code?: string;
    readonly message?: string;
    readonly hint?: string;
  }[];
  readonly milliseconds: number;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

export interface FetchReload extends RunResult {
  /** The outcomes in alphabetical order: they come as they settle. */
  readonly outcomes: readonly string[];
  readonly reload: readonly TargetRecord[];
}

/** `restaple fetch --json` on loopback, and what its summary says of the targets. */
export async function fetchAndReload(words: readonly string[], options: RunOptions = {}): Promise<FetchReload> {
  const result = await runRestaple(['fetch', '--json', '--allow-private', '--retries', '0', ...words], options);
  const lines = result.lines();
  const summary = lines.at(-1)?.['summary'] as { readonly reload: readonly TargetRecord[] } | undefined;
  if (summary === undefined) throw new Error(`no summary in:\n${result.stdout}\nstderr:\n${result.stderr}`);
  const outcomes = lines
    .slice(0, -1)
    .map(({ outcome }) => String(outcome))
    .sort();
  return { ...result, outcomes, reload: summary.reload };
}

/** A command that appends what it gets on stdin to a file, and its environment to another. */
export function recordingCommand({ folder }: Pick<ServerScene, 'folder'>, name = 'told'): Recorder {
  const script = folder.write(
    `${name}.sh`,
    `#!/bin/sh\necho run >> ${folder.at(`${name}.runs`)}\ncat >> ${folder.at(`${name}.lines`)}\nenv > ${folder.at(`${name}.env`)}\n`,
    0o755,
  );
  const read = (ending: string): string => {
    try {
      return readFileSync(folder.at(`${name}.${ending}`), 'utf8');
    } catch {
      return '';
    }
  };
  return {
    target: `exec:${script}`,
    runs: () => read('runs').split('\n').filter(Boolean).length,
    lines: () =>
      read('lines')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, string>),
    environment: () => read('env'),
  };
}

export interface Recorder {
  readonly target: string;
  readonly runs: () => number;
  /** Of all runs together. */
  readonly lines: () => Record<string, string>[];
  readonly environment: () => string;
}
