import { describe, expect, it } from 'vitest';

import { runCommand, withoutSecrets, type CommandOptions } from '../../../src/system/run-command.js';

const env = { PATH: '/usr/bin:/bin' };
const never = new AbortController().signal;

function shell(script: string, options: Partial<CommandOptions> = {}): ReturnType<typeof runCommand> {
  return runCommand(['/bin/sh', '-c', script], { env, timeoutMilliseconds: 20_000, signal: never, ...options });
}

describe('a command', () => {
  it('is given its words as they are, without a shell', async () => {
    const script = 'require("fs").writeSync(2, JSON.stringify(process.argv.slice(1)))';
    const words = ['$HOME', '*', 'a b', "'", '; exit 3'];
    const result = await runCommand([process.execPath, '-e', script, ...words], {
      env,
      timeoutMilliseconds: 20_000,
      signal: never,
    });
    expect(result.exitCode).toBe(0);
    expect(JSON.parse(result.stderr)).toEqual(words);
  });

  it('reads its stdin to the end', async () => {
    const result = await shell('cat >&2', { stdin: 'one\ntwo\n' });
    expect(result).toMatchObject({ exitCode: 0, stderr: 'one\ntwo\n' });
  });

  it('may leave a large stdin unread', async () => {
    const result = await shell('exec 0<&-; exit 0', { stdin: Buffer.alloc(4 * 1024 * 1024, 'x') });
    expect(result).toMatchObject({ exitCode: 0, signal: undefined, timedOut: false, startError: undefined });
  });

  it('may talk more than is kept', async () => {
    const result = await shell('head -c 1000000 /dev/zero | tr "\\0" e >&2; head -c 1000000 /dev/zero; exit 7');
    expect(result.exitCode).toBe(7);
    expect(result.stderr).toBe('e'.repeat(8192));
  });

  it('sees nothing but the environment it is given, and no secret of ours', async () => {
    const environment = { PATH: env.PATH, KEPT: 'yes', RESTAPLE_DNSDIST_KEY: 'k3y', RESTAPLE_PASSPHRASE: 'w0rd' };
    const result = await shell('env >&2', { env: withoutSecrets(environment) });
    expect(result.stderr).toContain('KEPT=yes');
    expect(result.stderr).not.toMatch(/RESTAPLE_|k3y|w0rd|VITEST/);
    expect(environment.RESTAPLE_PASSPHRASE).toBe('w0rd');
  });

  it('sees no credentials in the URLs of proxies and responders', () => {
    const environment = {
      RESTAPLE_PROXY: 'http://hugo:s3cret@proxy.example:3128',
      RESTAPLE_URL: 'https://hugo:s3%20cret@ocsp.example/ca?x',
      HTTP_PROXY: 'hugo:s3cret@proxy.example:3128',
      https_proxy: 'http://hugo:s3/cret@proxy.example',
      ALL_PROXY: 'socks5://hugo:s@3cret@proxy.example',
      http_proxy: 'http://proxy.example:3128',
      NO_PROXY: 'a@b',
      HOME: '/home/hugo@example',
    };
    expect(withoutSecrets(environment)).toMatchObject({
      RESTAPLE_PROXY: 'http://proxy.example:3128',
      RESTAPLE_URL: 'https://ocsp.example/ca?x',
      HTTP_PROXY: 'proxy.example:3128',
      https_proxy: undefined,
      ALL_PROXY: 'socks5://proxy.example',
      http_proxy: 'http://proxy.example:3128',
      NO_PROXY: 'a@b',
      HOME: '/home/hugo@example',
    });
  });

  it('cannot speak for this service to its manager', async () => {
    const environment = { PATH: env.PATH, NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_PID: '1', WATCHDOG_USEC: '1' };
    const result = await shell('env >&2', { env: withoutSecrets(environment) });
    expect(result.stderr).not.toMatch(/NOTIFY_SOCKET|WATCHDOG/);
  });

  it('is ended after its time', async () => {
    const result = await shell('echo begun >&2; exec sleep 60', { timeoutMilliseconds: 2000 });
    expect(result).toMatchObject({ exitCode: undefined, signal: 'SIGTERM', timedOut: true, interrupted: false });
    expect(result.stderr).toBe('begun\n');
  });

  it('is killed where it ignores the polite signal', async () => {
    const result = await shell('trap "" TERM; while :; do sleep 1; done', {
      timeoutMilliseconds: 2000,
      graceMilliseconds: 200,
    });
    expect(result).toMatchObject({ signal: 'SIGKILL', timedOut: true });
  });

  it('is ended when the run is interrupted', async () => {
    const controller = new AbortController();
    const ending = shell('exec sleep 60', { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    expect(await ending).toMatchObject({ signal: 'SIGTERM', timedOut: false, interrupted: true });
  });

  it('is not started when the run is interrupted already', async () => {
    const result = await shell('exit 0', { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ exitCode: undefined, interrupted: true });
  });

  it('does not hold up the run with what it leaves behind', async () => {
    const start = performance.now();
    const result = await shell('sleep 15 & echo done >&2');
    expect(result).toMatchObject({ exitCode: 0, stderr: 'done\n' });
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it.each([
    ['is not there', ['/nonexistent/program'], 'ENOENT'],
    ['is not in PATH', ['restaple-no-such-program'], 'ENOENT'],
    ['is a folder', ['/tmp'], 'EACCES'],
    ['has a NUL in a word', ['/bin/true', 'a\0b'], 'ERR_INVALID_ARG_VALUE'],
  ] as const)('says so when it %s', async (_, argv, code) => {
    const [command, ...words] = argv;
    const result = await runCommand([command, ...words], { env, timeoutMilliseconds: 20_000, signal: never });
    expect(result).toMatchObject({ exitCode: undefined, startError: code });
  });
});
