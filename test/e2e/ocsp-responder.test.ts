// @module-tag openssl
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createComparisonScene, observed, type ComparisonScene } from '../support/ocsp-comparison.js';
import { programPath, runCommand, runRestaple, withoutRoots } from '../support/run-program.js';
import { freePort } from '../support/servers/free-port.js';

let scene: ComparisonScene;

beforeAll(async () => {
  scene = await createComparisonScene();
}, 240_000);

afterAll(() => scene.close());

const openssl = ['openssl', 'ocsp'];
const own = [process.execPath, programPath, 'ocsp'];
const index = ['-index', 'index.txt', '-CA', 'ca.pem'];
const byCa = [...index, '-rsigner', 'ca.pem', '-rkey', 'ca.key'];

interface Running {
  readonly url: string;
  /** When it has ended by itself. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }>;
  readonly stop: () => void;
}

/** Starts a responder and waits until it takes connections. */
async function serve(program: readonly string[], words: readonly string[], address = ''): Promise<Running> {
  const port = await freePort();
  const [command = '', ...first] = program;
  const child = spawn(command, [...first, '-port', `${address}${port}`, ...words], { cwd: scene.folder.path });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const ended = new Promise<Awaited<Running['ended']>>((resolve) =>
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr })),
  );
  await new Promise<void>((resolve) => {
    child.on('close', () => resolve());
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (stderr.includes('waiting for OCSP client connections')) resolve();
    });
  });
  return { url: `http://127.0.0.1:${port}`, ended, stop: () => void child.kill('SIGTERM') };
}

async function post(url: string, body: Uint8Array): Promise<Buffer> {
  // Whoever takes one request after the other must not wait for the end of a connection that is kept.
  const headers = { 'content-type': 'application/ocsp-request', connection: 'close' };
  const response = await fetch(url, { method: 'POST', headers, body: Buffer.from(body) });
  return Buffer.from(await response.arrayBuffer());
}

async function requestFor(...words: readonly string[]): Promise<Buffer> {
  await runCommand('openssl', ['ocsp', '-no_nonce', '-issuer', 'ca.pem', ...words, '-reqout', 'asked'], {
    cwd: scene.folder.path,
    env: withoutRoots,
  });
  return readFileSync(scene.folder.at('asked'));
}

describe('restaple ocsp -port', () => {
  it('tells of requests and answers as openssl does, and ends by itself after -nrequest', async () => {
    const requests = [
      await requestFor('-cert', 'good.pem'),
      await requestFor('-cert', 'revoked.pem', '-sha256', '-serial', '99'),
      // Whole, so that openssl does not wait for more.
      Buffer.from('3003020101', 'hex'),
      await requestFor('-cert', 'hold.pem'),
    ];
    const results = [];
    for (const program of [openssl, own]) {
      const words = [...byCa, '-text', '-ndays', '3', '-ignore_err', '-nrequest', String(requests.length)];
      const { url, ended } = await serve(program, words);
      for (const request of requests) await post(url, request);
      const { exitCode, stdout, stderr } = await ended;
      results.push(observed(exitCode, stdout, stderr));
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('goes on after a malformed request, and ends by a signal', async () => {
    const { url, ended, stop } = await serve(own, byCa);
    expect((await post(url, Buffer.from('abc'))).toString('hex')).toBe('30030a0101');
    expect((await post(url, await requestFor('-cert', 'good.pem'))).length).toBeGreaterThan(200);
    stop();
    const { exitCode, stdout } = await ended;
    expect(exitCode).toBeNull();
    expect(stdout).toMatch(/^ACCEPT \[::\]:\d+ PID=\d+\nResponder Error: malformedrequest \(1\)\n$/);
  });

  it('listens on one address alone where -port names it', async () => {
    const { url, ended } = await serve(own, [...byCa, '-nrequest', '1'], '127.0.0.1:');
    await post(url, await requestFor('-cert', 'good.pem'));
    const { exitCode, stdout } = await ended;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ACCEPT 127\.0\.0\.1:\d+ PID=\d+\n$/);
  });

  it('answers by a changed index for the next client', async () => {
    const rows = readFileSync(scene.folder.at('index.txt'), 'utf8');
    const ours = scene.folder.write('changing.txt', rows);
    const words = ['-index', ours, '-CA', 'ca.pem', '-rsigner', 'ca.pem', '-rkey', 'ca.key', '-resp_text'];
    const { url, ended, stop } = await serve(own, words);
    const request = await requestFor('-cert', 'good.pem');
    await post(url, request);
    scene.folder.write('changing.txt', rows.replace(/^V(\t\w+)\t\t1001/m, 'R$1\t250601000000Z\t1001'));
    await expect
      .poll(async () => {
        scene.folder.write('answer', await post(url, request));
        const words = ['ocsp', '-respin', 'answer', '-resp_text', '-noverify'];
        return (await runCommand('openssl', words, { cwd: scene.folder.path, env: withoutRoots })).stdout;
      })
      .toContain('Cert Status: revoked');
    stop();
    await ended;
  });

  it('says which port is taken, and ends with 1', async () => {
    const first = await serve(own, byCa, '127.0.0.1:');
    const address = first.url.replace('http://', '');
    const second = await runRestaple(['ocsp', '-port', address, ...byCa], { cwd: scene.folder.path });
    first.stop();
    await first.ended;
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain('the port is taken');
  });
});

describe('openssl believes what restaple ocsp signs', () => {
  it.each([
    [['-rsigner', 'ca.pem', '-rkey', 'ca.key']],
    [['-rsigner', 'delegate.pem', '-rkey', 'delegate.key', '-resp_key_id']],
    [['-rsigner', 'ca.pem', '-rkey', 'ca.key', '-rmd', 'sha512']],
    [['-rsigner', 'ca.pem', '-rkey', 'ca.key', '-rsigopt', 'rsa_padding_mode:pss']],
    [['-rsigner', 'ca.pem', '-rkey', 'ca.key', '-rsigopt', 'rsa_padding_mode:pss', '-rsigopt', 'rsa_pss_saltlen:20']],
    [['-rsigner', 'ca.pem', '-rkey', 'ca.key', '-rcid', 'sha256']],
  ])('with %s', async (words) => {
    const { path: cwd } = scene.folder;
    const asked = ['-issuer', 'ca.pem', '-cert', 'good.pem'];
    const signed = await runRestaple(['ocsp', ...index, ...words, ...asked, '-respout', 'signed'], { cwd });
    expect(signed.exitCode).toBe(0);
    const judged = await runCommand('openssl', ['ocsp', '-respin', 'signed', '-CAfile', 'ca.pem'], { cwd });
    expect(judged.stderr).toContain('Response verify OK');
  });

  it('but not where -badsig spoils it', async () => {
    const { path: cwd } = scene.folder;
    const words = ['-badsig', '-resp_no_certs', '-issuer', 'ca.pem', '-cert', 'good.pem', '-respout', 'signed'];
    await runRestaple(['ocsp', ...byCa, ...words], { cwd });
    const words2 = ['ocsp', '-respin', 'signed', '-CAfile', 'ca.pem', '-verify_other', 'ca.pem'];
    expect((await runCommand('openssl', words2, { cwd })).stderr).toContain('Response Verify Failure');
  });
});
