import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';

import { exec } from '../../../src/servers/command/exec.js';
import { resultOf, type TargetResult } from '../../../src/servers/reload-result.js';
import { parseReloadTarget, tellTarget } from '../../../src/servers/reload-target.js';
import { commandFailure } from '../../../src/servers/command/tell-by-command.js';
import type { CommandResult } from '../../../src/system/run-command.js';
import { serverTools } from '../../support/server-tools.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';
import { stapleToPush } from './scene.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

const path = process.env['PATH'] ?? '';

describe('exec:COMMAND', () => {
  const run = (script: string, staples = [stapleToPush()]): Promise<TargetResult> =>
    resultOf('exec:deploy', staples, () =>
      exec.tell(
        ['/bin/sh', '-c', script, 'deploy', folder.path],
        staples,
        serverTools({ environment: { PATH: path, RESTAPLE_DNSDIST_KEY: 'secret' } }),
      ),
    );

  it('gets the staples as JSON lines and no secrets', async () => {
    const first = stapleToPush();
    const hostile = stapleToPush({ certificatePath: Buffer.from('/a\n\xff.pem', 'latin1'), staplePath: '/b".ocsp' });
    const result = await run('cat > "$1/lines"; env > "$1/env"', [first, hostile]);

    expect(result).toMatchObject({ target: 'exec:deploy', ok: true });
    expect(result.error).toBeUndefined();
    expect(result.certificates.map(({ ok }) => ok)).toEqual([true, true]);
    const lines = readFileSync(folder.at('lines'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        certificate: '/etc/certificates/server.pem',
        staple: '/etc/certificates/server.pem.ocsp',
        serialNumber: first.certificate.serialNumber,
        thisUpdate: '2026-01-01T00:00:00Z',
        nextUpdate: '2026-01-08T00:00:00Z',
      },
      {
        certificate: '/a\n\uFFFD.pem',
        staple: '/b".ocsp',
        serialNumber: hostile.certificate.serialNumber,
        thisUpdate: '2026-01-01T00:00:00Z',
        nextUpdate: '2026-01-08T00:00:00Z',
      },
    ]);
    expect(readFileSync(folder.at('env'), 'utf8')).not.toContain('secret');
  });

  it('fails for every certificate when the command fails', async () => {
    const result = await run('echo no such host >&2; exit 4', [stapleToPush(), stapleToPush()]);
    const trouble = { code: 'command-failed', message: '/bin/sh ended with 4: no such host' };
    expect(result).toMatchObject({ ok: false, error: trouble });
    expect(result.certificates).toHaveLength(2);
    for (const one of result.certificates) expect(one).toMatchObject({ ok: false, ...trouble });
  });
});

describe('systemd:UNIT', () => {
  /** A systemctl that notes its words, says something and ends with a code. */
  function systemctl(exitCode: number, talk = ''): string {
    const bin = `bin-${exitCode}`;
    const script = `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder.at('words')}'\necho '${talk}' >&2\nexit ${exitCode}\n`;
    folder.write(`${bin}/systemctl`, script, 0o755);
    return `${folder.at(bin)}:${path}`;
  }
  const reload = (PATH: string): Promise<TargetResult> =>
    tellTarget(parseReloadTarget('systemd:web.service'), [stapleToPush()], serverTools({ environment: { PATH } }));

  it('is reloaded by systemctl, which may not ask for a password', async () => {
    expect(await reload(systemctl(0))).toMatchObject({ target: 'systemd:web.service', ok: true });
    expect(readFileSync(folder.at('words'), 'utf8')).toBe('--no-ask-password\nreload\n--\nweb.service\n');
  });

  it.each([
    [1, 'command-failed', 'systemctl status web.service'],
    [3, 'command-failed', 'ExecReload='],
    [4, 'permission-denied', 'polkit'],
    [5, 'command-failed', 'list-units'],
  ])('says what to do when systemctl ends with %i', async (exitCode, code, hint) => {
    const result = await reload(systemctl(exitCode, 'Failed to reload web.service.'));
    expect(result).toMatchObject({
      ok: false,
      error: {
        code,
        message: `systemctl reload web.service ended with ${exitCode}: Failed to reload web.service.`,
        hint: expect.stringContaining(hint) as string,
      },
    });
  });

  it('names the other ways where there is no systemctl', async () => {
    const result = await reload(folder.at('nowhere'));
    expect(result).toMatchObject({
      ok: false,
      error: {
        code: 'command-failed',
        message: 'systemctl was not found',
        hint: expect.stringContaining('nginx:/run/nginx.pid') as string,
      },
    });
  });
});

describe('the failure of a command', () => {
  const ended = {
    exitCode: 0,
    signal: undefined,
    stderr: '',
    timedOut: false,
    interrupted: false,
    startError: undefined,
    stdout: '',
  };
  const failureOf = (result: CommandResult): ReturnType<typeof commandFailure> =>
    commandFailure(result, 5000, { name: 'deploy', hint: 'see its log' });

  it('is none when it ended with 0, whatever it said', () => {
    expect(failureOf({ ...ended, stderr: 'warning' })).toBeUndefined();
  });

  it('names the exit code and the first lines it said', () => {
    const stderr = '\n one \r\n\ntwo\nthree\nfour\n';
    expect(failureOf({ ...ended, exitCode: 3, stderr })).toMatchObject({
      code: 'command-failed',
      message: 'deploy ended with 3: one; two; three',
      hint: 'see its log',
    });
  });

  it('names the signal', () => {
    const failure = failureOf({ ...ended, exitCode: undefined, signal: 'SIGSEGV' });
    expect(failure).toMatchObject({ code: 'command-failed', message: 'deploy was ended by SIGSEGV' });
  });

  it('names the time it had', () => {
    const failure = failureOf({ ...ended, exitCode: undefined, timedOut: true });
    expect(failure).toMatchObject({ code: 'timeout', message: 'deploy took longer than 5 s and was ended' });
  });

  it('tells a missing program from one that may not be run', () => {
    const codeFor = (startError: string): string | undefined =>
      failureOf({ ...ended, exitCode: undefined, startError })?.code;
    expect(codeFor('ENOENT')).toBe('command-failed');
    expect(codeFor('EACCES')).toBe('permission-denied');
    expect(codeFor('E2BIG')).toBe('command-failed');
  });

  it('is an interrupt of the whole run when that was interrupted', () => {
    const interrupted = { ...ended, exitCode: undefined, interrupted: true };
    expect(() => failureOf(interrupted)).toThrow(expect.objectContaining({ code: 'interrupted' }));
  });
});
