import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';

import { reloadByCommand } from '../../../src/servers/exec-target.js';
import { reloadSystemdUnit } from '../../../src/servers/systemd-target.js';
import type { TargetResult } from '../../../src/servers/reload-result.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';
import { stapleToPush } from './scene.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

const limits = { timeoutMilliseconds: 20_000, signal: new AbortController().signal };
const path = process.env['PATH'] ?? '';

describe('exec:COMMAND', () => {
  const run = (script: string, staples = [stapleToPush()]): Promise<TargetResult> =>
    reloadByCommand(
      { kind: 'exec', text: 'exec:deploy', argv: ['/bin/sh', '-c', script, 'deploy', folder.path] },
      staples,
      { PATH: path, RESTAPLE_DNSDIST_KEY: 'secret' },
      limits,
    );

  it('gets the changed staples as JSON lines and no secrets', async () => {
    const first = stapleToPush();
    const hostile = stapleToPush({ certificatePath: Buffer.from('/a\n\xff.pem', 'latin1'), staplePath: '/b".ocsp' });
    const unchanged = stapleToPush({ isChanged: false });
    const result = await run('cat > "$1/lines"; env > "$1/env"', [first, hostile, unchanged]);

    expect(result).toMatchObject({ target: 'exec:deploy', ok: true });
    expect(result.error).toBeUndefined();
    expect(result.certificates.map(({ ok }) => ok)).toEqual([true, true, true]);
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
    reloadSystemdUnit(
      { kind: 'systemd', text: 'systemd:web.service', unit: 'web.service' },
      [stapleToPush()],
      { PATH },
      limits,
    );

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
