// @module-tag openssl
import { readFileSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { buildCrl } from '../support/crl.js';
import { privateKeyPem } from '../support/keys.js';
import { createOpensslAuthority, type OpensslAuthority } from '../support/openssl-ca.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runCommand, runOpenssl, runRestaple, startRestaple, type RunResult } from '../support/run-program.js';
import { freePort } from '../support/servers/free-port.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { fromNow, hour } from './support/fetch-scene.js';
import { startServe, type RunningServe } from './support/serve-scene.js';

/** A CA of `openssl ca` with 0a01 (good), 0a02 (revoked) and nothing else. */
let ca: OpensslAuthority;
let caFlags: readonly string[];
let indexFlags: readonly string[];
let crlFlags: readonly string[];
/** Requests that openssl made, DER. */
let plainRequest: string;
let nonceRequest: string;
/** Answers by the index, for tests that only ask. */
let server: RunningServe;
let stopServer: () => Promise<void>;

beforeAll(async () => {
  ca = createOpensslAuthority();
  ca.nextSerial('0A01');
  ca.issue('good');
  ca.issue('revoked');
  ca.revoke('revoked', '-crl_reason', 'keyCompromise');
  caFlags = ['--ca-cert', ca.at('ca.pem'), '--ca-key', ca.at('ca.key')];
  indexFlags = [...caFlags, '--index', ca.at('index.txt')];
  crlFlags = [...caFlags, '--crl', ca.makeCrl()];
  plainRequest = ca.at('plain.der');
  nonceRequest = ca.at('nonce.der');
  const about = ['ocsp', '-issuer', ca.at('ca.pem'), '-serial', '0x0a01'];
  await runOpenssl([...about, '-no_nonce', '-reqout', plainRequest]);
  await runOpenssl([...about, '-nonce', '-reqout', nonceRequest]);
  server = await startServe(indexFlags, { timeoutMilliseconds: 600_000 }, (end) => (stopServer = end));
});

afterAll(async () => {
  await stopServer();
  ca.remove();
});

/** Asks with openssl's client, which verifies the answer. */
async function askWithOpenssl(
  server: RunningServe,
  serials: readonly string[],
  more: readonly string[] = [],
): Promise<string> {
  const about = serials.flatMap((serial) => ['-serial', `0x${serial}`]);
  const trust = ['-issuer', ca.at('ca.pem'), '-CAfile', ca.at('ca.pem')];
  // The hash must stand before the serial numbers that it is for.
  const result = await runOpenssl(['ocsp', ...more, ...trust, ...about, '-url', `${server.url}/`]);
  return result.stderr + result.stdout;
}

async function statusWithOpenssl(server: RunningServe, serial: string): Promise<string | undefined> {
  return /0x\w+: (\w+)/.exec(await askWithOpenssl(server, [serial]))?.[1];
}

/** curl, silent, with the head of the answer on stdout; fails the test when it cannot be started. */
function curl(...args: readonly string[]): Promise<RunResult> {
  return runCommand('curl', ['--silent', '--show-error', '--include', '--noproxy', '*', ...args]);
}

interface CurlReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

async function curlReply(...args: readonly string[]): Promise<CurlReply> {
  const { stdoutBytes, exitCode, stderr } = await curl(...args);
  if (exitCode !== 0) throw new Error(`curl ended with ${exitCode}: ${stderr}`);
  const end = stdoutBytes.indexOf('\r\n\r\n');
  const [first = '', ...lines] = stdoutBytes.subarray(0, end).toString('latin1').split('\r\n');
  const pairs = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return {
    status: Number(first.split(' ')[1]),
    headers: Object.fromEntries(pairs) as Record<string, string>,
    body: stdoutBytes.subarray(end + 4),
  };
}

const postFlags = (file: string): string[] => [
  '--data-binary',
  `@${file}`,
  '--header',
  'Content-Type: application/ocsp-request',
];

const getUrl = (server: RunningServe, file: string): string =>
  `${server.url}/${encodeURIComponent(readFileSync(file).toString('base64'))}`;

const malformedRequest = Buffer.from('30030a0101', 'hex');
const unauthorized = Buffer.from('30030a0106', 'hex');

describe("openssl's client", () => {
  it('believes good, revoked and unknown, with its nonce', async () => {
    const text = await askWithOpenssl(server, ['0a01', '0a02', '0a03']);
    expect(text).toContain('Response verify OK');
    expect(text).toMatch(/0x0a01: good\n[^]*0x0a02: revoked\n[^]*Reason: keyCompromise\n[^]*0x0a03: unknown\n/);
    expect(text).not.toMatch(/nonce/i);
  });

  it('believes an answer without nonce, and in SHA-256', async () => {
    expect(await askWithOpenssl(server, ['0a01'], ['-no_nonce'])).toMatch(/Response verify OK\n0x0a01: good\n/);
    expect(await askWithOpenssl(server, ['0a02'], ['-sha256'])).toMatch(/Response verify OK\n0x0a02: revoked\n/);
  });

  it('believes a delegate, by name and by key, whose certificate is in the answer', async () => {
    const folder = temporaryFolder();
    const authority = createCertificateAuthority();
    const delegate = authority.issueResponder({ keyType: 'rsa-2048' });
    const caFile = folder.write('ca.pem', authority.certificate.pem);
    const flags = [
      ...['--ca-cert', caFile, '--responder-cert', folder.write('ocsp.pem', delegate.certificate.pem)],
      ...['--responder-key', folder.write('ocsp.key', delegate.keyPem, 0o600)],
      ...['--index', folder.write('index.txt', 'V\t351231235959Z\t\t0A\tunknown\t/CN=a\n')],
    ];
    for (const more of [[], ['--key-id']]) {
      const server = await startServe([...flags, ...more]);
      expect(server.stderr()).toContain('for CN=Test Root CA, signed by CN=Test OCSP Responder\n');
      const trust = ['-issuer', caFile, '-CAfile', caFile];
      const result = await runOpenssl(['ocsp', ...trust, '-serial', '0x0a', '-url', `${server.url}/`]);
      expect(result.stderr + result.stdout).toMatch(/Response verify OK[^]*0x0a: good\n/);
    }
  });

  it('is unauthorized to ask for another CA', async () => {
    const folder = temporaryFolder();
    const other = folder.write('other.pem', createCertificateAuthority().certificate.pem);
    const result = await runOpenssl(['ocsp', '-issuer', other, '-serial', '0x0a01', '-url', `${server.url}/`]);
    expect(result.stderr + result.stdout).toContain('Responder Error: unauthorized (6)');
  });
});

describe('curl', { tags: 'curl' }, () => {
  it('gets the same bytes by POST and GET, with what caches need, and 304 when it has them', async () => {
    const server = await startServe([...indexFlags, '--minutes', '60']);
    const post = await curlReply(...postFlags(plainRequest), `${server.url}/`);
    const get = await curlReply(getUrl(server, plainRequest));
    expect(post.status).toBe(200);
    expect(get.body).toEqual(post.body);
    expect(get.headers).toMatchObject({
      'content-type': 'application/ocsp-response',
      'content-length': String(post.body.length),
      'cache-control': expect.stringMatching(/^max-age=1[78]\d\d, public, no-transform, must-revalidate$/) as string,
      etag: post.headers['etag'],
      'last-modified': expect.stringMatching(/ GMT$/) as string,
    });
    const life = Date.parse(get.headers['expires'] ?? '') - Date.parse(get.headers['last-modified'] ?? '');
    expect(life).toBe(hour);

    const head = await curlReply('--head', getUrl(server, plainRequest));
    expect(head.headers['etag']).toBe(get.headers['etag']);
    expect(head.body).toHaveLength(0);
    const unchanged = await curlReply(
      '--header',
      `If-None-Match: ${get.headers['etag'] ?? ''}`,
      getUrl(server, plainRequest),
    );
    expect(unchanged.status).toBe(304);
  });

  it('may keep no answer with a nonce', async () => {
    const first = await curlReply(...postFlags(nonceRequest), `${server.url}/`);
    const second = await curlReply(...postFlags(nonceRequest), `${server.url}/`);
    expect(first.headers['cache-control']).toBe('no-store');
    expect(second.body).not.toEqual(first.body);
  });

  it('is told of garbage by OCSP, and of too much or another method by HTTP', async () => {
    const garbage = ca.write('garbage', 'no request');
    const large = ca.write('large', Buffer.alloc(70_000));
    const reply = await curlReply(...postFlags(garbage), `${server.url}/`);
    expect([reply.status, reply.body]).toEqual([200, malformedRequest]);
    expect((await curlReply(...postFlags(large), `${server.url}/`)).status).toBe(413);
    expect((await curlReply('--request', 'DELETE', `${server.url}/`)).status).toBe(405);
    expect((await curlReply(getUrl(server, plainRequest))).status).toBe(200);
  });
});

describe('python3-cryptography', { tags: ['curl', 'python3-cryptography'] }, () => {
  const script = `
import sys
from cryptography.x509 import ocsp, load_pem_x509_certificate
from cryptography.hazmat.primitives.asymmetric import ec
response = ocsp.load_der_ocsp_response(sys.stdin.buffer.read())
issuer = load_pem_x509_certificate(open(sys.argv[1], 'rb').read())
issuer.public_key().verify(response.signature, response.tbs_response_bytes, ec.ECDSA(response.signature_hash_algorithm))
for single in response.responses:
    print(hex(single.serial_number), single.certificate_status.name, single.revocation_reason.name if single.revocation_reason else '-')
print(len(list(response.extensions)), 'extension')
`;

  // Debian's own, since another python3 before it on the PATH may lack the package.
  it('reads several answers and the nonce, and verifies the signature', async () => {
    const request = ca.at('three.der');
    const about = ['-serial', '0x0a01', '-serial', '0x0a02', '-serial', '0x0a03'];
    await runOpenssl(['ocsp', '-issuer', ca.at('ca.pem'), ...about, '-nonce', '-reqout', request]);
    const { body } = await curlReply(...postFlags(request), `${server.url}/`);
    const result = await runCommand('/usr/bin/python3', ['-c', script, ca.at('ca.pem')], { input: body });
    expect(result).toMatchObject({
      stderr: '',
      stdout: '0xa01 GOOD -\n0xa02 REVOKED key_compromise\n0xa03 UNKNOWN -\n1 extension\n',
    });
  });
});

describe('restaple fetch', () => {
  it('gets a staple from restaple serve', async () => {
    const folder = temporaryFolder();
    const authority = createCertificateAuthority();
    const flags = [
      ...['--ca-cert', folder.write('ca.pem', authority.certificate.pem)],
      ...['--ca-key', folder.write('ca.key', authority.keyPem, 0o600)],
      ...['--index', folder.write('index.txt', 'V\t351231235959Z\t\t0A\tunknown\t/CN=a\n')],
    ];
    const server = await startServe(flags);
    const site = authority.issue({ serialNumber: 10n, ocspUris: [server.url] });
    const file = folder.write('certs/site.pem', site.certificate.pem + authority.certificate.pem);
    for (const [index, more] of [[], ['--nonce'], ['--method', 'get'], ['--hash', 'sha256']].entries()) {
      // A staple each: an answer from the cache may be older than one with a nonce, and would not replace it.
      const out = folder.at(`${index}.ocsp`);
      const result = await runRestaple(['fetch', '--json', '--allow-private', '--out', out, ...more, file]);
      expect(result.lines()[0], result.stderr).toMatchObject({ outcome: 'updated', verdict: 'good' });
    }
  });
});

describe('the files behind the answers', () => {
  it('are read again when the index changes; a broken one is told and changes nothing', async () => {
    const index = 'V\t351231235959Z\t\t0A01\tunknown\t/CN=a\n';
    const folder = temporaryFolder();
    const server = await startServe([...caFlags, '--index', folder.write('index.txt', index)]);
    expect(await statusWithOpenssl(server, '0a01')).toBe('good');
    const replace = (text: string): void => renameSync(folder.write('index.new', text), folder.at('index.txt'));

    replace('R\t351231235959Z\t250101000000Z\t0A01\tunknown\t/CN=a\n');
    await expect.poll(() => statusWithOpenssl(server, '0a01'), polling).toBe('revoked');
    replace('R\t351231235959Z\tnever\t0A01\tunknown\t/CN=a\n');
    await expect
      .poll(async () => {
        await statusWithOpenssl(server, '0a01');
        return server.stderr();
      }, polling)
      .toContain('index.txt line 1: ');
    expect(server.stderr()).toContain('; the statuses read earlier are still served\n');
    expect(await statusWithOpenssl(server, '0a01')).toBe('revoked');
    replace(index);
    await expect.poll(() => statusWithOpenssl(server, '0a01'), polling).toBe('good');
  });

  it('are read again when the CRL changes, and its times are the answers’', async () => {
    const folder = temporaryFolder();
    const authority = createCertificateAuthority();
    const [thisUpdate, nextUpdate] = [fromNow(-hour), fromNow(hour)];
    const crl = (serialNumbers: readonly bigint[]): string =>
      folder.write(
        'ca.crl',
        buildCrl({
          issuer: authority,
          thisUpdate,
          nextUpdate,
          entries: serialNumbers.map((serialNumber) => ({ serialNumber })),
        }).der,
      );
    const caFile = folder.write('ca.pem', authority.certificate.pem);
    const keyFile = folder.write('ca.key', authority.keyPem, 0o600);
    const server = await startServe(['--json', '--ca-cert', caFile, '--ca-key', keyFile, '--crl', crl([1n])]);
    const ask = async (): Promise<string> => {
      const result = await runOpenssl([
        ...['ocsp', '-no_nonce', '-issuer', caFile, '-CAfile', caFile, '-serial', '0x02', '-url', `${server.url}/`],
      ]);
      return result.stdout;
    };
    const answer = await ask();
    expect(answer).toContain('0x02: good\n');
    expect(Date.parse(/This Update: (.*)\n/.exec(answer)?.[1] ?? '')).toBe(toSecond(thisUpdate));
    expect(Date.parse(/Next Update: (.*)\n/.exec(answer)?.[1] ?? '')).toBe(toSecond(nextUpdate));
    crl([1n, 2n]);
    await expect.poll(ask, polling).toContain('0x02: revoked\n');
  });

  it('are a CRL that says good of all that it does not list, which is said at the start', async () => {
    const server = await startServe(crlFlags);
    expect(server.stderr()).toContain('every serial number that the CRL does not list is answered as good');
    expect(await statusWithOpenssl(server, '0a02')).toBe('revoked');
    expect(await statusWithOpenssl(server, '0aff')).toBe('good');
  });

  it('are narrowed by --issued to what the CA issued', async () => {
    const server = await startServe([...crlFlags, '--issued', ca.at('certs')]);
    expect(server.stderr()).not.toContain('does not list');
    expect(await statusWithOpenssl(server, '0a01')).toBe('good');
    expect(await statusWithOpenssl(server, '0a02')).toBe('revoked');
    expect(await statusWithOpenssl(server, '0aff')).toBe('unknown');
  });

  it('may be a stale CRL only where that is allowed', async () => {
    const folder = temporaryFolder();
    const authority = createCertificateAuthority();
    const crl = buildCrl({ issuer: authority, thisUpdate: fromNow(-2 * hour), nextUpdate: fromNow(-hour) });
    const flags = [
      ...['--ca-cert', folder.write('ca.pem', authority.certificate.pem)],
      ...['--ca-key', folder.write('ca.key', authority.keyPem, 0o600)],
      ...['--crl', folder.write('ca.crl', crl.pem)],
    ];
    await expect(startServe(flags)).rejects.toThrow(/ended with 8:\n[^]* is stale: /);
    const server = await startServe([...flags, '--allow-stale-crl']);
    expect(server.stderr()).toMatch(/warning: the CRL .* is stale/);
    const result = await runOpenssl([
      ...['ocsp', '-issuer', folder.at('ca.pem'), '-CAfile', folder.at('ca.pem'), '-serial', '0x02'],
      ...['-url', `${server.url}/`],
    ]);
    expect(result.stderr + result.stdout).toMatch(/Response verify OK[^]*0x02: good\n/);
  });
});

describe('the words of serve', { tags: 'curl' }, () => {
  it('are one JSON line a request with --json', async () => {
    const server = await startServe(['--json', ...indexFlags]);
    await curlReply(...postFlags(plainRequest), `${server.url}/`);
    await curlReply(getUrl(server, plainRequest));
    await curlReply(...postFlags(nonceRequest), `${server.url}/`);
    await curlReply('--data-binary', 'rubbish', `${server.url}/`);
    await curlReply('--request', 'PUT', `${server.url}/`);
    await expect.poll(() => server.lines().length, polling).toBe(5);
    const good = {
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      remote: '127.0.0.1',
      method: 'POST',
      status: 200,
      requests: [{ serialNumber: '0a01', status: 'good' }],
      responseStatus: 'successful',
      cached: false,
      nonce: false,
      milliseconds: expect.any(Number) as number,
    };
    const reason = expect.any(String) as string;
    expect(server.lines()).toEqual([
      good,
      { ...good, method: 'GET', cached: true },
      { ...good, nonce: true },
      {
        ...good,
        requests: [],
        responseStatus: 'malformedRequest',
        reason,
        contentType: 'application/x-www-form-urlencoded',
      },
      { ...good, method: 'PUT', status: 405, requests: [], responseStatus: null },
    ]);
  });

  it('are the start line alone without it', async () => {
    const server = await startServe(indexFlags);
    await curlReply(getUrl(server, plainRequest));
    await curlReply('--data-binary', 'rubbish', `${server.url}/`);
    const { stdout, stderr } = await server.stop();
    expect(stdout).toBe('');
    expect(stderr).toBe(`restaple: serving on ${server.url} for CN=Own CA, signed with its own key\n`);
  });

  it('are none at all with --quiet', async () => {
    const place = `127.0.0.1:${await freePort()}`;
    const program = startRestaple(['serve', '--listen', place, ...indexFlags, '--quiet'], {
      timeoutMilliseconds: 60_000,
    });
    try {
      // curl's exit code for a reply, whatever its status.
      await expect.poll(async () => (await curl(`http://${place}/`)).exitCode, polling).toBe(0);
    } finally {
      program.process.kill('SIGTERM');
    }
    expect(await program.result).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });
});

describe('the end of serve', { tags: 'curl' }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('is graceful and exit 0 after %s', async (signal) => {
    const server = await startServe(indexFlags);
    const idle = connect(server.port, '127.0.0.1');
    idle.on('error', () => undefined);
    onTestFinished(() => void idle.destroy());
    await new Promise((resolve) => idle.once('connect', resolve));
    await curlReply(getUrl(server, plainRequest));
    expect(await server.stop(signal)).toMatchObject({ exitCode: 0, signal: null, timedOut: false });
  });

  it('lets the running request have its answer', async () => {
    const server = await startServe(indexFlags);
    const request = readFileSync(plainRequest);
    const client = connect(server.port, '127.0.0.1');
    const received: Buffer[] = [];
    client.on('data', (chunk) => received.push(chunk));
    client.write(`POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${request.length}\r\n\r\n`);
    await expect.poll(() => Buffer.concat(received).toString('latin1'), polling).toContain('100 Continue');
    const ended = server.stop();
    await expect
      .poll(async () => (await curl(`${server.url}/`)).exitCode, polling)
      // curl's "failed to connect": the server takes no more connections.
      .toBe(7);
    client.write(request);
    expect(await ended).toMatchObject({ exitCode: 0 });
    expect(Buffer.concat(received).toString('latin1')).toMatch(/\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });
});

describe('serve does not start', () => {
  it('on a port that is taken', async () => {
    const { port } = server;
    const result = await runRestaple(['serve', '--json', ...indexFlags, '--listen', `127.0.0.1:${port}`]);
    expect(result.exitCode).toBe(2);
    expect(result.lines()).toEqual([
      {
        error: {
          code: 'listen-failed',
          message: `cannot listen on 127.0.0.1 port ${port}: the port is taken`,
          hint: 'stop what listens there (ss -ltnp shows it), or take another port',
        },
      },
    ]);
  });

  it.each(['8080', ':8080', '127.0.0.1', '127.0.0.1:99999', '::1:8080', '*:80', 'http://127.0.0.1:80'])(
    'on %s, which is not an address and port',
    async (listen) => {
      const result = await runRestaple(['serve', ...indexFlags, '--listen', listen]);
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
      expect(result.stderr).toContain(`--listen: "${listen}" is not an address and a port`);
    },
  );

  it.each<readonly [string, () => readonly string[], number, RegExp]>([
    ['without a source of statuses', () => caFlags, 2, /no source of statuses was named/],
    ['with two of them', () => [...indexFlags, '--crl', 'x'], 2, /--index/],
    ['without a key', () => ['--ca-cert', ca.at('ca.pem'), '--index', ca.at('index.txt')], 2, /no signer was named/],
    ['without validity', () => [...indexFlags, '--minutes', '0'], 2, /cannot be valid for --days 0 and --minutes 0/],
    [
      'with the key of another certificate',
      () => [...caFlags.slice(0, 3), ca.at('leaf.key'), '--index', ca.at('index.txt')],
      8,
      /key does not belong to the signing certificate/,
    ],
    ['with an index that is not there', () => [...caFlags, '--index', ca.at('none')], 8, /none does not exist/],
    [
      'with a broken index',
      () => [...caFlags, '--index', ca.write('broken.txt', 'V\tsoon\n')],
      8,
      /broken\.txt line 1: /,
    ],
    [
      'with the CRL of another CA',
      () => [...caFlags, '--crl', ca.write('other.crl', otherCrl())],
      8,
      /was not signed by the CA CN=Own CA/,
    ],
  ])('%s', async (_what, flags, exitCode, message) => {
    const result = await runRestaple(['serve', ...flags(), '--listen', '127.0.0.1:0'], { timeoutMilliseconds: 10_000 });
    expect(result.stderr).toMatch(message);
    expect(result).toMatchObject({ exitCode, stdout: '' });
  });

  it('with an encrypted key and the wrong passphrase, but with the right one from the environment', async () => {
    const folder = temporaryFolder();
    const authority = createCertificateAuthority();
    const flags = [
      ...['--ca-cert', folder.write('ca.pem', authority.certificate.pem)],
      ...['--ca-key', folder.write('ca.key', privateKeyPem(authority.key, { passphrase: 'secret' }), 0o600)],
      ...['--index', folder.write('index.txt', '')],
    ];
    const withPassphrase = (passphrase: string) => ({ env: { RESTAPLE_PASSPHRASE: passphrase } });
    await expect(startServe(flags, withPassphrase('wrong'))).rejects.toThrow(/ended with 8:\n[^]*passphrase/);
    await startServe(flags, withPassphrase('secret'));
  });
});

it('serve is unauthorized for another CA, in five octets', { tags: 'curl' }, async () => {
  const folder = temporaryFolder();
  const other = folder.write('other.pem', createCertificateAuthority().certificate.pem);
  await runOpenssl(['ocsp', '-issuer', other, '-serial', '0x0a01', '-no_nonce', '-reqout', folder.at('request.der')]);
  const reply = await curlReply(...postFlags(folder.at('request.der')), `${server.url}/`);
  expect([reply.status, reply.headers['cache-control'], reply.body]).toEqual([200, 'no-store', unauthorized]);
});

/** A change is seen within a second; a loaded machine needs more. */
const polling = { timeout: 20_000, interval: 300 };

function temporaryFolder(): TemporaryFolder {
  const folder = createTemporaryFolder();
  onTestFinished(() => folder.remove());
  return folder;
}

function otherCrl(): string {
  return buildCrl({
    issuer: createCertificateAuthority({ name: 'Other CA' }),
    thisUpdate: fromNow(-hour),
    nextUpdate: fromNow(hour),
  }).pem;
}

function toSecond(time: Date): number {
  return Math.floor(time.getTime() / 1000) * 1000;
}

describe('1,500 slow connections of one client', () => {
  /** Octets of a request that does not end, from this address; resolves when all are connected. */
  async function flood(server: RunningServe, count: number): Promise<void> {
    const opened: Promise<void>[] = [];
    for (let index = 0; index < count; index += 1) {
      const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.1' });
      socket.on('error', () => undefined);
      onTestFinished(() => void socket.destroy());
      socket.resume().write('POST / HTTP/1.1\r\nHost: x\r\nContent-');
      opened.push(new Promise((resolve) => socket.once('connect', () => resolve()).once('close', () => resolve())));
    }
    await Promise.all(opened);
  }

  it('shut out neither others nor the client itself', { tags: 'curl' }, async () => {
    const server = await startServe(indexFlags);
    await flood(server, 1500);
    // Far sooner than the slow ones are cut off.
    const within = ['--max-time', '5'];
    for (const address of ['127.0.0.2', '127.0.0.1']) {
      const reply = await curlReply(...within, '--interface', address, ...postFlags(plainRequest), `${server.url}/`);
      expect(reply.status).toBe(200);
    }
  });

  it.each(['10.0.0.0/33', 'proxy.example', ''])('--trusted-proxy takes no "%s"', async (block) => {
    const result = await runRestaple(['serve', ...indexFlags, '--trusted-proxy', block]);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(`--trusted-proxy: "${block}" is not an IP address or a CIDR block`);
  });
});
