import { afterAll, describe, expect, it } from 'vitest';

import { discoverDnsdist } from '../../../../src/servers/dnsdist/discover.js';
import { createTemporaryFolder } from '../../../support/temporary-folder.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

function discover(text: string): ReturnType<typeof discoverDnsdist> {
  return discoverDnsdist({ configurations: [folder.write('dnsdist.conf', text)] });
}

describe('the configuration of dnsdist', () => {
  it('has certificates and staples in the same order, and a console with its key', () => {
    const { certificates, target, keyFile, remarks } = discover(`
      -- addTLSLocal("0.0.0.0", "/commented.pem", "/x.key")
      --[[ addTLSLocal("0.0.0.0", "/commented too.pem", "/x.key") ]]
      setKey("…") controlSocket('0.0.0.0')
      addTLSLocal("0.0.0.0", {"/rsa.pem", '/ec.pem'}, {"/rsa.key", "/ec.key"},
        { ocspResponses = {"/rsa.ocsp"}, minTLSVersion = "tls1.2", numberOfShards=2 })
      addDOHLocal("[::1]:8443", "/doh.pem", "/doh.key", "/dns-query", {ocspResponses={[[/doh.ocsp]]}})
      addDOHLocal("127.0.0.1:80", nil, nil)
    `);
    expect(certificates).toMatchObject([
      { certificate: '/rsa.pem', stapleFile: '/rsa.ocsp', places: [{ host: '127.0.0.1', port: 853 }] },
      { certificate: '/ec.pem', position: { line: 5 } },
      { certificate: '/doh.pem', stapleFile: '/doh.ocsp', places: [{ host: '::1', port: 8443 }] },
    ]);
    expect(certificates).toHaveLength(3);
    expect(target).toBe('dnsdist:127.0.0.1:5199');
    expect(keyFile).toBe(folder.at('dnsdist.conf'));
    expect(remarks).toEqual([]);
  });

  it('names what would have to be run', () => {
    const { certificates, remarks } = discover('addTLSLocal("0.0.0.0", folder .. "/a.pem", "/a.key")\n');
    expect(certificates).toEqual([]);
    expect(remarks).toMatchObject([{ code: 'not-understood' }]);
    expect(remarks[0]?.message).toContain(':1: the arguments of addTLSLocal');
  });

  it('is read in the files of an included folder', () => {
    folder.write('conf.d/tls.conf', 'addTLSLocal("127.0.0.1:853", "/inner.pem", "/inner.key")');
    const { certificates } = discover(`includeDirectory("${folder.at('conf.d')}")`);
    expect(certificates.map(({ certificate }) => certificate)).toEqual(['/inner.pem']);
  });
});

describe('QUIC frontends of dnsdist', () => {
  it('have certificates, no place for a handshake, and no use for staples', () => {
    const { certificates } = discover(`
      addDOQLocal("127.0.0.1", "/doq.pem", "/doq.key")
      addDOH3Local("[::1]:8443", {"/a.pem"}, {"/a.key"}, {ocspResponses={"/a.ocsp"}})
    `);
    expect(certificates).toMatchObject([
      { certificate: '/doq.pem', places: [], cannotStaple: expect.stringContaining('127.0.0.1:853 (UDP)') as string },
      { certificate: '/a.pem', remarks: [{ code: 'setting' }] },
    ]);
    expect(certificates[1]).not.toHaveProperty('stapleFile');
  });
});

describe('text that is not Lua', () => {
  it.for([
    ['garbage {{{', 1],
    ['local a = 1\nhello world\n', 2],
    ['print("a\n', 1],
    ['if a then\n  b()\n', 1],
    ['a = {1, 2\n', 1],
    ['a()\nend\n', 2],
    ['binds:\n  - listen_address: "1"\n', 1],
    ['--[==[ never\nends ]]', 1],
    ['x = (1]\n', 1],
  ] as const)('is said with its line: %j', ([text, line]) => {
    const { remarks } = discover(text);
    expect(remarks).toMatchObject([{ code: 'unreadable', message: expect.stringContaining(`:${line}: `) as string }]);
  });

  it.for([
    'local x y = 1',
    'f "text" g {1} h [[long]]',
    'for i = 1, 3 do print(i) end while true do break end repeat x = 1 until x == 1',
    'a.b["c"]:d(1).e, f = 1, 0xFFull local n = 1e5 m = 2',
    'local function f(...) return ... end x = function() if a then return end end y = #t .. "a"',
    '::again:: goto again',
    'if a then b() elseif c then d = nil else e = not f and g or h end é = 1',
    '#!/usr/bin/dnsdist\nsetKey("a")',
    "x = 'it' -- don't [ stop\n--[==[ { ( ]==] z = a and b or c w = 1",
  ])('is not this: %j', (text) => {
    expect(discover(text).remarks).toEqual([]);
  });
});

