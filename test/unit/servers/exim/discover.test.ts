import { afterAll, describe, expect, it } from 'vitest';

import { discoverExim, eximConfigurations, isEximDaemon } from '../../../../src/servers/exim/discover.js';
import type { HostProcess } from '../../../../src/system/host-processes.js';
import { createTemporaryFolder } from '../../../support/temporary-folder.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

function processOf(...words: string[]): HostProcess {
  return {
    pid: 7,
    parentPid: 1,
    program: 'exim4',
    arguments: ['/usr/sbin/exim4', ...words],
    hasOwnRoot: false,
    userId: 0,
    groupIds: new Set([0]),
  };
}

function discover(text: string, ...words: string[]): ReturnType<typeof discoverExim> {
  return discoverExim({ configurations: [folder.write('exim.conf', text)], running: processOf('-bdf', ...words) });
}

describe('the configuration of Exim', () => {
  it('has a certificate, its staple and the places of each interface', () => {
    const { certificates, remarks, target, configurations } = discover(`
# a comment
tls_certificate = /etc/exim4/\\
   # a comment between
   site.pem
hide tls_ocsp_file = \${if exists {/ocsp/site.der} {/ocsp/site.der} {}}
daemon_smtp_ports = 25 : smtps : 587 : unknown
tls_on_connect_ports = 465
local_interfaces = <; 127.0.0.1 ; ::0 ; [127.0.0.2]:2525 ; 127.0.0.3.26
pid_file_path = /run/own.pid
begin acl
tls_certificate = /not/this.pem
`);
    expect(remarks).toEqual([]);
    expect(target).toBe('exim:/run/own.pid');
    expect(configurations).toEqual([folder.at('exim.conf')]);
    const smtp = { starttls: 'smtp' };
    expect(certificates).toMatchObject([
      {
        certificate: '/etc/exim4/site.pem',
        stapleFile: '/ocsp/site.der',
        isFileOptional: true,
        position: { file: folder.at('exim.conf'), line: 5 },
        places: [
          { host: '127.0.0.1', port: 25, ...smtp },
          { host: '127.0.0.1', port: 465 },
          { host: '127.0.0.1', port: 587, ...smtp },
          { host: '::1', port: 25, ...smtp },
          { host: '::1', port: 465 },
          { host: '::1', port: 587, ...smtp },
          { host: '127.0.0.2', port: 2525, ...smtp },
          { host: '127.0.0.3', port: 26, ...smtp },
        ],
      },
    ]);
    expect(certificates[0]?.places[1]).not.toHaveProperty('starttls');
  });

  it('pairs the files of two lists, with and without the kind of the staple', () => {
    const { certificates } = discover(
      'tls_certificate = <; /rsa.pem ; /ec.pem\ntls_ocsp_file = DER /rsa.der : ${if exists{/ec.der}{DER /ec.der}}\n',
    );
    expect(certificates).toMatchObject([
      { certificate: '/rsa.pem', stapleFile: '/rsa.der' },
      { certificate: '/ec.pem', stapleFile: '/ec.der', isFileOptional: true },
    ]);
    expect(certificates[0]).not.toHaveProperty('isFileOptional');
  });

  it('takes macros, conditions and the command line as Exim does', () => {
    folder.write('macros.conf', 'OCSP = ocsp\nNAME == second\n');
    const { certificates, target } = discover(
      `NAME = first
DIR = /etc/OCSP
.include ${folder.at('macros.conf')}
.include_if_exists ${folder.at('nothing.conf')}
.ifdef NOTHING
tls_certificate = /nothing.pem
.else
.ifndef NAME
tls_certificate = /no-name.pem
.elifdef GIVEN
tls_certificate = "DIR/NAME-GIVEN.pem"
.else
tls_certificate = /else.pem
.endif
.endif
.ifdef _HAVE_TLS
tls_ocsp_file = /site.der
.endif
`,
      ...['-DGIVEN=by-hand', '-oP', '/run/by-hand.pid', '-oX', '2525:127.0.0.1'],
    );
    expect(certificates).toMatchObject([
      {
        certificate: '/etc/ocsp/second-by-hand.pem',
        stapleFile: '/site.der',
        places: [{ host: '127.0.0.1', port: 2525, starttls: 'smtp' }],
      },
    ]);
    expect(target).toBe('exim:/run/by-hand.pid');
  });

  it('names what it would have to expand, and does not say that there is no staple', () => {
    const { certificates, remarks } = discover(
      'tls_certificate = /site.pem\ntls_ocsp_file = ${lookup{$tls_in_sni}lsearch{/etc/staples}}\n',
    );
    expect(certificates).toMatchObject([{ certificate: '/site.pem', noStapleFile: 'not-known' }]);
    expect(remarks).toMatchObject([
      { code: 'not-understood', message: expect.stringContaining(':2: tls_ocsp_file') as string },
    ]);
    expect(discover('tls_certificate = /certs/$tls_in_sni.pem\n')).toMatchObject({
      certificates: [],
      remarks: [{ code: 'not-understood' }],
    });
    expect(discover('tls_certificate = /a.pem\ntls_ocsp_file = PEM /a.ocsp\n')).toMatchObject({
      certificates: [{ noStapleFile: 'not-known' }],
      remarks: [{ hint: 'remove the PEM from it: restaple writes staples as DER' }],
    });
    expect(discover('tls_certificate = /a.pem\ntls_ocsp_file = ${if exists{/a}{/b}}\n').remarks).toHaveLength(1);
  });

  it('has no STARTTLS where none is offered', () => {
    const { certificates } = discover(
      'tls_certificate = /a.pem\ntls_advertise_hosts =\ndaemon_smtp_ports = 25:465\ntls_on_connect_ports = 465\n',
    );
    expect(certificates[0]?.places).toEqual([{ host: '127.0.0.1', port: 465 }]);
    expect(discover('tls_certificate = /a.pem\ntls_advertise_hosts = 192.0.2.1\n').certificates[0]?.places).toEqual([]);
    expect(discover('tls_certificate = /a.pem\n', '-tls-on-connect').certificates[0]?.places).toEqual([
      { host: '127.0.0.1', port: 25 },
    ]);
  });

  it.each([
    ['split', 'true', 'conf.d/main/000_localmacros'],
    ['not split', 'false', 'exim4.conf.localmacros'],
  ])('is written by Debian from other files: %s', (_case, split, file) => {
    folder.write('etc/exim4/update-exim4.conf.conf', `dc_use_split_config='${split}'\n`);
    const generated = folder.write('var/lib/exim4/config.autogenerated', 'tls_certificate = /site.pem\n');
    const { certificates, applyCommand, stapleFolder } = discoverExim({ configurations: [generated] });
    expect(certificates).toMatchObject([{ stapleSettingAt: { file: folder.at(`etc/exim4/${file}`) } }]);
    expect(applyCommand).toBe('update-exim4.conf && systemctl restart exim4');
    expect(stapleFolder).toBe('/etc/exim4/ocsp');
  });
});

