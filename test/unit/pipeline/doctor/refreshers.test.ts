import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { findRefreshers } from '../../../../src/pipeline/doctor/refreshers.js';
import { scheduledCommands } from '../../../../src/pipeline/doctor/scheduled-commands.js';
import { projectFolder } from '../../../support/run-program.js';
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

async function refreshersIn(files: Readonly<Record<string, string>>, of = owner) {
  const root = folder.at(String(Math.floor(performance.now() * 1000)));
  for (const [name, text] of Object.entries(files)) folder.write(`${root.slice(folder.path.length + 1)}/${name}`, text);
  const found = await findRefreshers(scheduledCommands([], root), certificatesOfRun, root);
  return { root, of: found.of(of), troubles: found.troubles };
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

  it('is read where Fedora, SUSE and Alpine have crontabs and scripts', async () => {
    const fetch = 'restaple fetch /certs/site.pem\n';
    const { root, of } = await refreshersIn({
      'var/spool/cron/root': `5 * * * * ${fetch}`,
      'var/spool/cron/tabs/root': `6 * * * * ${fetch}`,
      'etc/periodic/15min/staples': `#!/bin/sh\n${fetch}`,
    });
    expect(of.map(({ where, when }) => [where, when])).toEqual([
      [`${root}/var/spool/cron/root:1`, '5 * * * *'],
      [`${root}/var/spool/cron/tabs/root:1`, '6 * * * *'],
      [`${root}/etc/periodic/15min/staples:2`, '15min'],
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

  it('reads commands with quotes and comments as a shell does', async () => {
    const { root, of } = await refreshersIn({
      'etc/cron.hourly/staples': `#!/bin/sh
# it's not this: restaple fetch /certs/site.pem
echo 'nor this; restaple fetch /certs/site.pem'
[ -d /certs ] && restaple fetch --on-updated 'sh -c "true; true"' \\
  /certs/site.pem 2>&1 | logger
`,
    });
    expect(of).toEqual([{ by: 'restaple', where: `${root}/etc/cron.hourly/staples:4`, when: 'hourly' }]);
  });

  it('is not told by a command whose words are wrong, and that is said', async () => {
    const { root, of, troubles } = await refreshersIn({
      'etc/cron.d/restaple': '* * * * * root restaple fetch --nonsense /certs/site.pem\n',
    });
    expect(of).toEqual([]);
    expect(troubles).toEqual([{ where: `${root}/etc/cron.d/restaple:1`, message: 'there is no flag --nonsense' }]);
  });
});

describe('who brings a staple at each renewal, and never after it', () => {
  const once = { when: 'at each renewal', isAtRenewalOnly: true } as const;
  const at = (certificate: string) => ({ certificate, staple: `${certificate}.ocsp` });
  const live = at('/etc/letsencrypt/live/site/fullchain.pem');

  it.each([
    ['etc/letsencrypt/renewal-hooks/deploy/staple', '#!/bin/sh\nrestaple fetch "$RENEWED_LINEAGE/fullchain.pem"\n'],
    ['etc/letsencrypt/cli.ini', 'deploy-hook = restaple fetch $RENEWED_LINEAGE/fullchain.pem\n'],
    [
      'etc/letsencrypt/renewal/site.conf',
      '[renewalparams]\nrenew_hook = restaple fetch ${RENEWED_LINEAGE}/fullchain.pem\n',
    ],
    [
      'etc/cron.d/certbot',
      "0 0 * * * root certbot renew --deploy-hook 'restaple fetch $RENEWED_LINEAGE/fullchain.pem'\n",
    ],
  ])('may be certbot, by %s', async (name, text) => {
    const { root, of } = await refreshersIn({ [name]: text }, live);
    const where = expect.stringMatching(`^${root}/${name}(?::1)?$`) as string;
    expect(of).toEqual([{ by: 'restaple', where, ...once }]);
    expect((await refreshersIn({ [name]: text })).of).toEqual([]);
  });

  it('may be the hook of a package, for the files of its settings', async () => {
    const hook = 'etc/letsencrypt/renewal-hooks/deploy/restaple-deploy-hook';
    const files = {
      [hook]: readFileSync(join(projectFolder, 'packaging/certbot/restaple-deploy-hook'), 'utf8'),
      'etc/letsencrypt/live/site/fullchain.pem': '',
    };
    const { root, of } = await refreshersIn(files, live);
    expect(of).toEqual([{ by: 'restaple', where: `${root}/${hook}`, ...once }]);
    const settings = 'RESTAPLE_CERT=/certs/${RENEWED_LINEAGE##*/}.pem\n';
    const other = { ...files, 'etc/default/restaple-certbot': settings };
    expect((await refreshersIn(other)).of).toHaveLength(1);
    expect((await refreshersIn(other, live)).of).toEqual([]);
  });

  it('may be acme.sh, by its deploy hook for haproxy and by its reload command', async () => {
    const conf = (more: string) => `Le_Domain='site.example'\nLe_DeployHook='haproxy,'\n${more}`;
    const deployed = conf("Le_OCSP_Staple='1'\nLe_Deploy_haproxy_pem_path='/certs'\n");
    const name = 'root/.acme.sh/site.example_ecc/site.example.conf';
    const { root, of } = await refreshersIn({ [name]: deployed }, at('/certs/site.example.pem'));
    expect(of).toEqual([{ by: 'acme.sh', where: `${root}/${name}`, ...once }]);
    const bundle = `${deployed}Le_Deploy_haproxy_bundle='yes'\nLe_Keylength='ec-256'\n`;
    expect((await refreshersIn({ [name]: bundle }, at('/certs/site.example.pem.ecdsa'))).of).toHaveLength(1);
    const without = conf("Le_Deploy_haproxy_pem_path='/certs'\n");
    expect((await refreshersIn({ [name]: without }, at('/certs/site.example.pem'))).of).toEqual([]);

    const coded = Buffer.from('restaple fetch /certs/site.pem && systemctl reload haproxy').toString('base64');
    const reload = conf(`Le_ReloadCmd='__ACME_BASE64__START_${coded}__ACME_BASE64__END_'\n`);
    expect((await refreshersIn({ [name]: reload })).of).toMatchObject([{ by: 'restaple', ...once }]);
  });

  it('may be dehydrated, by its hook', async () => {
    const { of } = await refreshersIn(
      {
        'etc/dehydrated/config': 'HOOK="/etc/dehydrated/hook.sh"\n',
        'etc/dehydrated/hook.sh': '#!/bin/sh\n[ "$1" = deploy_cert ] && restaple fetch "$5"\n',
      },
      at('/var/lib/dehydrated/certs/site/fullchain.pem'),
    );
    expect(of).toEqual([{ by: 'restaple', where: '/etc/dehydrated/hook.sh', ...once }]);
  });
});
