// Most tests run the program in processes that are used again. Here every command and every exit code also gets a process
// of its own, as users start it, and both have to say and write the same.
import { lstatSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { answerTo } from '../support/answer.js';
import { fixed, httpStatus, silent } from '../support/behaviours.js';
import type { CertificateOptions, IssuedCertificate } from '../support/certificate.js';
import { startResponder, type Responder } from '../support/misbehaving-responder.js';
import type { CertificateStatus } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';
import { requestFor } from '../support/request-for.js';
import { pool, runRestaple, startRestaple, type RunOptions } from '../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const day = 86_400_000;
// RSA signs the same bytes twice alike.
const authority = createCertificateAuthority({ name: 'Reuse CA', keyType: 'rsa-2048' });
const revokedAt = new Date('2026-01-01T00:00:00Z');

let responder: Responder;
const pki: Record<string, { readonly site: IssuedCertificate; readonly staple: Buffer }> = {};

function add(name: string, status: CertificateStatus, options: CertificateOptions, age = 0, corruptSignature = false) {
  const site = authority.issue({ commonName: `${name}.example`, ocspUris: [`${responder.url}/${name}`], ...options });
  const staple = answerTo(requestFor(authority, site), authority, status, {
    thisUpdateOffset: -age * day - 3_600_000,
    nextUpdateOffset: (7 - age) * day,
    response: { corruptSignature },
  });
  pki[name] = { site, staple };
  responder.routes.set(`/${name}`, fixed(staple));
}

beforeAll(async () => {
  responder = await startResponder();
  add('good', 'good', {});
  add('revoked', { revokedAt, reason: 'keyCompromise' }, {});
  add('unknown', 'unknown', {});
  add('forged', 'good', {}, 0, true);
  add('expired', 'good', {}, 9);
  add('down', 'good', {}, 5);
  add('ending', 'good', {}, 6.5);
  add('stuck', 'good', {});
  add('silent', 'good', {});
  add('no-responder', 'good', { ocspUris: [], mustStaple: true });
  responder.routes.set('/down', httpStatus(404));
  responder.routes.set('/silent', silent());
});

afterAll(async () => await responder.close());

/** Every certificate with a staple of its status beside it in one folder, and without in another. */
function arrange(folder: TemporaryFolder): void {
  for (const [name, { site, staple }] of Object.entries(pki)) {
    const bundle = site.certificate.pem + authority.certificate.pem;
    folder.write(`bare/${name}.pem`, bundle);
    folder.write(`stapled/${name}.pem`, bundle);
    folder.write(`stapled/${name}.pem.ocsp`, staple);
  }
  mkdirSync(folder.at('bare', 'stuck.pem.ocsp'));
  folder.write('empty.pem', '');
  folder.write('ca.pem', authority.certificate.pem);
  folder.write('ca.key', authority.keyPem, 0o600);
  folder.write('good.yaml', 'defaults:\n  retries: 2\ncertificates:\n  - path: bare/good.pem\n');
  folder.write('bad.yaml', 'defaults:\n  retires: 2\n');
}

interface Line {
  readonly words: readonly string[];
  readonly exitCode: number;
  readonly options?: RunOptions;
  readonly tags?: string;
  /** Holds the lock meanwhile. */
  readonly isLocked?: boolean;
}

const fetching = ['fetch', '--allow-private', '--retries', '0', '--timeout', '5s'];
const querying = ['query', ...fetching.slice(1)];
const signing = ['generate', '--at', '2026-03-02T12:00:00Z', '--ca-cert', 'ca.pem', '--ca-key', 'ca.key'];

const lines: readonly Line[] = [
  { words: ['--help'], exitCode: 0 },
  { words: ['--version'], exitCode: 0 },
  { words: [], exitCode: 0 },
  { words: ['verify', '--help'], exitCode: 0 },
  { words: ['no-such-command'], exitCode: 2 },
  { words: ['uri', '--no-such-flag'], exitCode: 2 },
  { words: ['--json', 'no-such-command'], exitCode: 2 },
  { words: ['uri', 'bare/good.pem', 'bare/down.pem'], exitCode: 0 },
  { words: ['uri', '-'], exitCode: 0, options: { input: 'bare/good.pem\nbare/revoked.pem\n' } },
  { words: ['uri', '-0', '-'], exitCode: 0, options: { input: 'bare/good.pem\0' } },
  { words: ['uri', '--json', 'empty.pem'], exitCode: 8 },
  { words: ['uri', 'bare/no-responder.pem'], exitCode: 11 },
  { words: ['inspect', 'stapled/good.pem.ocsp'], exitCode: 0 },
  { words: ['inspect', '--json', 'stapled/good.pem', 'stapled/revoked.pem.ocsp'], exitCode: 0 },
  { words: ['inspect', 'empty.pem'], exitCode: 8 },
  { words: ['verify', 'stapled/good.pem'], exitCode: 0 },
  { words: ['verify', '--verbose', 'stapled/good.pem'], exitCode: 0 },
  { words: ['verify', 'stapled/revoked.pem'], exitCode: 3 },
  { words: ['verify', '--json', 'stapled/unknown.pem'], exitCode: 4 },
  { words: ['verify', 'stapled/forged.pem'], exitCode: 5 },
  { words: ['verify', 'stapled/expired.pem'], exitCode: 6 },
  { words: ['verify', '--json', 'stapled'], exitCode: 3 },
  { words: ['verify', '--nagios', 'stapled/ending.pem'], exitCode: 1 },
  { words: ['verify', '--nagios', 'stapled/expired.pem'], exitCode: 2 },
  { words: [...querying, 'bare/good.pem'], exitCode: 0 },
  { words: [...querying, '--json', 'bare/revoked.pem'], exitCode: 3 },
  { words: [...querying, '--json', '--all', 'bare/unknown.pem'], exitCode: 4 },
  { words: [...querying, 'bare/forged.pem'], exitCode: 5 },
  { words: [...querying, '--out', 'kept.der', 'bare/expired.pem'], exitCode: 6 },
  { words: [...querying, 'bare/down.pem'], exitCode: 7 },
  { words: [...querying, '--nagios', 'bare/good.pem'], exitCode: 0 },
  { words: ['config', 'check', '--config', 'good.yaml'], exitCode: 0 },
  { words: ['config', 'check', '--json', '--config', 'bad.yaml'], exitCode: 2 },
  { words: ['config', 'check'], exitCode: 2, options: { env: { RESTAPLE_CONFIG: 'bad.yaml' } } },
  { words: [...signing, '--status', 'good', 'bare/good.pem'], exitCode: 0 },
  { words: [...signing, '--json', '--status', 'good', 'bare/stuck.pem'], exitCode: 9 },
  { words: [...fetching, 'bare/good.pem'], exitCode: 0 },
  { words: [...fetching, '--config', 'good.yaml'], exitCode: 0, tags: 'flock' },
  { words: [...fetching, '--dry-run', '--verbose', 'bare/good.pem'], exitCode: 0 },
  { words: [...fetching, 'stapled/good.pem'], exitCode: 0 },
  { words: [...fetching, 'bare/good.pem'], exitCode: 0, options: { env: { RESTAPLE_JSON: 'true' } } },
  { words: [...fetching, 'bare/revoked.pem'], exitCode: 3 },
  { words: [...fetching, 'bare/unknown.pem'], exitCode: 4 },
  { words: [...fetching, '--json', 'bare/forged.pem'], exitCode: 5 },
  { words: [...fetching, 'bare/expired.pem'], exitCode: 6 },
  { words: [...fetching, 'bare/down.pem'], exitCode: 7 },
  { words: ['fetch', '--retries', '0', 'bare/good.pem'], exitCode: 7 },
  { words: [...fetching, 'bare/down.pem'], exitCode: 7, options: { env: { http_proxy: 'http://127.0.0.1:1' } } },
  { words: [...fetching, '--force', '--strict', 'stapled/down.pem'], exitCode: 7 },
  { words: [...fetching, 'empty.pem'], exitCode: 8 },
  { words: [...fetching, 'bare/stuck.pem'], exitCode: 9 },
  { words: [...fetching, '--on-updated', 'false', 'bare/good.pem'], exitCode: 10 },
  { words: [...fetching, 'bare/no-responder.pem'], exitCode: 11 },
  {
    words: [...fetching, '--lock', 'lock', '--lock-wait', '0s', 'bare/good.pem'],
    exitCode: 12,
    isLocked: true,
    tags: 'flock',
  },
  { words: ['reload', 'haproxy:/none.sock', 'stapled/good.pem'], exitCode: 10 },
  { words: ['reload', 'nobody:/none.sock', 'stapled/good.pem'], exitCode: 2 },
  { words: ['serve', '--listen', '127.0.0.1:0'], exitCode: 2 },
];

/** Runs a line in a folder of its own: all that it said and wrote, without what differs from run to run. */
async function run(start: typeof runRestaple, { words, options, isLocked }: Line) {
  const folder = createTemporaryFolder();
  try {
    arrange(folder);
    const release = isLocked === true ? await holdLock(folder) : undefined;
    const { exitCode, signal, stdout, stderr, timedOut } = await start(words, { cwd: folder.path, ...options });
    await release?.();
    const steady = (text: string): string =>
      text
        .replaceAll(folder.path, 'FOLDER')
        .replace(/\/tmp\/restaple-home-\w+/g, 'HOME')
        .replace(/(?<="milliseconds":)\d+|\b\d+(?= ms\b)|(?<=\bprocess |ps -fp )\d+|(?<==)-?\d+(?=s;)/g, '…')
        .replace(/(?<="nextRefresh":")[^"]+|\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '…');
    return {
      ...{ exitCode, signal, timedOut, stdout: steady(stdout), stderr: steady(stderr) },
      files: filesIn(folder.path),
    };
  } finally {
    folder.remove();
  }
}

function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const status = lstatSync(join(folder, name));
      const contents = status.isFile() && name !== 'lock' ? readFileSync(join(folder, name)).toString('base64') : '';
      return [name, `${status.mode.toString(8)} ${status.uid} ${contents}`];
    }),
  );
}

