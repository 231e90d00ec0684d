import { afterAll, describe, expect, it } from 'vitest';

import { discoverHaproxy } from '../../../../src/servers/haproxy/discover.js';
import { createTemporaryFolder } from '../../../support/temporary-folder.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

function read(text: string) {
  return discoverHaproxy({ configurations: [folder.write('haproxy.cfg', text)] }, { environment: {} });
}

describe('what haproxy serves', () => {
  it('leads from bind lines to certificates and their staples, relative names from crt-base', () => {
    const { certificates, control } = read(`
global
    crt-base ${folder.path}
    stats socket ipv4@127.0.0.1:9990 level user
    stats socket /run/haproxy/not-admin.sock mode 660
    stats socket /run/haproxy/control.sock mode 660 level admin
frontend a
    bind 10.0.0.1:443,[::]:8443 ssl crt one.pem alpn h2   # a comment
    bind :80
    bind unix@/run/x.sock ssl crt '/a b.pem'
`);
    expect(control?.address).toEqual({ path: '/run/haproxy/control.sock' });
    expect(certificates).toMatchObject([
      {
        certificate: folder.at('one.pem'),
        stapleFile: folder.at('one.pem.ocsp'),
        isFileOptional: true,
        places: [
          { host: '10.0.0.1', port: 443 },
          { host: '::1', port: 8443 },
        ],
        position: { line: 8 },
      },
      { certificate: '/a b.pem', places: [] },
    ]);
  });

  it('takes the files of a folder without companions, and the halves of a bundle', () => {
    for (const name of ['a.pem', 'a.pem.ocsp', 'b.crt', '.hidden', 'c.key']) folder.write(`certs/${name}`, '');
    for (const half of ['rsa', 'ecdsa']) folder.write(`both.pem.${half}`, '');
    const { certificates } = read(
      `frontend a\n bind :443 ssl crt ${folder.at('certs')} crt ${folder.at('both.pem')}\n`,
    );
    expect(certificates.map(({ certificate }) => certificate)).toEqual(
      ['certs/a.pem', 'certs/b.crt', 'both.pem.rsa', 'both.pem.ecdsa'].map((name) => folder.at(name)),
    );
  });

  it('reads crt-lists with their options, and stores, whose certificates have only the staple that a line names', () => {
    const list = folder.write(
      'list.txt',
      ['/one.pem', '/two.pem [ocsp-update on alpn h2] two.example', '@web/three', '/four.pem [ocsp /four.der]'].join(
        '\n',
      ),
    );
    const { certificates } = read(`
crt-store web
    crt-base /store
    load crt three.pem alias three
    load crt five.pem ocsp /five.der ocsp-update on
frontend a
    bind :443 ssl crt-list ${list} crt @web/five.pem
`);
    expect(certificates).toMatchObject([
      { certificate: '/store/three.pem' },
      { certificate: '/store/five.pem', stapleFile: '/five.der', ownFetching: { setting: 'ocsp-update on' } },
      { certificate: '/one.pem', stapleFile: '/one.pem.ocsp' },
      {
        certificate: '/two.pem',
        ownFetching: { setting: 'ocsp-update on' },
        places: [{ host: '127.0.0.1', port: 443 }],
        serverName: 'two.example',
        position: { file: list, line: 2 },
      },
      { certificate: '/four.pem', stapleFile: '/four.der' },
    ]);
    expect(certificates[0]).not.toHaveProperty('stapleFile');
  });

  it('reads a list once that many binds name, and keeps their places once', () => {
    const list = folder.write('list.txt', '/one.pem one.example\n/two.pem two.example\n');
    const binds = Array.from({ length: 50 }, (_none, index) => `    bind :${1000 + index} ssl crt-list ${list}\n`);
    const { certificates } = read(`frontend a\n${binds.join('')}    bind :443 ssl crt /own.pem crt-list ${list}\n`);
    expect(certificates.map(({ places }) => places.length)).toEqual([51, 51, 1]);
    expect(certificates[0]?.places).toBe(certificates[1]?.places);
    // From another folder its names mean other files.
    const relative = folder.write('relative.txt', 'one.pem\n');
    const based = ['/a', '/b'].map(
      (base) => `global\n crt-base ${base}\nfrontend x\n bind :1 ssl crt-list ${relative}\n`,
    );
    expect(read(based.join('')).certificates.map(({ certificate }) => certificate)).toEqual([
      '/a/one.pem',
      '/b/one.pem',
    ]);
  });

  it('knows where ssl-load-extra-files and ssl-load-extra-del-ext have the staple', () => {
    const bind = 'frontend a\n bind :443 ssl crt /one.crt\n';
    expect(read(`global\n ssl-load-extra-del-ext\n${bind}`).certificates[0]?.stapleFile).toBe('/one.ocsp');
    expect(read(`global\n ssl-load-extra-files none\n${bind}`).certificates[0]).not.toHaveProperty('stapleFile');
  });
});
