import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { runCommand } from '../support/run-program.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { packagingFile } from './packaging-files.js';

const text = readFileSync(packagingFile('cron', 'restaple'), 'utf8');
const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const variables = lines.filter((line) => /^\w+=/.test(line));
const jobs = lines.filter((line) => !variables.includes(line));

describe('the file for /etc/cron.d', () => {
  it('is one job of root, every hour, and ends with a line feed, without which cron ignores it', () => {
    expect(jobs).toHaveLength(1);
    expect(jobs[0]).toMatch(/^(?:[0-5]?\d) \* \* \* \* root restaple /);
    expect(text.endsWith('\n')).toBe(true);
    // cron makes a line feed of it (crontab(5)).
    expect(jobs[0]).not.toContain('%');
  });

  it('sets the shell and a path, since that of cron is short', () => {
    expect(variables.map((line) => line.split('=')[0])).toEqual(['SHELL', 'PATH']);
    for (const folder of ['/usr/local/bin', '/usr/bin', '/usr/sbin']) expect(variables[1]).toContain(folder);
  });

  it('is a command that the shell takes, and whose exit code and words reach cron', async () => {
    await withTemporaryFolder(async (folder) => {
      folder.write('bin/restaple', '#!/bin/sh\nprintf "<%s>" "$@"\necho revoked >&2\nexit 3\n', 0o755);
      const command = jobs[0]!.split(' ').slice(6).join(' ');
      const result = await runCommand('sh', ['-c', command], { env: { PATH: `${folder.at('bin')}:/usr/bin:/bin` } });
      expect(result).toMatchObject({
        exitCode: 3,
        stdout: '<fetch><--config></etc/restaple.yaml><--lock-wait><10m>',
        stderr: 'revoked\n',
      });
    });
  });
});
