import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ConfigurationError } from '../../../../src/cli/config/configuration-error.js';
import { configurationFrom, type Configuration } from '../../../../src/cli/config/configuration.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { projectFolder } from '../../../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';
import { fleetFlags } from './fleet-flags.js';

let folder: TemporaryFolder;
let file: string;

beforeAll(() => {
  folder = createTemporaryFolder();
  folder.write('ca/corporate.pem', createCertificateAuthority({ name: 'Corporate' }).certificate.pem);
  file = folder.at('restaple.yaml');
});
afterAll(() => folder.remove());

const read = (text: string): Promise<Configuration> => configurationFrom(file, text, fleetFlags);

async function problems(text: string): Promise<string[]> {
  try {
    await read(text);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    expect(error.code).toBe('usage');
    expect(error.message).toBe(error.problems.join('\n'));
    expect(error.hint).toBe(`correct the file, then: restaple config check --config ${file}`);
    return error.problems.map((line) => line.replace(`${file}:`, ''));
  }
  throw new Error('the file was taken');
}

describe('the example of docs/configuration.md', () => {
  const page = readFileSync(join(projectFolder, 'docs', 'configuration.md'), 'utf8');
  const example = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? '';

  it('is a configuration with every section', async () => {
    const { sources, responders, settings } = await read(example);
    expect(sources).toEqual([
      { path: '/etc/haproxy/certs' },
      { path: '/etc/nginx/certs/*.pem' },
      { path: '/etc/letsencrypt/live', out: '/etc/nginx/ocsp/{lineage}.der', reload: ['nginx'], confirm: [] },
      { crtList: '/etc/haproxy/crt-list.txt', base: '/etc/haproxy/certs' },
    ]);
    expect(responders.map(({ url }) => url)).toEqual([
      'http://ocsp-cache.internal:8080/',
      undefined,
      'http://10.0.0.7/ocsp',
    ]);
    expect(Object.fromEntries([...settings].map(([name, { value }]) => [name, value]))).toEqual({
      issuer: [folder.at('ca/corporate.pem')],
      'trusted-responder': [],
      reload: ['haproxy:/run/haproxy/admin.sock', 'dnsdist:127.0.0.1:5199'],
      confirm: ['127.0.0.1:443'],
      'dnsdist-key-file': '/etc/dnsdist/console.key',
      'on-updated': '/usr/local/bin/staple-updated',
      'on-failed': '/usr/local/bin/page --team tls',
      'on-revoked': '/usr/local/bin/page --urgent',
      metrics: '/var/lib/prometheus/node-exporter/restaple.prom',
      lock: '/run/restaple/fetch.lock',
      'lock-wait': 30_000,
      'refresh-at': { fraction: 0.5 },
      'alert-before': 2 * 86_400_000,
      timeout: 10_000,
      retries: 2,
      concurrency: 64,
      method: 'auto',
      header: [['X-Fleet', 'edge']],
      'allow-address': ['10.0.0.0/8'],
      'accept-status': 'good',
      'fetch-issuer': true,
      'store-issuer': true,
    });
  });

  it('names every key that the file can have but flags', () => {
    for (const key of ['certificates', 'issuers', 'trusted-responders', 'responders', 'reload', 'confirm', 'hooks']) {
      expect(example).toMatch(new RegExp(`^${key}:`, 'm'));
    }
  });
});

