import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { projectFolder, runRestaple, type RunResult } from '../support/run-program.js';
import { now, withFleet } from './support/stapled-fleet.js';

function check(...words: readonly string[]): Promise<RunResult> {
  return runRestaple(['verify', '--nagios', '--at', now.toISOString(), ...words]);
}

/** The text and the performance data of the first line. */
function statusOf({ stdout }: RunResult): { text: string; data: string[] } {
  const [text = '', data = ''] = (stdout.split('\n')[0] ?? '').split(' | ');
  return { text, data: data.match(/(?:'[^']*'|[^\s'])+/g) ?? [] };
}

describe('verify --nagios', () => {
  it('advises only with flags that verify has, as the page does', async () => {
    await withFleet(async ({ folder }) => {
      const fixture = (name: string): string => join(projectFolder, 'fixtures', name);
      const page = folder.at('page.html');
      const words = ['--issuer', fixture('issuer.pem'), '--response', fixture('response-other-serial-number.der')];
      const result = await check(...words, fixture('server.pem'));
      await runRestaple(['verify', '--html', page, ...words, fixture('server.pem')]);
      for (const text of [result.stdout, readFileSync(page, 'utf8')]) {
        expect(text).toContain('check that the issuer is the right one');
        expect(text).not.toContain('--url');
      }
    });
  });

  it('is OK where every staple lasts, and tells the next end with figures and their limits', async () => {
    await withFleet(async ({ folder, add }) => {
      const near = add('a.pem', 76);
      const far = add('b.pem', 100);
      add('c.pem', 'missing', { certificate: { ocspUris: [] } });
      const result = await check(folder.path);
      expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(result.stdout.trimEnd().split('\n')).toHaveLength(1);
      const { text, data } = statusOf(result);
      expect(text).toBe('OCSP OK - 2 staples good, 1 without responder, next ends in 3d 4h');
      expect(data).toEqual([
        'certificates=3;;;0',
        'revoked=0;;0;0',
        'invalid=0;;0;0',
        'unknown=0;;0;0',
        'missing=0;;0;0',
        'expired=0;;0;0',
        'unjudged=0;;;0',
        'good=2;;;0',
        'no-responder=1;;;0',
        `'${near}'=273600s;86400:;21600:`,
        `'${far}'=360000s;86400:;21600:`,
      ]);
    });
  });

  it.each([
    [25, [], 0, 'OCSP OK - 1 staple good, next ends in 1d 1h'],
    [23, [], 1, 'OCSP WARNING - 1 below 1d (PATH), next ends in 23h'],
    [7, [], 1, 'OCSP WARNING - 1 below 1d (PATH), next ends in 7h'],
    [5, [], 2, 'OCSP CRITICAL - 1 below 6h (PATH), next ends in 5h'],
    [23, ['--warn', '12h'], 0, 'OCSP OK - 1 staple good, next ends in 23h'],
    [23, ['--warn', '48h', '--critical', '24h'], 2, 'OCSP CRITICAL - 1 below 1d (PATH), next ends in 23h'],
  ])('with %i hours left and %j exits %i', async (hours, flags, exitCode, text) => {
    await withFleet(async ({ add }) => {
      const path = add('a.pem', hours);
      const result = await check(...flags, path);
      expect({ exitCode: result.exitCode, text: statusOf(result).text }).toEqual({
        exitCode,
        text: text.replace('PATH', path),
      });
    });
  });

  it('is critical for a missing, revoked, unknown, expired or altered staple, and names each with the next step', async () => {
    await withFleet(async ({ folder, add }) => {
      const paths = {
        revoked: add('1.pem', 100, {
          status: { revokedAt: new Date('2026-01-02T10:00:00Z'), reason: 'keyCompromise' },
        }),
        invalid: add('2.pem', 100, { bytes: Buffer.from('garbage') }),
        unknown: add('3.pem', 100, { status: 'unknown' }),
        missing: add('4.pem', 'missing'),
        expired: add('5.pem', -10),
        mustStaple: add('6.pem', 'missing', { certificate: { ocspUris: [], mustStaple: true } }),
        good: add('7.pem', 100),
      };
      const result = await check(folder.path);
      expect(result.exitCode).toBe(2);
      const [, ...lines] = result.stdout.trimEnd().split('\n');
      expect(statusOf(result).text).toBe(
        `OCSP CRITICAL - 1 revoked (${paths.revoked}), 1 invalid (${paths.invalid}), 1 unknown (${paths.unknown}), ` +
          `2 missing (${paths.missing}, ${paths.mustStaple}), 1 expired (${paths.expired}), 1 staple good, next ends in 4d 4h`,
      );
      expect(lines).toHaveLength(6);
      expect(lines[0]).toBe(
        `CRITICAL ${paths.revoked}: the certificate has been REVOKED since 2026-01-02T10:00:00Z (keyCompromise); replace it now`,
      );
      expect(lines[3]).toMatch(/^CRITICAL .*4\.pem: .*no staple; make one with: restaple fetch$/);
      for (const [line, path] of Object.entries(paths).slice(0, 6)) {
        expect(
          lines.filter((text) => text.startsWith(`CRITICAL ${path}: `)),
          line,
        ).toHaveLength(1);
      }
      expect(statusOf(result).data).toContain(`'${paths.expired}'=-36000s;86400:;21600:`);
      expect(statusOf(result).data).toContain('missing=2;;0;0');
    });
  });

  it('is critical for a good staple that a newer signed answer speaks against', async () => {
    await withFleet(async ({ add }) => {
      const path = add('a.pem', 100, { revokedSince: new Date('2026-01-03T00:00:00Z') });
      const result = await check(path);
      expect(result.exitCode).toBe(2);
      expect(statusOf(result).text).toBe(`OCSP CRITICAL - 1 revoked (${path})`);
      expect(result.stdout).toContain('the certificate has been REVOKED since 2026-01-03T00:00:00Z');
    });
  });

  it('is critical before it is unknown, and unknown where a certificate could not be judged', async () => {
    await withFleet(async ({ folder, add }) => {
      const damaged = folder.write('damaged.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
      const good = add('good.pem', 100);
      const unknown = await check(damaged, good);
      expect(unknown.exitCode).toBe(3);
      expect(statusOf(unknown).text).toBe(`OCSP UNKNOWN - 1 unjudged (${damaged}), 1 staple good, next ends in 4d 4h`);
      const both = await check(damaged, good, add('missing.pem', 'missing'));
      expect(both.exitCode).toBe(2);
      expect(statusOf(both).text).toMatch(/^OCSP CRITICAL - 1 missing \(.*\), 1 unjudged \(.*\), 1 staple good/);
    });
  });

  const day = 86_400_000;
  const life = (daysBefore: number, daysLeft: number): Record<'notBefore' | 'notAfter', Date> => ({
    notBefore: new Date(now.getTime() - daysBefore * day),
    notAfter: new Date(now.getTime() + daysLeft * day),
  });

  it.each([
    ['21 days', 68, 22, [], 0, 'OCSP OK - 1 staple good, next ends in 4d 4h'],
    ['21 days', 70, 20, [], 1, 'OCSP WARNING - 1 certificate below 21d (PATH)'],
    ['7 days', 84, 6, [], 2, 'OCSP CRITICAL - 1 certificate below 7d (PATH)'],
    ['a third of 9 days', 7, 2, [], 1, 'OCSP WARNING - 1 certificate below 3d (PATH)'],
    ['a tenth of 9 days', 8.25, 0.75, [], 2, 'OCSP CRITICAL - 1 certificate below 21h 36m (PATH)'],
    ['what is asked', 60, 30, ['--certificate-warn', '29d'], 0, 'OCSP OK - 1 staple good, next ends in 4d 4h'],
    ['a longer time', 61, 29, ['--certificate-warn', '30d'], 1, 'OCSP WARNING - 1 certificate below 30d (PATH)'],
    [
      'a longer one',
      60,
      29,
      ['--certificate-critical', '9d', '--certificate-warn', '9d'],
      0,
      'OCSP OK - 1 staple good, next ends in 4d 4h',
    ],
    ['its end', 90, -1, [], 2, 'OCSP CRITICAL - 1 certificate expired (PATH)'],
  ])(
    'judges a certificate by %s: %f days after its beginning, %f before its end, %j',
    async (_what, before, left, flags, exitCode, text) => {
      await withFleet(async ({ add }) => {
        const path = add('a.pem', 100, { certificate: life(before, left) });
        const result = await check(...flags, path);
        expect({ exitCode: result.exitCode, text: statusOf(result).text.replace(/\(.*\).*/, '(PATH)') }).toEqual({
          exitCode,
          text,
        });
      });
    },
  );

  it('says both of a certificate that expires and whose staple does, and of one without responder', async () => {
    await withFleet(async ({ folder, add }) => {
      const both = add('both.pem', 5, { certificate: life(80, 10) });
      const plain = add('plain.pem', 'missing', { certificate: { ocspUris: [], ...life(80, 10) } });
      const result = await check(folder.path);
      expect(result.exitCode).toBe(2);
      const [, ...lines] = result.stdout.trimEnd().split('\n');
      expect(lines[0]).toMatch(
        new RegExp(`^CRITICAL ${both}: the staple ends in 5h; .*; the certificate expires at .*, in 10d; renew it$`),
      );
      expect(lines[1]).toMatch(new RegExp(`^WARNING ${plain}: the certificate expires at .*; renew it$`));
    });
  });

  it.each([['--warn'], ['--critical'], ['--certificate-warn'], ['--certificate-critical']])(
    'refuses %s without --nagios',
    async (flag) => {
      const { exitCode, stderr } = await runRestaple(['verify', flag, '3h', 'site.pem']);
      expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('--nagios') as string });
    },
  );

  it.each<[string, readonly string[], RegExp]>([
    ['a flag that does not exist', ['--wran', '3h'], /^OCSP UNKNOWN - .*wran/],
    ['a limit that is not a duration', ['--warn', 'soon'], /^OCSP UNKNOWN - --warn: "soon" is not a duration\n/],
    [
      'limits in the wrong order',
      ['--warn', '1h', '--critical', '2h', 'FOLDER/a.pem'],
      /^OCSP UNKNOWN - --critical is longer/,
    ],
    [
      'limits of certificates in the wrong order',
      ['--certificate-warn', '1d', '--certificate-critical', '2d', 'FOLDER/a.pem'],
      /^OCSP UNKNOWN - --certificate-critical is longer/,
    ],
    ['no certificate at all', [], /^OCSP UNKNOWN - no certificate was named\n/],
    ['a folder without certificates', ['FOLDER/empty'], /^OCSP UNKNOWN - no certificate was found/],
    ['a certificate that is not there', ['FOLDER/nowhere.pem'], /^OCSP UNKNOWN - 1 unjudged/],
    ['a pattern that matches nothing', ['FOLDER/*.crt'], /^OCSP UNKNOWN - 1 unjudged/],
    ['an issuer that is not there', ['--issuer', 'FOLDER/ca.pem', 'FOLDER/a.pem'], /^OCSP UNKNOWN - /],
    ['--json too', ['--json', 'FOLDER/a.pem'], /^OCSP UNKNOWN - .*--json/],
  ])('is unknown for %s, with a first line that says so', async (_what, words, line) => {
    await withFleet(async ({ folder, add }) => {
      add('a.pem', 100);
      folder.write('empty/.keep', '');
      const result = await check(...words.map((word) => word.replace('FOLDER', folder.path)));
      expect({ exitCode: result.exitCode }).toEqual({ exitCode: 3 });
      expect(result.stdout).toMatch(line);
    });
  });

  it('is unknown for a folder that may not be listed', async () => {
    await withFleet(async ({ folder }) => {
      const uid = 65_534;
      folder.write('locked/a.pem', '');
      chmodSync(folder.path, 0o755);
      chmodSync(folder.at('locked'), 0o000);
      const user = process.getuid?.() === 0 ? { uid, gid: uid } : {};
      const result = await runRestaple(['verify', '--nagios', folder.at('locked')], user);
      chmodSync(folder.at('locked'), 0o755);
      expect(result.exitCode).toBe(3);
      expect(result.stdout).toMatch(/^OCSP UNKNOWN - /);
    });
  });

  it('judges a response without a certificate, and one that is named', async () => {
    await withFleet(async ({ folder, authority, add }) => {
      const path = add('a.pem', 30);
      const issuer = folder.write('ca.crt', authority.certificate.pem);
      const alone = await check('--issuer', issuer, '--response', `${path}.ocsp`);
      expect({ exitCode: alone.exitCode, text: statusOf(alone).text }).toEqual({
        exitCode: 0,
        text: 'OCSP OK - 1 staple good, next ends in 1d 6h',
      });
      const gone = await check('--response', folder.at('gone.ocsp'), path);
      expect({ exitCode: gone.exitCode, text: statusOf(gone).text }).toEqual({
        exitCode: 2,
        text: `OCSP CRITICAL - 1 missing (${path})`,
      });
    });
  });

  it('gives figures and lines to the most urgent of a large fleet, and says that there are more', async () => {
    await withFleet(async ({ folder, authority, add }) => {
      const first = add('first.pem', 20);
      for (let index = 0; index < 60; index += 1) {
        copyFileSync(first, folder.at(`copy-${index}.pem`));
        copyFileSync(`${first}.ocsp`, folder.at(`copy-${index}.pem.ocsp`));
      }
      const nearest = add('zzz.pem', 7);
      const result = await check('--issuer', folder.write('ca.crt', authority.certificate.pem), folder.path);
      expect(result.exitCode).toBe(1);
      const times = statusOf(result).data.filter((figure) => figure.startsWith("'"));
      expect(times).toHaveLength(50);
      expect(times[0]).toBe(`'${nearest}'=25200s;86400:;21600:`);
      expect(statusOf(result).data).toContain('good=62;;;0');
      const [, ...lines] = result.stdout.trimEnd().split('\n');
      expect(lines).toHaveLength(21);
      expect(lines[0]).toContain(nearest);
      expect(lines.at(-1)).toBe('and 42 more: restaple verify lists them all');
    });
  });

  it('lets no file name end the status text or a label, or speak for another line', async () => {
    await withFleet(async ({ folder, add }) => {
      add("it's=a|pipe\nOCSP OK - \u001b[2Jall well.pem", 3);
      const result = await check(folder.path);
      expect(result.exitCode).toBe(2);
      const lines = result.stdout.trimEnd().split('\n');
      expect(lines).toHaveLength(2);
      expect(result.stdout.split('|')).toHaveLength(2);
      // eslint-disable-next-line no-control-regex -- what a terminal would act on
      expect(result.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
      expect(statusOf(result).data.at(-1)).toBe(
        `'${folder.path}/it_s_a/pipe\\x0aOCSP OK - \\x1b[2Jall well.pem'=10800s;86400:;21600:`,
      );
    });
  });
});
