import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type CurlQuery, curlCommand } from '../../../src/transport/curl-command.js';
import { chooseProxy, proxyFromFlag } from '../../../src/transport/proxy.js';
import { failureIn, startServer } from './loopback.js';

const requestDer = Uint8Array.from({ length: 256 }, (_, index) => index);

function query(changes: Partial<CurlQuery> = {}): CurlQuery {
  const url = 'http://ocsp.example.com/ca';
  return { url, method: 'post', requestDer, timeoutSeconds: 10, connectTimeoutSeconds: 3, ...changes };
}

/** Runs the command in sh with a `curl` that only records its arguments and stdin. */
async function runInShell(command: string): Promise<{ readonly words: string[]; readonly stdin: Buffer }> {
  const folder = mkdtempSync(join(tmpdir(), 'restaple-curl-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const stub = `#!/bin/sh\nprintf '%s\\0' "$@" > '${folder}/words'\ncase "$*" in *@-*) cat > '${folder}/stdin';; esac\n`;
  writeFileSync(join(folder, 'curl'), stub);
  writeFileSync(join(folder, 'stdin'), '');
  chmodSync(join(folder, 'curl'), 0o755);
  const environment = { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  await promisify(execFile)('sh', ['-c', command], { env: environment, cwd: folder });
  const words = readFileSync(join(folder, 'words'), 'utf8').split('\0').slice(0, -1);
  return { words, stdin: readFileSync(join(folder, 'stdin')) };
}

describe('the curl command', () => {
  it('is one line that sends the same POST', async () => {
    const command = curlCommand(query({ family: 4, outputFile: "it's.der" }));
    expect(command).not.toContain('\n');
    const { words, stdin } = await runInShell(command);
    expect(stdin.equals(requestDer)).toBe(true);
    expect(words).toContain('--globoff');
    expect(words).toContain('--ipv4');
    expect(words.slice(words.indexOf('--max-time'), words.indexOf('--max-time') + 2)).toEqual(['--max-time', '10']);
    expect(words[words.indexOf('--connect-timeout') + 1]).toBe('3');
    expect(words[words.indexOf('--max-redirs') + 1]).toBe('3');
    expect(words[words.indexOf('--output') + 1]).toBe("it's.der");
    expect(words).toContain('Content-Type: application/ocsp-request');
    expect(words.at(-1)).toBe('http://ocsp.example.com/ca');
  });

  it('sends the same GET', async () => {
    const { words, stdin } = await runInShell(curlCommand(query({ method: 'get' })));
    expect(stdin).toHaveLength(0);
    expect(words.at(-1)).toBe(
      `http://ocsp.example.com/ca/${encodeURIComponent(Buffer.from(requestDer).toString('base64'))}`,
    );
    expect(words).not.toContain('--data-binary');
  });

  it('leaves nothing of a hostile URL or header to the shell', async () => {
    const url = 'http://ocsp.example.com/$(touch${IFS}x)\'`id`;&|<>"[1-9]{a,b}';
    const { words } = await runInShell(curlCommand(query({ url, headers: [['X-Odd', "'; touch x; '$HOME"]] })));
    expect(words.at(-1)).toBe(new URL(url).href);
    expect(words).toContain("X-Odd: '; touch x; '$HOME");
  });

  it('follows no redirect when headers are given, since curl would take them along', () => {
    expect(curlCommand(query({ headers: [['X-Token', '1']] }))).not.toContain('--location');
    expect(curlCommand(query())).toContain('--location');
  });

  it('can send an empty header, and lets a header replace the usual one', async () => {
    const headers = [
      ['X-Empty', ''],
      ['accept', '*/*'],
    ] as const;
    const { words } = await runInShell(curlCommand(query({ headers })));
    expect(words.filter((_, index) => words[index - 1] === '--header')).toEqual([
      'Content-Type: application/ocsp-request',
      'X-Empty;',
      'accept: */*',
    ]);
  });

  it('leaves the password of a URL to be asked for', async () => {
    for (const method of ['get', 'post'] as const) {
      const command = curlCommand(query({ method, url: 'http://hu%40go:s3cret@ocsp.example.com/ca' }));
      expect(command).not.toContain('s3cret');
      const { words } = await runInShell(command);
      expect(words[words.indexOf('--user') + 1]).toBe('hu@go');
      expect(words.at(-1)).toMatch(/^http:\/\/ocsp\.example\.com\/ca/);
    }
  });

  it('has what proves who asks for a responder that the operator named only', () => {
    const headers = [
      ['Authorization', 'Bearer s3cret'],
      ['Cookie', 's3cret'],
      ['X-Other', 'kept'],
    ] as const;
    expect(curlCommand(query({ headers, origin: 'operator' }))).toMatch(/Bearer s3cret.*Cookie: s3cret.*X-Other: kept/);
    const command = curlCommand(query({ headers, origin: 'certificate' }));
    expect(command).not.toContain('s3cret');
    expect(command).toContain('X-Other: kept');
  });

  it('names the proxy without its credentials, and otherwise forbids one', async () => {
    const proxy = chooseProxy(proxyFromFlag('http://hugo:s3cret@proxy.test:3128', {}), new URL('http://a.test/'));
    const command = curlCommand(query({ proxy }));
    expect(command).not.toMatch(/hugo|s3cret|aHVnbzpzM2NyZXQ/);
    const { words } = await runInShell(command);
    expect(words[words.indexOf('--proxy') + 1]).toBe('http://proxy.test:3128');
    expect(words[words.indexOf('--noproxy') + 1]).toBe('');
    const direct = await runInShell(curlCommand(query()));
    expect(direct.words[direct.words.indexOf('--noproxy') + 1]).toBe('*');
  });

  it.each(['http://a.example/\n; touch x', 'ldap://a.example/'])('is refused for %j', (url) => {
    for (const method of ['get', 'post'] as const) {
      expect(['malformed-uri', 'unsupported-scheme']).toContain(
        failureIn(() => curlCommand(query({ url, method }))).code,
      );
    }
  });

  it('is refused for a header of two lines', () => {
    expect(failureIn(() => curlCommand(query({ headers: [['X', 'a\nb']] }))).code).toBe('usage');
  });
});

// The stub above proves the words; curl itself must also understand them.
describe('curl itself', { tags: 'curl' }, () => {
  it.each(['post', 'get'] as const)('sends what the command says: %s', async (method) => {
    const server = await startServer((_request, response, { url }) => {
      if (url === '/start') response.writeHead(302, { Location: '/end' }).end();
      else response.end('answer');
    });
    const small = Uint8Array.from([0, 255, 190]);
    const command = curlCommand(query({ url: `${server.origin}/start`, method, requestDer: small }));
    const { stdout } = await promisify(execFile)('sh', ['-c', command]);
    expect(stdout).toBe('answer');
    const last = server.seen.at(-1);
    expect(last?.headers.accept).toBe('application/ocsp-response');
    if (method === 'get') expect(last).toMatchObject({ method: 'GET', url: '/start/AP%2B%2B' });
    else expect(last).toMatchObject({ method: 'POST', url: '/end', body: '\u0000\u00ff\u00be' });
  });
});
