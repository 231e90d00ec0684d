import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

async function refused(line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runRestaple(line.split(' '));
  expect({ exitCode, stdout }, line).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).not.toMatch(/help:|not found/);
  return stderr;
}

describe('a mistyped command', () => {
  it.each([
    ['fetc site.pem', 'restaple: there is no command "fetc"\n  hint: did you mean: restaple fetch\n'],
    ['FETCH', 'did you mean: restaple fetch\n'],
    ['confg check', 'restaple: there is no command "confg check"\n  hint: did you mean: restaple config check\n'],
    ['config chek', 'restaple: there is no command "config chek"\n  hint: did you mean: restaple config check\n'],
    ['config:chek', 'did you mean: restaple config check\n'],
    ['confg', 'did you mean: restaple config --help\n'],
    ['config frobnicate', 'hint: there is: restaple config check, restaple config init\n'],
    ['download site.pem', 'did you mean: restaple fetch\n'],
    ['site.pem', 'a command comes before files, for example: restaple fetch site.pem\n'],
    ['help nosuch', 'restaple: there is no command "nosuch"\n  hint: for the commands see: restaple --help\n'],
    ['config check all', 'restaple: config check takes no argument, and "all" is one\n'],
    ['--quiet fetch site.pem', 'restaple: --quiet stands before the command\n  hint: write: restaple fetch --quiet'],
    ['--versoin', 'did you mean: restaple --version\n'],
  ])('"restaple %s"', async (line, said) => {
    expect(await refused(line)).toContain(said);
  });

  it('is cut where it is the text of a file', async () => {
    const { stderr } = await runRestaple(['-----BEGIN PRIVATE KEY-----\nMIIEvQ\n']);
    expect(stderr).not.toContain('MIIEvQ');
    expect((await refused('x'.repeat(5000))).length).toBeLessThan(300);
  });
});

describe('a mistyped flag', () => {
  it.each([
    [
      'fetch --timeou 3s x.pem',
      'restaple: fetch has no flag --timeou\n  hint: did you mean --timeout? see: restaple fetch --help\n',
    ],
    ['fetch --dryrun x.pem', 'did you mean --dry-run?'],
    ['fetch --allowPrivate x.pem', 'did you mean --allow-private?'],
    ['fetch --no-fetch-isuer x.pem', 'did you mean --no-fetch-issuer?'],
    ['fetch --verb x.pem', 'did you mean --verbose?'],
    ['fetch -v x.pem', 'did you mean --verbose or -V?'],
    ['verify -issuer ca.pem x.pem', 'restaple: verify has no flag -issuer\n  hint: did you mean --issuer?'],
    ['verify -CAfile ca.pem x.pem', 'did you mean --ca?'],
    ['uri --url http://x/ x.pem', '--url is a flag of fetch, query; see: restaple uri --help'],
    ['verify --profile web x.pem', 'restaple: --profile needs --lint\n  hint: see: restaple verify --help\n'],
    ['verify --for nginx --for hitch x.pem', 'restaple: --for may be given only once\n'],
    ['verify --crl a --connect b:1', 'restaple: --connect cannot be combined with --crl\n'],
    ['generate --ca-key a x.pem', 'restaple: --ca-cert is required\n'],
    ['config check --confg x', 'did you mean --config? see: restaple config check --help'],
    ['verify --frobnicate x.pem', '  hint: see: restaple verify --help\n'],
  ])('"restaple %s"', async (line, said) => {
    expect(await refused(line)).toContain(said);
  });

  it('is told without its value, which may be a secret, and with --json as an object', async () => {
    const { stdout, stderr, lines } = await runRestaple(['fetch', '--json', '--heade=Authorization: abc', 'x.pem']);
    expect(stdout + stderr).not.toContain('abc');
    expect(lines()).toEqual([
      {
        error: {
          code: 'usage',
          message: 'fetch has no flag --heade',
          hint: 'did you mean --header? see: restaple fetch --help',
        },
      },
    ]);
  });

  it('is told without the value where there are colours too', async () => {
    const args = ['verify', '--crl', 'a', '--connect', 's3cret:1'];
    const { stderr } = await runRestaple(args, { env: { FORCE_COLOR: '1', NO_COLOR: undefined } });
    expect(stderr).toContain('--connect cannot be combined with --crl');
    expect(stderr).not.toContain('s3cret');
  });

  it('is UNKNOWN for a monitoring system', async () => {
    expect(await runRestaple(['verify', '--nagios', '--wran', '3h', 'x.pem'])).toMatchObject({
      exitCode: 3,
      stdout: 'OCSP UNKNOWN - verify has no flag --wran\nhint: did you mean --warn? see: restaple verify --help\n',
    });
  });
});

