import { chmodSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { runRestaple, type RunOptions, type RunResult } from '../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
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
  on-failed: "mail -s 'fail # 1' root"
`;

function check(text: string, words: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
  return runRestaple(['config', 'check', '--config', folder.write('restaple.yaml', text), ...words], options);
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
      defaults: { 'on-failed': "mail -s 'fail # 1' root", quiet: true },
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
