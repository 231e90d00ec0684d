import { existsSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { runCommand } from '../../support/run-program.js';
import { createTemporaryFolder, withTemporaryFolder } from '../../support/temporary-folder.js';

const node = (script: string, options: Parameters<typeof runCommand>[2] = {}): ReturnType<typeof runCommand> =>
  runCommand(process.execPath, ['-e', script], options);

describe('running a program', () => {
  it('gives it a clean environment and a home of its own', async () => {
    const result = await node('console.log(JSON.stringify(process.env))', { env: { EXTRA: '1', LANG: undefined } });
    const [environment] = result.lines();
    expect(Object.keys(environment!).sort()).toEqual(['EXTRA', 'HOME', 'NO_COLOR', 'PATH', 'TZ']);
    expect(existsSync(environment!['HOME'] as string)).toBe(false);
  });

  it('collects output, input, exit code and signal', async () => {
    const echo = await node('process.stdin.pipe(process.stdout); process.stderr.write("talk"); process.exitCode = 5', {
      input: '{"a":1}\n{"b":2}\n',
    });
    expect(echo).toMatchObject({ exitCode: 5, signal: null, stderr: 'talk', timedOut: false });
    expect(echo.lines()).toEqual([{ a: 1 }, { b: 2 }]);
    expect((await node('process.kill(process.pid, "SIGTERM"); setInterval(() => 0, 1000)')).signal).toBe('SIGTERM');
  });

  it('ends a program that takes too long', async () => {
    const result = await node('setInterval(() => 0, 1000)', { timeoutMilliseconds: 300 });
    expect(result).toMatchObject({ exitCode: null, signal: 'SIGKILL', timedOut: true });
  });

  it('says so when a line is not a JSON object', async () => {
    const result = await node('console.log("plain")');
    expect(() => result.lines()).toThrow();
  });

  it('runs as another user where it may, else as its own', async () => {
    const own = process.getuid!();
    const [uid, gid] = own === 0 ? [65_534, 65_534] : [own, process.getgid!()];
    const script = 'console.log(process.getuid(), process.getgid()); require("fs").readdirSync(process.env.HOME)';
    const result = await node(script, { uid, gid });
    expect(result).toMatchObject({ exitCode: 0, stdout: `${uid} ${gid}\n`, stderr: '' });
  });
});

describe('temporary folders', () => {
  it('keep exact modes and disappear', () => {
    const folder = createTemporaryFolder();
    const file = folder.write('deep/er/file', 'text', 0o602);
    expect(statSync(file).mode & 0o777).toBe(0o602);
    folder.remove();
    expect(existsSync(folder.path)).toBe(false);
  });

  it('disappear after a failure too', async () => {
    let path = '';
    await expect(
      withTemporaryFolder((folder) => {
        path = folder.path;
        throw new Error('on purpose');
      }),
    ).rejects.toThrow('on purpose');
    expect(existsSync(path)).toBe(false);
  });
});
