import { afterAll, describe, expect, it } from 'vitest';

import { discoverNginx, nginxPrinting } from '../../../../src/servers/nginx/discover.js';
import { createTemporaryFolder } from '../../../support/temporary-folder.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

function discover(text: string): ReturnType<typeof discoverNginx> {
  return discoverNginx({ configurations: [folder.write('nginx.conf', text)] });
}

describe('the configuration of nginx', () => {
  it('gives server blocks the settings of http, and takes their own first', () => {
    const { certificates, remarks } = discover(`
      pid run.pid;
      http {
        ssl_certificate certs/all.pem; ssl_stapling on; ssl_stapling_file "with blank.der";
        server { listen 443 ssl; server_name _ *.example a.example; }
        server { listen [::]:8443 ssl; ssl_certificate /own.pem; ssl_stapling off; } # no staple
        server { listen 80; ssl_certificate /unused.pem; }
      }`);
    expect(remarks).toEqual([]);
    expect(certificates).toMatchObject([
      {
        certificate: folder.at('certs/all.pem'),
        stapleFile: folder.at('with blank.der'),
        places: [{ host: '127.0.0.1', port: 443, serverName: 'a.example' }],
        position: { file: folder.at('nginx.conf'), line: 4 },
      },
      { certificate: '/own.pem', places: [{ host: '::1', port: 8443 }] },
    ]);
    expect(certificates[1]).not.toHaveProperty('stapleFile');
  });

  it('has a staple set in place of ssl_stapling off where that is in the same block, since nginx takes it only once', () => {
    const { certificates } = discover(`http {
      ssl_stapling off;
      server { listen 443 ssl; ssl_certificate /one.pem;
        ssl_stapling off; }
      server { listen 443 ssl; ssl_certificate /two.pem; }
      server { listen 443 ssl; ssl_certificate /three.pem; ssl_stapling on; }
    }`);
    const file = folder.at('nginx.conf');
    expect(certificates.map(({ stapleSettingAt }) => stapleSettingAt)).toEqual([
      { file, line: 4, note: expect.stringContaining('in place of "ssl_stapling off;"') as string },
      { file, line: 5, note: 'add to this line, behind "ssl_certificate /two.pem;"' },
      { file, line: 6, note: 'add to this line, behind "ssl_certificate /three.pem;"' },
    ]);
  });

  it('asks for a name under a wildcard that no other block has', () => {
    const { certificates } = discover(`http {
      server { listen 443 ssl; ssl_certificate /wild.pem; server_name *.a.example; }
      server { listen 443 ssl; ssl_certificate /dot.pem; server_name .b.example; }
      server { listen 443 ssl; ssl_certificate /www.pem; server_name www.a.example; }
    }`);
    expect(certificates.flatMap(({ places }) => places.map(({ serverName }) => serverName))).toEqual([
      'restaple-doctor.a.example',
      'restaple-doctor.b.example',
      'www.a.example',
    ]);
  });

  it('knows that one listen line with ssl makes the socket of all speak TLS', () => {
    const { certificates } = discover(`
      http {
        server { listen 443 ssl default_server; ssl_certificate /one.pem; }
        server { listen *:443; ssl_certificate /two.pem; }
      }`);
    expect(certificates.map(({ certificate }) => certificate)).toEqual(['/one.pem', '/two.pem']);
  });

  it('names what it does not understand, and passes over Lua', () => {
    const { certificates, remarks } = discover(`
      http {
        init_by_lua_block { local t = { "a;b", "}", '\\'}', [=[ ]] } ]=] } -- }
          --[[ } ]] if t[t[1]] then t = { } end }
        server { listen 443 ssl; ssl_certificate /live/$ssl_server_name.pem; }
        server { listen 444 ssl; ssl_certificate /plain.pem; }
      }`);
    expect(certificates.map(({ certificate }) => certificate)).toEqual(['/plain.pem']);
    expect(remarks).toMatchObject([{ code: 'not-understood' }]);
    expect(remarks[0]?.message).toContain('$ssl_server_name');
  });

  it.each([
    ['a quote without end', 'http { a "b; }', ':1: a quote that begins here does not end'],
    ['a missing brace', 'http {\n server { listen 1; }\n', ':3: a "}" is missing at the end'],
    ['a brace too many', 'http { }\n}', ':2: unexpected "}"'],
    ['a missing semicolon', 'http { server { a b } }', ':1: "a" is not terminated by ";"'],
  ])('says where it found %s', (_what, text, message) => {
    const { remarks } = discover(text);
    expect(remarks).toMatchObject([{ code: 'unreadable', message: folder.at('nginx.conf') + message }]);
  });

  it('ends with a file that includes itself', () => {
    const { remarks } = discover('http { include nginx.conf; }');
    expect(remarks).toEqual([]);
    const message = 'the configuration of nginx has more than 10000 files: the others were not read';
    const many = discover(`http { ${'include nginx.conf; '.repeat(20)} }`);
    expect(many.remarks).toEqual([{ code: 'unreadable', message }]);
  });

  it('has no more remarks than people read', () => {
    const servers = Array.from(
      { length: 1100 },
      (_, index) => `server { listen 443 ssl; ssl_certificate /${index}$x; }`,
    );
    const { remarks } = discover(`http { ${servers.join('\n')} }`);
    expect(remarks).toHaveLength(1001);
    expect(remarks.at(-1)?.message).toBe(
      'more than 1000 remarks about the configuration of nginx: the others are left out',
    );
  });

  it('is not read where it has a NUL, which is in no path', () => {
    expect(discover('http { server { listen 443 ssl; ssl_certificate "/a\0.pem"; } }')).toMatchObject({
      certificates: [],
      remarks: [{ code: 'unreadable', message: expect.stringContaining('has a NUL octet') as string }],
    });
  });
});

