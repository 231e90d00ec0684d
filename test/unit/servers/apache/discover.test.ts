import { afterAll, describe, expect, it } from 'vitest';

import { apacheConfigurations, discoverApache } from '../../../../src/servers/apache/discover.js';
import type { HostProcess } from '../../../../src/system/host-processes.js';
import { createTemporaryFolder } from '../../../support/temporary-folder.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

function discover(text: string, name = 'apache2.conf'): ReturnType<typeof discoverApache> {
  return discoverApache({ configurations: [folder.write(name, text)] });
}

const tls = (certificate: string): string => `SSLEngine on\nSSLCertificateFile ${certificate}`;

describe('the configuration of Apache', () => {
  it('gives virtual hosts the settings outside, and takes their own first', () => {
    const { certificates, remarks } = discover(`
Listen 443
Listen [::]:8443 https
SSLEngine on
sslusestapling ON
SSLStaplingCache shmcb:cache(128000)
SSLCertificateChainFile chain.pem
<VirtualHost *:443>
  ServerName https://One.Example:443
  SSLCertificateFile certs/rsa.pem
  SSLCertificateFile "certs/with blank.pem"
</VirtualHost>
<VirtualHost _default_:8443>
  ServerAlias *.two.example two.example
  SSLUseStapling off
  SSLCertificateFile \\
    /two.pem
</VirtualHost>
<VirtualHost *:80>
  SSLEngine off
  SSLCertificateFile /unused.pem
</VirtualHost>`);
    expect(remarks).toEqual([]);
    const ofOne = {
      places: [{ host: '127.0.0.1', port: 443, serverName: 'one.example' }],
      ownFetching: { setting: 'SSLUseStapling on', by: 'mod_ssl' },
      chainFile: folder.at('chain.pem'),
      noStapleFile: 'not-taken',
    };
    expect(certificates).toMatchObject([
      { ...ofOne, certificate: folder.at('certs/rsa.pem'), position: { file: folder.at('apache2.conf'), line: 10 } },
      { ...ofOne, certificate: folder.at('certs/with blank.pem') },
      { certificate: '/two.pem', places: [{ host: '::1', port: 8443, serverName: 'two.example' }] },
    ]);
    expect(certificates[2]).not.toHaveProperty('ownFetching');
  });

  it('says what to write where stapling is off, once for the cache', () => {
    const edits = (text: string) =>
      discover(`Listen 443\n<VirtualHost *:443>\n${tls('/one.pem')}\n${text}`).certificates[0]?.ownFetchingEdits;
    const file = folder.at('apache2.conf');
    const text = 'SSLUseStapling on\nSSLStaplingReturnResponderErrors off\nSSLStaplingFakeTryLater off';
    const cache = { file, note: 'add at the end of this file', text: 'SSLStaplingCache shmcb:ssl_stapling(128000)' };
    expect(edits('</VirtualHost>')).toEqual([{ file, line: 4, note: 'add after this line', text }, cache]);
    expect(edits('SSLUseStapling off\n</VirtualHost>\nSSLStaplingCache shmcb')).toEqual([
      { file, line: 5, note: 'write in place of this line', text },
    ]);
  });

  it('warns where stapling is on without a cache', () => {
    const { certificates } = discover(`Listen 443\n${tls('/one.pem')}\nSSLUseStapling on`);
    expect(certificates).toMatchObject([
      {
        places: [{ port: 443 }],
        remarks: [{ code: 'setting', hint: expect.stringContaining('SSLStaplingCache') as string }],
      },
    ]);
  });

  it('gives a socket to the settings outside only where no virtual host takes it', () => {
    const { certificates } = discover(`
Listen 127.0.0.1:443
Listen 127.0.0.1:444
${tls('/main.pem')}
<VirtualHost 127.0.0.1>
SSLCertificateFile /one.pem
</VirtualHost>
<VirtualHost 127.0.0.2:444>
SSLCertificateFile /never.pem
</VirtualHost>`);
    expect(certificates.map(({ certificate, places }) => [certificate, places.map(({ port }) => port)])).toEqual([
      ['/one.pem', [443, 444]],
      ['/never.pem', []],
    ]);
  });

  it('reads included files and folders, relative to ServerRoot, and as if all conditions held', () => {
    folder.write('root/sites/a.conf', `<IfModule !none>\n<IfDefine X>\n${tls('/a.pem')}\n</IfDefine>\n</IfModule>`);
    folder.write('root/extra/b.conf', tls('b.pem'));
    const { certificates, remarks, configurations } = discover(`
ServerRoot ${folder.at('root')}
Listen 1
Listen 2
<VirtualHost *:1>
IncludeOptional sites/*.conf
IncludeOptional missing.conf none/*.conf
</VirtualHost>
<VirtualHost *:2>
Include extra
<Directory />
  SSLCertificateFile /not-here.pem
</Directory>
</VirtualHost>`);
    expect(remarks).toEqual([]);
    expect(certificates.map(({ certificate }) => certificate)).toEqual(['/a.pem', folder.at('root/b.pem')]);
    expect(configurations).toEqual(
      ['apache2.conf', 'root/sites/a.conf', 'root/extra/b.conf'].map((name) => folder.at(name)),
    );
  });

  it('takes plain values of Define and of envvars, and names the others', () => {
    folder.write('envvars', 'export CERTS=/from/envvars\nexport OTHER="$(id)"\nexport SUFFIX=a$CERTS\n');
    const { certificates, remarks, configurations } = discover(`
Define own /defined
Define whole \${own}/site.pem
Listen 443
SSLEngine on
SSLCertificateFile \${whole}
SSLCertificateFile \${CERTS}/one.pem
SSLCertificateFile \${OTHER}/two.pem
SSLCertificateFile \${SUFFIX}/three.pem
Include \${nowhere}/x.conf`);
    expect(certificates.map(({ certificate }) => certificate)).toEqual(['/defined/site.pem', '/from/envvars/one.pem']);
    expect(configurations).toEqual([folder.at('apache2.conf')]);
    expect(remarks.map(({ code, message }) => `${code} ${message.split(':').slice(1).join(':')}`)).toEqual([
      'not-understood 10: include ${nowhere}/x.conf was not followed',
      'not-understood 8: this certificate has a variable whose value is not known: ${OTHER}/two.pem',
      'not-understood 9: this certificate has a variable whose value is not known: ${SUFFIX}/three.pem',
    ]);
  });

  it('leaves macros alone, and names each once', () => {
    const { certificates, remarks } = discover(`
Listen 443
<Macro Site $name>
<VirtualHost *:443>
${tls('/live/$name.pem')}
</VirtualHost>
</Macro>
Use Site one
Use Site two`);
    expect(certificates).toEqual([]);
    expect(remarks).toMatchObject([
      { code: 'not-understood', message: expect.stringContaining(':9: what the macro Site') as string },
    ]);
  });

  it('knows the certificates of mod_md, and who fetches their staples', () => {
    const { certificates } = discover(`
Listen 443
MDomain one.example www.one.example auto
MDStoreDir /var/md
MDStapleOthers off
MDStapling on
<MDomain two.example>
MDCertificateFile /static.pem
MDStapling off
</MDomain>
${['www.one', 'two', 'three'].map((name) => `<VirtualHost *:443>\nServerName ${name}.example\n${tls('/own.pem')}\n</VirtualHost>`).join('\n')}`);
    expect(
      certificates.map(({ certificate, ownFetching, position }) => [certificate, ownFetching?.by, position?.line]),
    ).toEqual([
      ['/var/md/domains/one.example/pubcert.pem', 'mod_md', 3],
      ['/static.pem', undefined, 7],
      ['/own.pem', undefined, 24],
    ]);
  });

  it.each([
    ['a section without end', 'Listen 1\n<VirtualHost *:1>\n', ':2: <virtualhost> is not closed'],
    ['a section too many', '</VirtualHost>', ':1: </VirtualHost> was not expected here: no section is open'],
    [
      'another end',
      '<IfModule a>\n</VirtualHost>',
      ':2: </VirtualHost> was not expected here: <ifmodule> of line 1 is open',
    ],
  ])('says where it found %s', (_what, text, message) => {
    const { remarks } = discover(text);
    expect(remarks).toMatchObject([{ code: 'unreadable', message: folder.at('apache2.conf') + message }]);
  });

  it('passes over control characters, and reads no file with a NUL', () => {
    expect(discover(`Listen 443\n${tls('"/a\u0007.pem"')}`)).toMatchObject({
      certificates: [],
      remarks: [{ code: 'not-understood' }],
    });
    expect(discover(`Listen 443\n${tls('/a\0.pem')}`)).toMatchObject({
      certificates: [],
      remarks: [{ code: 'unreadable' }],
    });
  });
});