describe('paths', () => {
  it('are relative to the folder of the file, whatever setting they stand in', async () => {
    const { sources, responders, settings } = await read(`
certificates:
  - site.pem
  - { path: ./live, out: 'ocsp/' }
  - { path: a.pem, out: '{dir}/{base}.ocsp' }
  - { crt-list: list.txt, crt-base: certs }
responders: [{ issuer: ca/corporate.pem, url: none }]
confirm: ['site.pem=127.0.0.1:443#a=b', '127.0.0.1:443']
metrics: m.prom
defaults: { out: '{name}.der', lock: /run/x.lock }
`);
    expect(sources).toEqual([
      { path: folder.at('site.pem') },
      { path: `${folder.path}/./live`, out: `${folder.path}/ocsp/` },
      { path: folder.at('a.pem'), out: '{dir}/{base}.ocsp' },
      { crtList: folder.at('list.txt'), base: folder.at('certs') },
    ]);
    expect(responders).toHaveLength(1);
    expect(settings.get('confirm')?.texts).toEqual([`${folder.at('site.pem')}=127.0.0.1:443#a=b`, '127.0.0.1:443']);
    expect(settings.get('metrics')?.texts).toEqual([folder.at('m.prom')]);
    expect(settings.get('out')?.texts).toEqual([folder.at('{name}.der')]);
    expect(settings.get('lock')?.texts).toEqual(['/run/x.lock']);
  });

  it('of a glob keep the folder from being a pattern', async () => {
    const { sources } = await configurationFrom('/etc/a[b]{c}/x.yaml', 'certificates: ["*.pem", x.pem]', fleetFlags);
    expect(sources).toEqual([{ path: '/etc/a\\[b\\]\\{c\\}/*.pem' }, { path: '/etc/a[b]{c}/x.pem' }]);
  });
});

describe('values', () => {
  it('are the texts of the command line: no YAML type changes them', async () => {
    const { settings } = await read(
      'defaults: { retries: 03, nonce: yes, strict: "true", force: No, timeout: 250ms, proxy: "" }\n',
    );
    const parsed = Object.fromEntries([...settings].map(([name, { value }]) => [name, value]));
    expect(parsed).toEqual({ retries: 3, nonce: true, strict: true, force: false, timeout: 250, proxy: '' });
  });

  it('may come through an anchor, and one value may stand for a list of one', async () => {
    const { settings, sources } = await read('certificates: a.pem\nissuers: &ca ca.pem\ntrusted-responders: [*ca]\n');
    expect(sources).toEqual([{ path: folder.at('a.pem') }]);
    expect(settings.get('issuer')?.texts).toEqual(settings.get('trusted-responder')?.texts);
  });

  it('are nothing in a file without contents', async () => {
    for (const text of ['', '# nothing\n', '---\n', '{}\n']) {
      expect(await read(text)).toMatchObject({ sources: [], responders: [], settings: new Map() });
    }
  });
});