describe('the YAML configuration of dnsdist', () => {
  const yaml = (text: string, name = 'dnsdist.yml'): ReturnType<typeof discoverDnsdist> =>
    discoverDnsdist({ configurations: [folder.write(name, text)] });

  it('has frontends with their certificates and staples, by address and protocol', () => {
    const { certificates, target, keyFile, remarks, configurations } = yaml(`
console:
  listen_address: "127.0.0.1:5199"
  key: "${'A'.repeat(43)}="
binds:
  - listen_address: "0.0.0.0"
    protocol: "DoT"
    additional_addresses: ["127.0.0.1:8853"]
    tls: &tls
      certificates:
        - certificate: "/rsa.pem"
          key: "/rsa.key"
        - {certificate: /ec.pem, key: /ec.key}
      ocsp_response_files: ["/rsa.ocsp", '/ec.ocsp']
  - listen_address: "127.0.0.1:53"
    protocol: Do53
  - {listen_address: "[::1]:8443", protocol: doh, tls: *tls}
  - listen_address: 127.0.0.1
    protocol: DoQ
    tls: *tls
`);
    expect(remarks).toEqual([]);
    expect(certificates).toMatchObject([
      {
        certificate: '/rsa.pem',
        stapleFile: '/rsa.ocsp',
        places: [
          { host: '127.0.0.1', port: 853 },
          { host: '127.0.0.1', port: 8853 },
        ],
        position: { line: 6 },
      },
      { certificate: '/ec.pem', stapleFile: '/ec.ocsp' },
      { certificate: '/rsa.pem', places: [{ host: '::1', port: 8443 }], position: { line: 17 } },
      { certificate: '/ec.pem' },
      { certificate: '/rsa.pem', cannotStaple: expect.stringContaining('127.0.0.1:853 (UDP)') as string },
      { certificate: '/ec.pem' },
    ]);
    expect(target).toBe('dnsdist:127.0.0.1:5199');
    expect(keyFile).toBe(folder.at('dnsdist.yml'));
    expect(configurations).toEqual([folder.at('dnsdist.yml')]);
  });

  it('is read with the Lua file of its name, and names functions as not understood', () => {
    folder.write('both.lua', 'addTLSLocal("127.0.0.1", "/lua.pem", "/lua.key")');
    const { certificates, remarks } = yaml(
      `binds:\n  - {listen_address: 127.0.0.1, protocol: DoH, tls: {certificates: [{certificate: /y.pem}]}}
query_rules:\n  - action:\n      type: Lua\n      function_code: |\n        return function(dq) end\n`,
      'both.yml',
    );
    expect(certificates.map(({ certificate }) => certificate)).toEqual(['/lua.pem', '/y.pem']);
    expect(remarks.map(({ code }) => code)).toEqual(['not-understood', 'not-asked']);
  });

  it.for([
    ['binds: [\n', 'dnsdist.yml:'],
    ['just a text', 'dnsdist.yml:1: expected settings'],
    [`a: ${'['.repeat(100_000)}`, 'nested deeper than 64 levels'],
    ['a: &a [*a]\nb: {{{\n', 'dnsdist.yml:'],
    ['a: 1\n---\nb: 2\n', 'expected one YAML document'],
  ] as const)('is said where it is none: %#', ([text, what]) => {
    const { certificates, remarks } = yaml(text);
    expect(certificates).toEqual([]);
    expect(remarks).toMatchObject([{ code: 'unreadable', message: expect.stringContaining(what) as string }]);
  });

  it('takes no time for aliases of aliases', () => {
    const lines = Array.from({ length: 60 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]`);
    const bomb = ['a0: &a0 [x, x]', ...lines, 'binds: *a60'].join('\n');
    expect(yaml(bomb).certificates).toEqual([]);
  });
});