describe('a hostile configuration of Apache', () => {
  it('ends where files include each other without end', () => {
    const { remarks } = discover('Include apache2.conf\n'.repeat(20));
    const message = 'the configuration of apache has more than 10000 files: the others were not read';
    expect(remarks).toContainEqual({ code: 'unreadable', message });
  });

  it('does not grow with variables of variables', () => {
    const names = Array.from({ length: 64 }, (_, index) => `Define v${index + 1} \${v${index}}\${v${index}}`);
    const { certificates } = discover(`Define v0 xxxxxxxx\n${names.join('\n')}\nListen 443\n${tls('/${v64}')}`);
    expect(certificates).toEqual([]);
  });

  it('does not take hours however large it is', () => {
    const quotes = `ServerName ${'"\\'.repeat(30_000)}x\n`.repeat(20);
    const hosts = '<VirtualHost *:443>\nServerName a\n</VirtualHost>\n'.repeat(50_000);
    expect(discover(`Listen 443\n${quotes}${hosts}`)).toMatchObject({ certificates: [], remarks: [] });
    expect(discover('x\\\n'.repeat(3_000_000))).toMatchObject({ certificates: [], remarks: [] });
    const listens = Array.from({ length: 5000 }, (_, index) => `Listen ${index + 1}`).join('\n');
    const shared = `<VirtualHost ${'*:443 '.repeat(5000)}>\n</VirtualHost>\n`.repeat(50);
    const many = discover(`${listens}\n${tls('/a.pem')}\n${shared}${hosts}`);
    expect(new Set(many.certificates.map(({ certificate }) => certificate))).toEqual(new Set(['/a.pem']));
  });
});

