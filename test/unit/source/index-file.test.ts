import { afterAll, describe, expect, it } from 'vitest';

import { OcspError } from '../../../src/core/index.js';
import { readIndexSource } from '../../../src/source/index-file.js';
import type { StatusSource } from '../../../src/source/status-source.js';
import { createOpensslAuthority } from '../../support/openssl-ca.js';
import { runOpenssl } from '../../support/run-program.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';

const folder = createTemporaryFolder();
afterAll(folder.remove);

const revokedAt = new Date('2026-02-14T10:20:30Z');

function line(fields: {
  flag?: string;
  expiry?: string;
  revocation?: string;
  serial?: string;
  subject?: string;
}): string {
  const { flag = 'V', expiry = '361221084015Z', revocation = '', serial = '0D', subject = '/CN=server' } = fields;
  return [flag, expiry, revocation, serial, 'unknown', subject].join('\t');
}

function revoked(revocation: string): string {
  return line({ flag: 'R', revocation });
}

function read(contents: string | Uint8Array): StatusSource {
  return readIndexSource(folder.write('index.txt', contents));
}

function refusalOf(contents: string): OcspError {
  try {
    read(contents);
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('an index.txt', () => {
  it('says good for V, revoked for R, unknown for what it does not list', () => {
    const source = read(
      `${line({ serial: '01' })}\n${line({ flag: 'R', serial: '02', revocation: '260214102030Z,superseded' })}\n`,
    );
    expect(source.statusOf('01')).toBe('good');
    expect(source.statusOf('02')).toEqual({ revokedAt, reason: 'superseded' });
    expect(source.statusOf('03')).toBe('unknown');
    expect(source.thisUpdate).toBeUndefined();
    expect(source.nextUpdate).toBeUndefined();
  });

  it('says good for E, a certificate that expired without being revoked', () => {
    expect(read(line({ flag: 'E', expiry: '210101000000Z' })).statusOf('0d')).toBe('good');
  });

  it('says revoked for R although the certificate has expired', () => {
    const source = read(line({ flag: 'R', expiry: '210101000000Z', revocation: '260214102030Z' }));
    expect(source.statusOf('0d')).toEqual({ revokedAt });
  });

  it.each([
    ['unspecified', 'unspecified'],
    ['keyCompromise', 'keyCompromise'],
    ['CACompromise', 'cACompromise'],
    ['affiliationChanged', 'affiliationChanged'],
    ['superseded', 'superseded'],
    ['cessationOfOperation', 'cessationOfOperation'],
    ['certificateHold', 'certificateHold'],
    ['removeFromCRL', 'removeFromCRL'],
    ['privilegeWithdrawn', 'privilegeWithdrawn'],
    ['AACompromise', 'aACompromise'],
    ['KEYCOMPROMISE', 'keyCompromise'],
    ['holdInstruction,holdInstructionReject', 'certificateHold'],
    ['holdInstruction,1.2.840.10040.2.2', 'certificateHold'],
    ['keyTime,20250101000000Z', 'keyCompromise'],
    ['CAkeyTime,20250101000000Z', 'cACompromise'],
  ])('reads the reason %s', (written, reason) => {
    expect(read(revoked(`260214102030Z,${written}`)).statusOf('0d')).toEqual({ revokedAt, reason });
  });

  it('reads times of both forms', () => {
    expect(read(revoked('20260214102030Z')).statusOf('0d')).toEqual({ revokedAt });
    expect(read(line({ expiry: '20600101000000Z' })).statusOf('0d')).toBe('good');
    expect(read(line({ expiry: '99991231235959Z' })).statusOf('0d')).toBe('good');
  });

  it.each([
    ['0D', '0d'],
    ['0d', '000d'],
    ['D', '0d'],
    ['00000D', '0d'],
    ['FF', '00ff'],
    ['00FF', '00ff'],
    ['FF00000000000000000000000000000000000001', '00ff00000000000000000000000000000000000001'],
    ['00', '00'],
    ['-0D', 'f3'],
    ['-80', '80'],
    ['-FF', 'ff01'],
    ['-01', 'ff'],
  ])('with the serial number %s knows %s', (written, asked) => {
    const source = read(line({ serial: written }));
    expect(source.statusOf(asked)).toBe('good');
    expect(source.statusOf('0abcde')).toBe('unknown');
  });

  it('does not take a negative serial number for a positive one', () => {
    expect(read(line({ serial: '-01' })).statusOf('00ff')).toBe('unknown');
    expect(read(line({ serial: '-01' })).statusOf('01')).toBe('unknown');
  });

  it('may be empty, have comments, empty lines, CRLF and no line end at its end', () => {
    expect(read('').statusOf('0d')).toBe('unknown');
    const text = `# made by hand\r\n\r\n${line({ serial: '01' })}\r\n${line({ serial: '02', flag: 'R', revocation: '260214102030Z' })}`;
    expect(read(text).statusOf('01')).toBe('good');
    expect(read(text).statusOf('02')).toEqual({ revokedAt });
  });

  it('may have subjects in any bytes, with tabs behind a backslash', () => {
    expect(read(line({ subject: '/CN=a\\\tb\\\\\tc' })).statusOf('0d')).toBe('good');
    expect(read(Buffer.from(line({ subject: '/CN=M\xfcller' }), 'latin1')).statusOf('0d')).toBe('good');
  });
});

describe('a malformed index.txt', () => {
  it.each([
    ['six columns', 'hello'],
    ['found 5', line({}).replace('\tunknown', '')],
    ['found more', `${line({})}\tx`],
    ['V, R or E', line({ flag: 'X' })],
    ['V, R or E', line({ flag: ' V' })],
    ['V, R or E', line({ flag: 'v' })],
    ['V, R or E', line({ flag: '' })],
    ['expiry', line({ expiry: '' })],
    ['expiry', line({ expiry: '261321084015Z' })],
    ['expiry', line({ expiry: '2612210840Z' })],
    ['serial number', line({ serial: '' })],
    ['serial number', line({ serial: '0G' })],
    ['serial number', line({ serial: '0x0D' })],
    ['serial number', line({ serial: '--0D' })],
    ['time of revocation', revoked('')],
    ['time of revocation', revoked('yesterday')],
    ['time of revocation', revoked(',keyCompromise')],
    ['reason', revoked('260214102030Z,')],
    ['reason', revoked('260214102030Z,because')],
    ['reason', revoked('260214102030Z,constructor')],
    ['reason', revoked('260214102030Z,keyCompromise,more')],
    ['reason', revoked('260214102030Z,keyTime')],
    ['reason', revoked('260214102030Z,keyTime,now')],
    ['reason', revoked('260214102030Z,holdInstruction')],
    ['reason', revoked('260214102030Z,holdInstruction,a,b')],
    ['no revocation', line({ revocation: '260214102030Z' })],
    ['no revocation', line({ flag: 'E', revocation: '260214102030Z' })],
    ['already in line 1', line({ serial: '01' })],
    ['already in line 1', line({ serial: '0001', flag: 'R', revocation: '260214102030Z' })],
  ])('is refused with file, line and what was expected: %s', (expected, bad) => {
    const error = refusalOf(`${line({ serial: '01' })}\n# comment\n\n${bad}\n`);
    expect(error.code).toBe('malformed-index');
    expect(error.message).toContain(`${folder.at('index.txt')} line 4: `);
    expect(error.message).toContain(expected);
  });

  it('shows no more than a little of what was found', () => {
    expect(refusalOf(line({ serial: 'x'.repeat(100_000) })).message.length).toBeLessThan(300);
  });
});

describe('an index.txt of openssl ca', () => {
  it('says what the openssl responder says, and good for what expired', { tags: 'openssl' }, async () => {
    const ca = createOpensslAuthority();
    try {
      const how: Readonly<Record<string, readonly string[]>> = {
        plain: [],
        compromised: ['-crl_compromise', '20250101000000Z'],
        compromisedCa: ['-crl_CA_compromise', '20250101000000Z'],
        held: ['-crl_hold', 'holdInstructionCallIssuer'],
        ended: ['-crl_reason', 'cessationOfOperation'],
      };
      ca.issue('good');
      for (const [name, more] of Object.entries(how)) {
        ca.issue(name);
        ca.revoke(name, ...more);
      }
      ca.nextSerial('F000000000000000000000000000000000000001');
      ca.issue('high', '-enddate', '20600101000000Z');
      ca.issue('old', '-startdate', '20200101000000Z', '-enddate', '20210101000000Z');
      ca.ca('-updatedb');
      const source = readIndexSource(ca.at('index.txt'));

      const high = 'f000000000000000000000000000000000000001';
      for (const serial of ['01', '02', '03', '04', '05', '06', '07', high]) {
        const common = ['ocsp', '-no_nonce', '-issuer', ca.at('ca.pem'), '-serial', `0x${serial}`];
        const files = { request: ca.at('request.der'), response: ca.at('response.der') };
        await runOpenssl([...common, '-reqout', files.request]);
        const signer = ['-CA', ca.at('ca.pem'), '-rsigner', ca.at('ca.pem'), '-rkey', ca.at('ca.key')];
        const answer = ['-reqin', files.request, '-respout', files.response];
        await runOpenssl(['ocsp', '-index', ca.at('index.txt'), ...signer, ...answer]);
        const { stdout } = await runOpenssl([...common, '-respin', files.response, '-CAfile', ca.at('ca.pem')]);

        const status = source.statusOf(serial === high ? `00${high}` : serial);
        const word = typeof status === 'string' ? status : 'revoked';
        expect(stdout).toContain(`0x${serial}: ${word}`);
        if (typeof status === 'string') continue;
        expect(/Reason: (\w+)/.exec(stdout)?.[1]).toBe(status.reason);
        expect(new Date(/Revocation Time: (.*)/.exec(stdout)![1]!)).toEqual(status.revokedAt);
      }
      expect(source.statusOf('01')).toBe('good');
      expect(source.statusOf('00f000000000000000000000000000000000000002')).toBe('good');
    } finally {
      ca.remove();
    }
  });

  it('of 200,000 lines is read within seconds', () => {
    const lines = Array.from({ length: 200_000 }, (_, index) =>
      index % 10 === 0
        ? line({ flag: 'R', revocation: '260214102030Z,keyCompromise', serial: (0x80_0000 + index).toString(16) })
        : line({ serial: (0x80_0000 + index).toString(16) }),
    );
    const before = process.cpuUsage();
    const source = read(lines.join('\n'));
    // Microseconds of work, however much else the machine has to do.
    expect(process.cpuUsage(before).user).toBeLessThan(20_000_000);
    expect(source.statusOf('00800000')).toEqual({ revokedAt, reason: 'keyCompromise' });
    expect(source.statusOf('00800001')).toBe('good');
    expect(source.statusOf('00830d3f')).toBe('good');
    expect(source.statusOf('00830d40')).toBe('unknown');
  });
});