describe('what nginx prints', () => {
  const server = (name: string): string =>
    `http { server { listen 127.0.0.1:443 ssl; ssl_certificate /${name}.pem; ssl_certificate_key /k; } }\n`;
  const read = (printed: string): ReturnType<typeof discoverNginx> =>
    nginxPrinting.read(printed, { configurations: ['/x/nginx.conf'] }, discover(server('file')));

  it('is read instead of the files, which need not be there', () => {
    const { certificates, configurations } = read(
      `# configuration file /x/nginx.conf:\ninclude more.conf;\n\n# configuration file /x/more.conf:\n\n${server('printed')}\n`,
    );
    expect(configurations).toEqual(['/x/nginx.conf', '/x/more.conf']);
    expect(certificates.map(({ certificate }) => certificate)).toEqual(['/printed.pem', '/file.pem']);
    expect(certificates[0]?.position).toEqual({ file: '/x/more.conf', line: 2 });
  });

  it('loses nothing to comments that look like the title of a file', () => {
    const title = '# configuration file /x/nginx.conf:\n';
    const { certificates } = read(`${title}${server('one')}${title}${server('two')}`);
    expect(certificates.map(({ certificate, position }) => [certificate, position?.line])).toEqual([
      ['/one.pem', 1],
      ['/two.pem', 3],
      ['/file.pem', 1],
    ]);
    const cut = read(`${title}# configuration file /x/other.conf:\n${server('lost')}`);
    expect(cut.certificates.map(({ certificate }) => certificate)).toEqual(['/file.pem']);
  });

  it('is left alone where it is no configuration', () => {
    expect(read('nothing').certificates.map(({ certificate }) => certificate)).toEqual(['/file.pem']);
    const { certificates, remarks } = read('# configuration file /x/nginx.conf:\nhttp {\n');
    expect(certificates.map(({ certificate }) => certificate)).toEqual(['/file.pem']);
    expect(remarks).toEqual([]);
  });
});
