import { afterAll, describe, expect, it } from 'vitest';

import { findRefreshers } from '../../../../src/pipeline/doctor/refreshers.js';
import { scheduledCommands } from '../../../../src/pipeline/doctor/scheduled-commands.js';
import { createTemporaryFolder } from '../../../support/temporary-folder.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

const owner = { certificate: '/certs/site.pem', staple: '/certs/site.pem.ocsp' };

/** A run takes the certificates that its words name, each with its staple beside it. */
const certificatesOfRun = (words: readonly string[]) => {
  if (words.includes('--nonsense')) return Promise.reject(new Error('there is no flag --nonsense'));
  const named = words.filter((word) => word.startsWith('/certs/'));
  return Promise.resolve(named.map((certificate) => ({ certificate, staple: `${certificate}.ocsp` })));
};

async function refreshersIn(files: Readonly<Record<string, string>>) {
  const root = folder.at(String(Math.floor(performance.now() * 1000)));
  for (const [name, text] of Object.entries(files)) folder.write(`${root.slice(folder.path.length + 1)}/${name}`, text);
  const found = await findRefreshers(scheduledCommands([], root), certificatesOfRun, root);
  return { root, of: found.of(owner), troubles: found.troubles };
}

describe('who refreshes a staple', () => {
  it('is read from crontabs, with and without a user, and from scripts that run every hour', async () => {
    const { root, of } = await refreshersIn({
      'etc/cron.d/restaple': '# hourly\nPATH=/bin\n17 * * * * root restaple fetch /certs/site.pem\n',
      'var/spool/cron/crontabs/ops': '@daily /usr/bin/restaple fetch /certs/site.pem >/dev/null 2>&1\n',
      'etc/cron.hourly/staples': '#!/bin/sh\ncd / && restaple fetch /certs/site.pem\n',
      'etc/cron.d/other':
        '1 * * * * root restaple fetch /certs/other.pem\n2 * * * * root restaple verify /certs/site.pem\n',
    });
    expect(of).toEqual([
      { by: 'restaple', where: `${root}/etc/cron.d/restaple:3`, when: '17 * * * *' },
      { by: 'restaple', where: `${root}/var/spool/cron/crontabs/ops:1`, when: '@daily' },
      { by: 'restaple', where: `${root}/etc/cron.hourly/staples:2`, when: 'hourly' },
    ]);
  });

  it('is read from timers that are enabled, with the service that they start', async () => {
    const service = '[Service]\nExecStart=restaple fetch \\\n  /certs/site.pem\n';
    const timer = '[Timer]\nOnCalendar=hourly\n';
    const { of } = await refreshersIn({
      'usr/lib/systemd/system/restaple.timer': timer,
      'usr/lib/systemd/system/restaple.service': service,
      'etc/systemd/system/timers.target.wants/restaple.timer': timer,
      'etc/systemd/system/restaple.timer.d/more.conf': '[Timer]\nOnCalendar=\nOnCalendar=*:0/30\n',
      'usr/lib/systemd/system/idle.timer': timer,
      'usr/lib/systemd/system/idle.service': service,
    });
    expect(of).toEqual([{ by: 'restaple', where: 'restaple.timer', when: '*:0/30' }]);
  });

  it('may be another tool, by the words that it is given', async () => {
    const { root, of } = await refreshersIn({
      'etc/cron.d/others': [
        '1 * * * * root hapos-upd --cert /certs/site.pem -s /run/haproxy.sock',
        '2 * * * * root openssl ocsp -issuer ca.pem -cert x -url http://o -respout /certs/site.pem.ocsp',
        '3 * * * * root hapos-upd --cert /certs/other.pem',
      ].join('\n'),
    });
    expect(of.map(({ by, where }) => [by, where])).toEqual([
      ['hapos-upd', `${root}/etc/cron.d/others:1`],
      ['openssl', `${root}/etc/cron.d/others:2`],
    ]);
  });

  it('is not told by a command whose words are wrong, and that is said', async () => {
    const { root, of, troubles } = await refreshersIn({
      'etc/cron.d/restaple': '* * * * * root restaple fetch --nonsense /certs/site.pem\n',
    });
    expect(of).toEqual([]);
    expect(troubles).toEqual([{ where: `${root}/etc/cron.d/restaple:1`, message: 'there is no flag --nonsense' }]);
  });
});