describe('the command that has Apache take a new configuration', () => {
  const commandFor = (configuration: string, ...words: string[]) =>
    discoverApache({
      configurations: [configuration],
      running: { pid: 7, workingFolder: '/', arguments: ['apache2', ...words] } as unknown as HostProcess,
    }).applyCommand;

  it('is that of the instance, and of its ServerRoot', () => {
    expect(commandFor('/etc/apache2/apache2.conf', '-k', 'start')).toBe(
      'apachectl configtest && systemctl reload apache2 && sleep 2',
    );
    const file = folder.write('my instance/apache2.conf', '');
    expect(commandFor(file, '-d', '/srv/root')).toBe(
      `apachectl -d /srv/root -f '${file}' -t && apachectl -d /srv/root -f '${file}' -k graceful && sleep 2`,
    );
    folder.write('my instance/envvars', '');
    const own = `APACHE_CONFDIR='${folder.at('my instance')}' apachectl`;
    expect(commandFor(file)).toBe(`${own} configtest && ${own} graceful && sleep 2`);
  });
});

describe('the command line of Apache', () => {
  const configurationsOf = (...words: string[]) =>
    apacheConfigurations({
      program: 'apache2',
      workingFolder: '/srv',
      arguments: ['apache2', ...words],
    } as unknown as HostProcess);

  it('names a configuration by -f and -d', () => {
    expect(configurationsOf('-k', 'start')).toEqual([]);
    expect(configurationsOf('-f', '/etc/own.conf', '-DX')).toEqual(['/etc/own.conf']);
    expect(configurationsOf('-f', 'own.conf')).toEqual(['/etc/apache2/own.conf']);
    expect(configurationsOf('-d', 'instance')).toEqual(['/srv/instance/apache2.conf']);
    expect(configurationsOf('-d/srv', '-fconf/own.conf')).toEqual(['/srv/conf/own.conf']);
  });
});