describe('a mistyped value', () => {
  it.each([
    ['fetch --hash sha265 x.pem', '--hash: "sha265" is not one of sha1, sha256\n  hint: did you mean --hash sha256?'],
    ['fetch --hash SHA-256 x.pem', 'did you mean --hash sha256?'],
    ['fetch --method GET x.pem', 'did you mean --method get?'],
    ['verify --for HAproxy x.pem', 'did you mean --for haproxy?'],
    ['verify --lint --profile publik x.pem', '"publik" is not one of private, rfc, web\n'],
    ['generate --ca-cert ca.pem --status revokd x.pem', 'did you mean --status revoked?'],
    ['generate --ca-cert ca.pem --status revoked --reason keycompromise x.pem', 'did you mean --reason keyCompromise?'],
    [
      'reload haprox:/run/x.sock',
      '"haprox:/run/x.sock" is not a reload target\n  hint: did you mean haproxy:/run/x.sock?',
    ],
    ['fetch --reload ngnix x.pem', 'did you mean nginx?'],
    ['fetch --out= x.pem', '--out: "" is not a file, a folder, a template or -\n'],
    ['fetch --metrics - x.pem', '--metrics: "-" is not the name of a file\n'],
    ['fetch --request-out - x.pem', '--request-out: "-" is not the name of a file\n'],
    ['fetch --watch --at 2026-03-01 x.pem', 'restaple: --at cannot be combined with --watch\n'],
  ])('"restaple %s"', async (line, said) => {
    expect(await refused(line)).toContain(said);
  });
});

describe('a mistyped variable', () => {
  let folder: TemporaryFolder;
  let path: string;

  beforeAll(() => {
    folder = createTemporaryFolder();
    const authority = createCertificateAuthority();
    path = folder.write('site.pem', authority.issue({ ocspUris: [] }).certificate.pem + authority.certificate.pem);
  });

  afterAll(() => {
    folder.remove();
  });

  it.each([
    ['RESTAPLE_TIMEOU', 'did you mean RESTAPLE_TIMEOUT?'],
    ['RESTAPLE_DRYRUN', 'did you mean RESTAPLE_DRY_RUN?'],
    ['RESTAPEL_HASH', 'did you mean RESTAPLE_HASH?'],
    ['restaple_hash', 'did you mean RESTAPLE_HASH?'],
    ['RESTAPLE_SHARD_COUNTS', 'did you mean RESTAPLE_SHARD_COUNT?'],
    ['RESTAPLE_HEADER', '--header may be given several times and has no variable'],
  ])('%s is a warning of fetch, and the work goes on', async (name, said) => {
    expect(await runRestaple(['fetch', path], { env: { [name]: 'secret' } })).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: `restaple: warning: the variable ${name} has no effect: ${said}\n`,
    });
  });

  it('is withheld with --quiet, and names that others set are none', async () => {
    const env = {
      RESTAPLE_VERSION: '1.2.3',
      RESTAPLE_PORT: 'tcp://10.0.0.1:80',
      RESTAPLE_SERVICE_HOST: '10.0.0.1',
      RESTAPLE_PORT_80_TCP_ADDR: '10.0.0.1',
      RESTAPLE_RELOAD: 'systemctl reload haproxy',
      RESTIC_PASSWORD: 'x',
      RUSTUP_HOME: '/x',
    };
    expect(await runRestaple(['fetch', path], { env })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await runRestaple(['uri', path], { env: { RESTAPLE_TIMEOU: '3s' } })).toMatchObject({ exitCode: 0 });
    const quiet = await runRestaple(['fetch', '--quiet', path], { env: { RESTAPLE_TIMEOU: '3s' } });
    expect(quiet).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('is a warning of config check too, and its value is asked about where it is one of several words', async () => {
    const config = folder.write('restaple.yaml', 'certificates: [site.pem]\n');
    const checked = await runRestaple(['config', 'check', '--config', config], { env: { RESTAPLE_TIMEOU: '3s' } });
    expect(checked).toMatchObject({ exitCode: 0 });
    expect(checked.stderr).toContain('RESTAPLE_TIMEOU has no effect: did you mean RESTAPLE_TIMEOUT?');
    const { exitCode, stderr } = await runRestaple(['fetch', path], { env: { RESTAPLE_HASH: 'sha-256' } });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('RESTAPLE_HASH: "sha-256" is not one of sha1, sha256; did you mean sha256?');
  });
});

describe('--quiet', () => {
  it('leaves of config check and verify only errors', async () => {
    const folder = createTemporaryFolder();
    try {
      const config = folder.write('restaple.yaml', 'certificates: [site.pem]\n');
      folder.write('site.pem', createCertificateAuthority().issue().certificate.pem);
      const calm = { exitCode: 0, stdout: '', stderr: '' };
      expect(await runRestaple(['config', 'check', '--quiet', '--config', config])).toMatchObject(calm);
      const json = await runRestaple(['config', 'check', '--quiet', '--json', '--config', config]);
      expect(json.lines()).toHaveLength(1);
      const wrong = folder.write('wrong.yaml', 'certificate: [site.pem]\n');
      const { exitCode, stdout, stderr } = await runRestaple(['config', 'check', '--quiet', '--config', wrong]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain('certificate');
    } finally {
      folder.remove();
    }
  });
});
