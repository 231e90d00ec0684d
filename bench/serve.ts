import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createCertIdForSerialNumber, createRequest, decodeCertificate } from '../src/core/index.js';
import { createCertificateAuthority, type CertificateAuthority } from '../test/support/pki.js';
import { createTemporaryFolder, type TemporaryFolder } from '../test/support/temporary-folder.js';
import type { Row } from './table.js';

const run = promisify(execFile);
const program = fileURLToPath(new URL('../bin/run.js', import.meta.url));

const minimumSignedPerSecond = 2000;
const minimumCachedPerSecond = 8000;
const maximumTailMilliseconds = 20;
const seconds = 5;
const connections = 32;

/** `restaple serve` with an ECDSA P-256 key and wrk on the same machine. */
export async function benchServe(): Promise<Row[]> {
  if (!(await hasWrk())) return [missingRow()];
  const folder = createTemporaryFolder();
  const server = await startServer(folder);
  try {
    return await measure(server, folder);
  } finally {
    server.process.kill('SIGTERM');
    await once(server.process, 'exit');
    folder.remove();
  }
}

interface Server {
  readonly process: ChildProcess;
  readonly url: string;
  readonly authority: CertificateAuthority;
}

async function measure(server: Server, folder: TemporaryFolder): Promise<Row[]> {
  const load = (nonce: boolean, perSecond?: number): Promise<Figures> =>
    loadWith(folder, server, bodyOf(server.authority, nonce), perSecond);
  // The first seconds go to the compiler of the machine code.
  await load(true);
  await load(false);
  const memoryBefore = residentMebibytes(server.process);
  const signed = await load(true);
  const cached = await load(false);
  const memoryAfter = residentMebibytes(server.process);
  const halfSigned = await load(true, minimumSignedPerSecond / 2);
  const halfCached = await load(false, minimumCachedPerSecond / 2);
  return [
    rateRow('serve: fresh signatures a second, ECDSA P-256, with nonce', signed, minimumSignedPerSecond),
    rateRow('serve: answers a second from its cache', cached, minimumCachedPerSecond),
    tailRow('serve: p99 of fresh signatures', halfSigned),
    tailRow('serve: p99 of answers from the cache', halfCached),
    {
      what: `serve: memory before and after ${2 * seconds} s of full load`,
      measured: `${memoryBefore} MiB, ${memoryAfter} MiB`,
      bound: '—',
      isMet: true,
    },
  ];
}

function rateRow(what: string, { perSecond, failed }: Figures, minimum: number): Row {
  return { what, measured: perSecond.toFixed(0), bound: String(minimum), isMet: perSecond >= minimum && failed === 0 };
}

function tailRow(what: string, { perSecond, tailMilliseconds, failed }: Figures): Row {
  return {
    what: `${what} at ${perSecond.toFixed(0)} requests a second, ms`,
    measured: tailMilliseconds.toFixed(1),
    bound: `< ${maximumTailMilliseconds}`,
    isMet: tailMilliseconds < maximumTailMilliseconds && failed === 0,
  };
}

interface Figures {
  readonly perSecond: number;
  readonly tailMilliseconds: number;
  /** Answers that are not 200, and connections that broke. */
  readonly failed: number;
}

/** wrk says what it found in text for people; this says it in JSON. */
const script = `
local file = io.open(os.getenv("BENCH_BODY"), "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/ocsp-request"
file:close()
local pause = tonumber(os.getenv("BENCH_PAUSE"))
if pause > 0 then
  function delay() return pause end
end
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.stderr:write(string.format('{"requests":%d,"microseconds":%d,"p99":%d,"failed":%d}',
    summary.requests, summary.duration, latency:percentile(99), failed))
end
`;

async function loadWith(
  folder: TemporaryFolder,
  { url }: Server,
  body: Uint8Array,
  perSecond?: number,
): Promise<Figures> {
  // Each connection pauses before a request, so that they make about this rate together.
  const pause = perSecond === undefined ? 0 : Math.max(1, Math.round((connections * 1000) / perSecond) - 1);
  const { stderr } = await run(
    'wrk',
    ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', folder.write('load.lua', script), url],
    { env: { ...process.env, BENCH_BODY: folder.write('body.der', body), BENCH_PAUSE: String(pause) } },
  );
  const found = JSON.parse(stderr) as { requests: number; microseconds: number; p99: number; failed: number };
  return {
    perSecond: (found.requests * 1_000_000) / found.microseconds,
    tailMilliseconds: found.p99 / 1000,
    failed: found.failed,
  };
}

function bodyOf({ certificate }: CertificateAuthority, nonce: boolean): Uint8Array {
  const certIds = [createCertIdForSerialNumber('0a', decodeCertificate(certificate.der), 'sha1')];
  return createRequest(nonce ? { certIds, nonce: randomBytes(32) } : { certIds });
}

async function startServer(folder: TemporaryFolder): Promise<Server> {
  const authority = createCertificateAuthority({ name: 'Bench CA', keyType: 'ec-p256' });
  const flags = [
    ...['--ca-cert', folder.write('ca.pem', authority.certificate.pem)],
    ...['--ca-key', folder.write('ca.key', authority.keyPem, 0o600)],
    ...['--index', folder.write('index.txt', 'V\t351231235959Z\t\t0A\tunknown\t/CN=a\n')],
  ];
  const child = spawn(process.execPath, [program, 'serve', '--listen', '127.0.0.1:0', ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let talk = '';
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    talk += String(chunk);
    const url = /serving on (http:\S+)/.exec(talk)?.[1];
    if (url !== undefined) return { process: child, url, authority };
  }
  throw new Error(`restaple serve did not start: ${talk}`);
}

function residentMebibytes({ pid }: ChildProcess): string {
  try {
    const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'latin1'))?.[1];
    return kibibytes === undefined ? '?' : (Number(kibibytes) / 1024).toFixed(0);
  } catch {
    return '?';
  }
}

async function hasWrk(): Promise<boolean> {
  try {
    // It prints its version and ends with 1.
    await run('wrk', ['--version']).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    });
    return true;
  } catch {
    return false;
  }
}

function missingRow(): Row {
  return {
    what: 'serve: answers a second',
    measured: 'not measured: wrk is not installed (apt-get install wrk)',
    bound: '—',
    isMet: false,
  };
}