describe('a hostile configuration of Exim', () => {
  it.each([
    ['.endif', ':1: .endif was not expected here'],
    ['.ifdef A\n', ': an .endif is missing at the end'],
  ])('has its mistakes named: %s', (text, message) => {
    expect(discover(text).remarks).toMatchObject([{ code: 'unreadable', message: folder.at('exim.conf') + message }]);
  });

  it('ends where files include each other without end', () => {
    const { remarks } = discover(`.include ${folder.at('exim.conf')}\n`.repeat(20));
    const message = 'the configuration of exim has more than 10000 files: the others were not read';
    expect(remarks).toContainEqual({ code: 'unreadable', message });
    expect(discover('.include relative.conf\n').remarks).toMatchObject([{ code: 'not-understood' }]);
  });

  it('does not grow with macros of macros', () => {
    const names = Array.from({ length: 64 }, (_, index) => `M${index + 1} = M${index}/M${index}`);
    const { certificates, remarks } = discover(`M0 = xxxxxxxx\n${names.join('\n')}\ntls_certificate = /M64\n`);
    expect(certificates).toEqual([]);
    expect(remarks.map(({ code }) => code)).toContain('not-understood');
  });

  it('passes over control characters, and reads no file with a NUL', () => {
    expect(discover('tls_certificate = /a\u001b[31m.pem\n')).toMatchObject({
      certificates: [],
      remarks: [{ code: 'not-understood' }],
    });
    expect(discover('tls_certificate = /a\0.pem\n')).toMatchObject({
      certificates: [],
      remarks: [{ code: 'unreadable' }],
    });
  });

  it('does not take hours however large it is', () => {
    expect(discover('A\\\n'.repeat(3_000_000))).toMatchObject({ certificates: [], remarks: [] });
    const macros = Array.from({ length: 200_000 }, (_, index) => `M${index} = M${index - 1} M${index - 2}`).join('\n');
    expect(discover(macros).remarks.map(({ code }) => code)).toContain('not-understood');
    const open = `${'${if exists{a'.repeat(1000)}${' '.repeat(3000)}`;
    expect(discover(`tls_ocsp_file = ${open}\ntls_certificate = /a.pem\n`)).toMatchObject({
      certificates: [{ noStapleFile: 'not-known' }],
    });
    const many = discover(
      `tls_certificate = /a.pem\nlocal_interfaces = ${'127.0.0.1 : '.repeat(1000)}\ndaemon_smtp_ports = ${'25:'.repeat(4000)}\n`,
    );
    expect(many.certificates[0]?.places.length).toBeLessThanOrEqual(64 * 64);
  });
});

describe('the command line of Exim', () => {
  it('names the first configuration that is there', () => {
    const file = folder.write('there.conf', '');
    expect(eximConfigurations(processOf('-bd', '-C', `/none.conf:${file}`))).toEqual([file]);
    expect(eximConfigurations(processOf('-bd', `-C${file}`))).toEqual([file]);
    expect(eximConfigurations(processOf('-bd', '-C', '/none.conf'))).toEqual(['/none.conf']);
    expect(eximConfigurations(processOf('-bd', '-q30m'))).toEqual([]);
  });

  it('tells the daemon from those that deliver and run the queue', () => {
    expect(isEximDaemon(processOf('-bdf', '-q30m'))).toBe(true);
    for (const words of [['-Mc', '1abc'], ['-q30m'], ['-bs']]) expect(isEximDaemon(processOf(...words))).toBe(false);
  });
});
