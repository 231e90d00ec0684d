import { chmodSync, mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple, type RunOptions, type RunResult } from '../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const authority = createCertificateAuthority();
const site = authority.issue();

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
  folder.write('certs/one.pem', site.certificate.pem);
  folder.write('a b.pem', site.certificate.pem);
  mkdirSync(folder.at('ocsp'));
});
afterEach(() => folder.remove());

const file = `certificates:
  - certs
  - path: "a b.pem"
    out: 'ocsp/{name}.der'
responders:
  - host: ocsp.example.com:8080
    url: http://user:secret@10.0.0.1/
defaults:
  timeout: 20s
  proxy: http://user:secret@proxy:3128
  header:
    - "X-Key: secret"
  quiet: true
hooks:
  on-failed: "sh -c 'fail # 1' root"
`;

function check(text: string, words: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
  const env = { XDG_RUNTIME_DIR: folder.path, ...options.env };
  return runRestaple(['config', 'check', '--config', folder.write('restaple.yaml', text), ...words], { env });
}

describe('restaple config check', () => {
  it('prints what takes effect with the origin of each setting, and nothing else', async () => {
    const { exitCode, stdout, stderr } = await check(file, [], { env: { RESTAPLE_HASH: 'sha256' } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const lines = stdout.split('\n');
    for (const line of [
      `# what takes effect: restaple fetch --config ${folder.at('restaple.yaml')}`,
      '  timeout: 20s # file, line 9',
      '  header: # file, line 11',
      '    - "X-Key: ********"',
      '  proxy: "http://user:********@proxy:3128" # file, line 10',
      '  hash: sha256 # environment, RESTAPLE_HASH',
      '  connect-timeout: 3s # default',
      '  refresh-at: 50% # default',
      '  retries: 2 # default',
      '  reload: [] # default',
      '    url: "http://user:********@10.0.0.1/"',
    ]) {
      expect(lines).toContain(line);
    }
    expect(stdout).not.toContain('secret');
  });

  it('prints YAML that it takes itself, with the same effect', async () => {
    const first = await check(file);
    const second = await check(first.stdout);
    expect(second).toMatchObject({ exitCode: 0, stderr: '' });
    expect(parse(second.stdout)).toEqual(parse(first.stdout));
    expect(parse(first.stdout)).toMatchObject({
      certificates: [{ path: folder.at('certs') }, { path: folder.at('a b.pem'), out: folder.at('ocsp/{name}.der') }],
      defaults: { 'on-failed': "sh -c 'fail # 1' root", quiet: true },
    });
  });

  it('prints one object with --json', async () => {
    const { exitCode, stderr, lines } = await check(file, ['--json'], { env: { RESTAPLE_RETRIES: '4' } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [object, ...others] = lines();
    expect(others).toEqual([]);
    expect(object).toMatchObject({
      config: folder.at('restaple.yaml'),
      certificates: [{ path: folder.at('certs') }, { path: folder.at('a b.pem'), out: folder.at('ocsp/{name}.der') }],
      responders: [{ host: 'ocsp.example.com:8080', url: 'http://user:********@10.0.0.1/' }],
      settings: {
        timeout: { value: '20s', origin: 'file', line: 9 },
        retries: { value: 4, origin: 'environment', variable: 'RESTAPLE_RETRIES' },
        header: { value: ['X-Key: ********'], origin: 'file', line: 11 },
        quiet: { value: true, origin: 'file', line: 13 },
        method: { value: 'post', origin: 'default' },
      },
    });
  });

  it('tells every mistake with its line, then what to do, with exit 2', async () => {
    const { exitCode, stdout, stderr } = await check('issuer: a\n\ndefaults: { timeot: 5s }\n');
    const path = folder.at('restaple.yaml');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe(
      [
        `restaple: ${path}:1: there is no setting "issuer", expected perhaps issuers`,
        `restaple: ${path}:3: defaults: there is no setting "timeot", expected perhaps timeout`,
        `  hint: correct the file, then: restaple config check --config ${path}`,
        '',
      ].join('\n'),
    );
    const { exitCode: code, lines } = await check('issuer: a\nreload: foo\n', ['--json']);
    expect(code).toBe(2);
    expect(lines()).toMatchObject([{ error: { code: 'usage', message: expect.stringMatching(/:1: [^]*$/) as never } }]);
  });

  it('prints nothing with --quiet, unless there is a mistake', async () => {
    expect(await check(file, ['--quiet'])).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    const bad = await check('issuer: a\n', ['--quiet']);
    expect(bad).toMatchObject({ exitCode: 2, stdout: '' });
    expect(bad.stderr).toContain('expected perhaps issuers');
  });

  it('tells mistakes of every kind at once: keys, values, variables, and what fetch would miss', async () => {
    folder.write('ca.pem', authority.certificate.pem);
    folder.write('not-executable', '#!/bin/sh\n', 0o644);
    folder.write('key.txt', 'no key');
    mkdirSync(folder.at('empty'));
    const text = `certificates:
  - none
  - certs
  - { pth: x }
  - 'glob*.pem'
  - empty
  - path: a b.pem
    out: nowhere/{name}.der
  - crt-list: list.txt
  - ca.key
issuers: [ca.pem, other-ca.pem]
trusted-responders: [key.txt]
responders:
  - host: a b
    url: http://ocsp.example/
  - issuer: no.pem
    url: none
  - host: x
hooks:
  on-updated: ./deploy --now
  on-failed: ${folder.at('not-executable')} root
  on-revoked: no-such-program-anywhere
reload:
  - haproxy:${folder.at('ca.pem')}
  - exec:${folder.at('empty')}
  - dnsdist:127.0.0.1:5199
  - apache
metrics: nowhere/m.prom
lock: empty
defaults:
  timeot: 5s
  retries: many
  header:
  out: elsewhere/
`;
    const path = folder.write('restaple.yaml', text);
    folder.write('ca.key', '');
    const { exitCode, stdout, stderr } = await check(text, [], { env: { RESTAPLE_HASH: 'md5', PATH: '/usr/bin' } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    const all: readonly (readonly [number, RegExp])[] = [
      [2, /certificates: .*none does not exist/],
      [4, /no setting "pth", expected perhaps path/],
      [5, /certificates: .*glob\*\.pem: no file matches/],
      [6, /certificates: there is no certificate in .*empty/],
      [7, /certificates: the folder .*nowhere does not exist/],
      [9, /certificates: .*list\.txt does not exist/],
      [10, /certificates: .*ca\.key is empty/],
      [11, /issuers: .*other-ca\.pem does not exist/],
      [12, /trusted-responders: .*key\.txt: it is neither PEM nor DER/],
      [14, /responders: "a b"/],
      [16, /responders: .*no\.pem does not exist/],
      [18, /responders\S*: expected url/],
      [20, /hooks\.on-updated: \.\/deploy does not exist/],
      [21, /hooks\.on-failed: .*not-executable may not be run/],
      [22, /hooks\.on-revoked: no-such-program-anywhere was not found in PATH/],
      [24, /reload: .*ca\.pem is a file, not a socket/],
      [25, /reload: .*empty is a folder, not a program/],
      [26, /reload: dnsdist:127\.0\.0\.1:5199 needs its console key/],
      [27, /reload: "apache"/],
      [28, /metrics: the folder .*nowhere does not exist/],
      [29, /lock: .*empty is a folder, not a file/],
      [31, /no setting "timeot", expected perhaps timeout/],
      [32, /defaults\.retries: /],
      [33, /header has no value/],
      [34, /defaults\.out: the folder .*elsewhere\/? does not exist/],
    ];
    const lines = stderr.split('\n');
    // A variable has no line, and comes first.
    expect(lines[0]).toMatch(/^restaple: RESTAPLE_HASH: /);
    for (const [line, words] of all) {
      const found = lines.filter((one) => one.startsWith(`restaple: ${path}:${line}: `)).join('\n');
      expect({ line, found }).toEqual({ line, found: expect.stringMatching(words) as string });
    }
    // With the variable, what the misspelt key leaves unsaid, the hint, and the end.
    expect(lines).toHaveLength(all.length + 4);
    const [json] = (await check(text, ['--json'])).lines() as [{ error: { message: string } }];
    for (const [, words] of all) expect(json.error.message).toMatch(words);
  });

  it.each([
    ['', 'nothing'],
    ['# only a comment\n', 'a comment'],
    ['---\n', 'a mark'],
    ['{}\n', 'an empty mapping'],
  ])('does not take an empty file (%j) for a good one', async (text) => {
    const { exitCode, stdout, stderr } = await check(text);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/restaple\.yaml:1: the file has no settings, expected a mapping such as certificates:/);
  });

  it('checks the targets of a source, and lets no mistake in an entry hide the others of it', async () => {
    const text = `certificates:
  - path: certs
    out: nowhere/{name}.der
    reload: [haproxy:${folder.at('a b.pem')}, 'dnsdist:127.0.0.1:5199', apache]
  - path: none
    reload: exec:${folder.at('ocsp')}
    relod: x
    confirm: { a: b }
responders:
  - host: a b
    url: http://ocsp.example/
    method: get
  - issuer: no.pem
    url: ftp://x/
    hosts: x
`;
    const { exitCode, stderr } = await check(text);
    expect(exitCode).toBe(2);
    for (const problem of [
      /:2: certificates: the folder .*nowhere does not exist$/m,
      /:2: certificates: reload: .*a b\.pem is a file, not a socket$/m,
      /:2: certificates: reload: dnsdist:127\.0\.0\.1:5199 needs its console key/m,
      /:4: certificates: reload: "apache" is not a reload target/m,
      /:5: certificates: .*none does not exist$/m,
      /:5: certificates: reload: .*ocsp is a folder, not a program$/m,
      /:7: certificates: there is no setting "relod", expected perhaps reload$/m,
      /:8: certificates\.confirm: expected a value or a list of values$/m,
      /:10: responders: "a b" is not a host/m,
      /:12: responders: there is no setting "method"/m,
      /:13: responders: .*no\.pem does not exist/m,
      /:14: responders: .*ftp/m,
      /:15: responders: there is no setting "hosts"/m,
    ]) {
      expect(stderr).toMatch(problem);
    }
  });

  it('warns of a file that names no certificates, as for deploy hooks', async () => {
    const { exitCode, stderr } = await check('defaults: { timeout: 5s }\n');
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^restaple: warning: .* names no certificates, so every run must name them/);
  });

  it('finds what a good file needs: issuers in a folder, a key, a program by PATH, places for files', async () => {
    folder.write('cas/ca.pem', authority.certificate.pem);
    folder.write('list.txt', `${folder.at('a b.pem').replaceAll(' ', '\\ ')}\n`);
    const { exitCode, stderr } = await check(
      'certificates: certs\nissuers: [cas]\nmetrics: ocsp/m.prom\nlock: ocsp/lock\nreload: ["exec:true"]\n' +
        'hooks: { on-updated: "true" }\ndefaults: { out: "ocsp/{serial}/x" }\n',
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('refuses a file that others may write, and one that is not there', async () => {
    const path = folder.write('restaple.yaml', file);
    chmodSync(path, 0o666);
    const open = await runRestaple(['config', 'check', '--config', path]);
    expect(open).toMatchObject({ exitCode: 2, stdout: '' });
    expect(open.stderr).toContain(`${path} is writable by group or others (mode 0666), and it names commands`);
    const missing = await runRestaple(['config', 'check'], { env: { RESTAPLE_CONFIG: folder.at('none.yaml') } });
    expect(missing).toMatchObject({ exitCode: 2, stdout: '' });
    expect(missing.stderr).toContain('none.yaml cannot be read: it does not exist');
  });

  it('is found by its topic', async () => {
    const { exitCode, stdout } = await runRestaple(['config', '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('config check');
  });
});