describe('a mistake', () => {
  it.each<[string, string, string[]]>([
    ['an unknown key', 'issuer: a\n', ['1: there is no setting "issuer", expected perhaps issuers']],
    [
      'a key like none',
      'zzzzzz: a\n',
      [
        '1: there is no setting "zzzzzz", expected one of certificates, responders, issuers, trusted-responders, reload, confirm, dnsdist-key-file, metrics, lock, lock-wait, hooks, defaults',
      ],
    ],
    [
      'an unknown flag',
      '\ndefaults:\n  timout: 1s\n',
      ['3: defaults: there is no setting "timout", expected perhaps timeout'],
    ],
    [
      'a flag with underscores',
      'defaults:\n  allow_private: yes\n',
      ['2: defaults: there is no setting "allow_private", expected perhaps allow-private'],
    ],
    [
      'a flag like none',
      'defaults: {xyzzyx: 1}\n',
      ['1: defaults: there is no setting "xyzzyx", expected the name of a flag (restaple fetch --help)'],
    ],
    [
      'a flag of one run',
      'defaults:\n  at: 5\n',
      ['2: defaults: "at" belongs on the command line: it is about one run'],
    ],
    ['a prototype', '__proto__: {a: 1}\n', [expect.stringMatching(/^1: there is no setting "__proto__"/) as never]],
    ['a list of settings', '- a\n', ['1: expected a mapping such as certificates: [/etc/haproxy/certs]']],
    ['a text', 'hello\n', ['1: expected a mapping such as certificates: [/etc/haproxy/certs]']],
    [
      'a certificate that is a list',
      'certificates:\n- a\n- [b]\n',
      ['3: certificates: expected a path, or a mapping with path or crt-list'],
    ],
    [
      'a certificate of two kinds',
      'certificates:\n- path: a\n  crt-list: b\n',
      ['2: certificates: expected either path or crt-list'],
    ],
    [
      'a base of no list',
      'certificates:\n- path: a\n  crt-base: b\n',
      ['2: certificates: crt-base without crt-list, expected both'],
    ],
    ['an empty path', 'certificates:\n- a\n- ""\n', ['3: certificates: path is empty, expected a path']],
    ['an empty path of a flag', 'issuers:\n- ""\n', ['2: issuers: is empty, expected a path']],
    [
      'a placeholder that does not exist',
      'certificates:\n- path: a\n  out: "{x}"\n',
      ['3: certificates: out: there is no placeholder {x}'],
    ],
    ['a list where one value is expected', 'defaults:\n  timeout: [1s]\n', ['2: defaults.timeout: expected one value']],
    ['a mapping where values are expected', 'reload: {a: b}\n', ['1: reload: expected a value or a list of values']],
    ['a hook that is not a mapping', 'hooks: x\n', ['1: hooks: expected a mapping such as on-failed: COMMAND']],
    ['a responder of no kind', 'responders:\n- url: none\n', ['2: responders: expected either host or issuer']],
    ['a responder without url', 'responders:\n- host: a\n', ['2: responders.url: expected url: a URL or none']],
    [
      'a responder’s host',
      'responders:\n- host: a/b\n  url: none\n',
      ['2: responders: "a/b" is not a host, expected NAME or NAME:PORT as in the certificate\'s URI'],
    ],
    [
      'a responder’s URL',
      'responders:\n- host: a\n  url: ldap://x\n',
      ['3: responders: ldap://x is a ldap URI, only http and https can be asked, expected a URL or none'],
    ],
    [
      'a setting in two places',
      'reload: nginx\ndefaults:\n  reload: hitch\n',
      ['3: defaults.reload is already set in line 1, expected in one place'],
    ],
    [
      'two flags that contradict',
      'defaults:\n  quiet: true\n  verbose: yes\n',
      ['3: verbose contradicts quiet, expected one of them'],
    ],
    [
      'an item without value',
      'certificates:\n- a\n-\n',
      ['3: an item of certificates has no value, expected one; leave it out, or write "" or [] for an empty one'],
    ],
    [
      'a key without value',
      'issuers:\n# - a\nreload: nginx\n',
      ['1: issuers has no value, expected one; leave it out, or write "" or [] for an empty one'],
    ],
    ['null', 'reload: ~\n', ['1: reload has no value, expected one; leave it out, or write "" or [] for an empty one']],
    [
      'a key twice',
      'reload: nginx\nissuers: a\nreload: hitch\n',
      ['3: not valid YAML: this key occurs twice, expected each key once'],
    ],
    [
      'a tag',
      'a: 1\nreload: !exec nginx\n',
      ['2: not valid YAML: a YAML tag, expected a plain value: tags are not supported'],
    ],
    [
      'a tag that YAML knows',
      'reload: !!str nginx\n',
      ['1: a YAML tag, expected a plain value: tags are not supported'],
    ],
    [
      'a tab',
      'hooks:\n\ton-failed: x\n',
      [expect.stringMatching(/^2: not valid YAML: a tab indents this line/) as never],
    ],
    ['an alias to nothing', 'reload: *x\n', [expect.stringMatching(/^1: .*alias/) as never]],
    ['two documents', 'reload: nginx\n---\nreload: hitch\n', ['2: a second document begins, expected one document']],
    ['a quote left open', 'a: 1\nb: "x\n', [expect.stringMatching(/^[23]: not valid YAML: /) as never]],
  ])('is told with its line: %s', async (_title, text, expected) => {
    expect(await problems(text)).toEqual(expected);
  });

  it.each<[string, string, RegExp]>([
    ['timeout', '10', /^"10" is not a duration above zero; for example 10s$/],
    ['retries', 'x', /^expected an integer but received: x$/],
    ['retries', '21', /^expected an integer less than or equal to 20 but received: 21$/],
    ['hash', 'md5', /^"md5" is not one of sha1, sha256$/],
    ['nonce', 'on', /^"on" is neither true nor false$/],
    ['refresh-at', '101%', /is not a percentage up to 100% or a duration/],
    ['accept-status', 'bad', /"bad" cannot be accepted; use good or good,revoked$/],
    ['url', 'ftp://x', /is a ftp URI/],
    ['out', '{cn}', /^there is no placeholder \{cn\}; use /],
    ['proxy', 'socks5://x', /^a socks5 proxy is not supported/],
    ['on-failed', "'x", /"'x" is not a command/],
    ['allow-address', '10.0.0.0/99', /is neither an IP address nor a CIDR block/],
    ['header', 'Content-Length: 1', /is set by restaple itself/],
    ['reload', 'apache', /^"apache" is not a reload target/],
    ['confirm', 'nowhere:99999', /is not a place for a handshake/],
  ])('in a value of %s is told with its line, in the words of the flag: %s', async (name, value, expected) => {
    const [problem, ...others] = await problems(`certificates: [a]\ndefaults:\n  ${name}: ${JSON.stringify(value)}\n`);
    expect(others).toEqual([]);
    expect(problem).toMatch(new RegExp(`^3: defaults\\.${name}: `));
    expect(problem!.replace(/^3: defaults\.[\w-]+: /, '')).toMatch(expected);
  });

  it('comes with all others, in the order of their lines, each in the line of its own item', async () => {
    const text =
      'defaults:\n  header:\n  - "A: b"\n  - x\n  - "C: d"\n  - y\n  retries: z\nreload: foo\nissuers: [a, ""]\n';
    expect((await problems(text)).map((line) => line.split(':')[0])).toEqual(['4', '6', '7', '8', '9']);
  });

  it('in an issuer’s file says what is wrong with that', async () => {
    folder.write('key.pem', 'no certificate');
    const text = 'responders:\n- url: none\n  issuer: none.pem\n- url: none\n  issuer: key.pem\n';
    expect(await problems(text)).toEqual([
      `3: responders: ${folder.at('none.pem')} does not exist, expected the certificate of a CA`,
      `5: responders: ${folder.at('key.pem')}: it is neither PEM nor DER, expected the certificate of a CA`,
    ]);
  });

  it('cannot write on the terminal, nor fill it', async () => {
    expect(await problems('"a\\e[2J\\nx: y": 1\n')).toEqual([expect.stringContaining('"a\\x1b[2J\\x0ax: y"')]);
    const many = Array.from({ length: 130 }, (_, index) => `key${index}: 1\n`).join('');
    const told = await problems(many);
    expect(told).toHaveLength(101);
    expect(told.at(-1)).toBe(`and 30 more in ${file}`);
  });
});

describe('a file that is made to cost', () => {
  it.each([
    ['brackets', '['.repeat(20_000)],
    ['brackets that close', `a: ${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['dashes', '- '.repeat(20_000)],
    ['braces', '{a: '.repeat(20_000)],
  ])('is refused for its depth: %s', async (_title, text) => {
    expect(await problems(text)).toEqual(['1: nested deeper than 16 levels']);
  });

  it('is refused where aliases of aliases grow', async () => {
    const lines = Array.from({ length: 10 }, (_, index) => `${index}: &a${index} [${`*a${index - 1},`.repeat(9)}]`);
    lines[0] = '0: &a0 [x,x,x,x,x,x,x,x,x]';
    expect(await problems(lines.join('\n'))).toEqual([expect.stringMatching(/aliases within aliases$/)]);
    expect(await problems('a: &a [*a]\n')).toEqual([expect.stringMatching(/alias/)]);
  });
});