async function holdLock(folder: TemporaryFolder): Promise<() => Promise<void>> {
  const asked = responder.requests.length;
  const words = ['fetch', '--allow-private', '--timeout', '60s', '--lock', 'lock', 'bare/silent.pem'];
  const holder = startRestaple(words, { cwd: folder.path, timeoutMilliseconds: 60_000 });
  await expect.poll(() => responder.requests.length).toBeGreaterThan(asked);
  return async () => {
    holder.process.kill('SIGKILL');
    await holder.result;
  };
}

describe('a process that is used again', () => {
  for (const line of lines) {
    const { words, options, exitCode, tags } = line;
    const variables = Object.entries(options?.env ?? {}).map(([name, value]) => `${name}=${value ?? ''} `);
    const title = `${variables.join('')}restaple ${words.join(' ')}`.replaceAll('\0', '');
    it(`says and writes what one of its own does: ${title}`, { tags: tags ?? [] }, async () => {
      const own = await run((args, more) => startRestaple(args, more).result, line);
      expect(own).toMatchObject({ exitCode, signal: null, timedOut: false });
      // Twice: the second follows a run of the same, the first one of another.
      for (let turn = 0; turn < 2; turn += 1) expect(await run(runRestaple, line)).toEqual(own);
    });
  }

  it('is used again after each command', async () => {
    const usual = ['verify', 'fetch', 'generate', 'config'];
    for (const name of usual) {
      const line = lines.find(({ words, exitCode, tags }) => words[0] === name && exitCode === 0 && tags === undefined);
      await run(runRestaple, line!);
      const before = pool.startCount();
      await run(runRestaple, line!);
      expect([name, pool.startCount()]).toEqual([name, before]);
    }
  });

  it('writes with the umask of who asks', async () => {
    const [line] = lines.filter(({ words }) => words.includes('--dry-run'));
    const before = process.umask(0o077);
    try {
      const words = [...line!.words, '--request-out', 'out.req'];
      const own = await run((args, more) => startRestaple(args, more).result, { ...line!, words });
      expect(await run(runRestaple, { ...line!, words })).toEqual(own);
    } finally {
      process.umask(before);
    }
  });
});
