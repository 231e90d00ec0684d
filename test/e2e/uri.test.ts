import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { certificatesOnlyBundle } from '../support/bundles.js';
import type { CertificateOptions, IssuedCertificate } from '../support/certificate.js';
import { nullValue, octetString, sequence, utf8String } from '../support/der-writer.js';
import { pem } from '../support/pem.js';
import { createCertificateAuthority, selfSigned } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const authority = createCertificateAuthority({ name: 'Uri CA' });
const uris = ['http://ocsp.example/', 'http://ocsp2.example/'];

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

function issue(options: CertificateOptions = {}): IssuedCertificate {
  return authority.issue({ ocspUris: uris.slice(0, 1), ...options });
}

/** Writes a certificate with a responder of its own name, so that the output tells whose it is. */
function write(name: string, options: CertificateOptions = {}): string {
  return folder.write(name, issue(options).certificate.pem);
}

const expectUris = (result: Awaited<ReturnType<typeof runRestaple>>, stdout: string): void => {
  expect(result).toMatchObject({ exitCode: 0, stdout, stderr: '' });
};

describe('uri of one certificate', () => {
  it('prints every responder URI on a line, duplicates once', async () => {
    const path = write('site.pem', { ocspUris: [...uris, uris[0]!] });
    expectUris(await runRestaple(['uri', path]), `${uris.join('\n')}\n`);
  });

  it('prints a URI of UTF-8 octets in ASCII', async () => {
    const utf8 = (uri: string): string => Buffer.from(uri, 'utf8').toString('latin1');
    const path = write('site.pem', {
      ocspUris: [utf8('http://k\u00f6ln.example/'), utf8('http://ocsp.example:80/pr\u00fcfen?\u00df')],
      caIssuersUris: [utf8('http://k\u00f6ln.example/ca.der')],
    });
    expectUris(
      await runRestaple(['uri', path]),
      'http://xn--kln-sna.example/\nhttp://ocsp.example:80/pr%C3%BCfen?%C3%9F\n',
    );
    expectUris(await runRestaple(['uri', '--issuer-uri', path]), 'http://xn--kln-sna.example/ca.der\n');
  });

  it('cuts off blanks and line ends around a URI, with a warning', async () => {
    const path = write('site.pem', { ocspUris: [' http://ocsp.example/\r\n'] });
    const warning = /blanks or line ends around its URI http:\/\/ocsp\.example\/,/;
    const result = await runRestaple(['uri', path]);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'http://ocsp.example/\n' });
    expect(result.stderr).toMatch(warning);
    const [record] = (await runRestaple(['uri', '--json', path])).lines();
    expect(record).toMatchObject({ ocspUris: ['http://ocsp.example/'], warnings: [expect.stringMatching(warning)] });
  });

  it('prints the caIssuers URIs with --issuer-uri', async () => {
    const path = write('site.pem', { caIssuersUris: ['http://ca.example/ca.der', 'ldap://ca.example/'] });
    expectUris(await runRestaple(['uri', '--issuer-uri', path]), 'http://ca.example/ca.der\nldap://ca.example/\n');
  });

  it('says on stderr where there is no caIssuers URI', async () => {
    const result = await runRestaple(['uri', '--issuer-uri', write('site.pem')]);
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toMatch(/names no caIssuers URI\n {2}hint: .*--issuer/);
  });

  it('reads DER, a bundle with the key first, CRLF, text around the blocks, and TRUSTED CERTIFICATE', async () => {
    const { certificate, keyPem } = issue();
    const trust = sequence(utf8String('an alias'));
    const files: Readonly<Record<string, string | Uint8Array>> = {
      'site.der': certificate.der,
      'key-first.pem': keyPem + certificate.pem + authority.certificate.pem,
      'crlf.pem': certificate.pem.replaceAll('\n', '\r\n'),
      'text.pem': `Bag Attributes\n    friendlyName: x\nsubject=CN=site\n${certificate.pem}`,
      'bom.pem': `\uFEFF${certificate.pem}`,
      'trusted.pem': pem('TRUSTED CERTIFICATE', Buffer.concat([certificate.der, trust])),
    };
    const paths = Object.entries(files).map(([name, contents]) => folder.write(name, contents));
    expectUris(await runRestaple(['uri', ...paths]), paths.map((path) => `${path}\t${uris[0]!}\n`).join(''));
  });

  it('takes of a PKCS#7 the certificate that issued no other, DER or PEM, whatever their order', async () => {
    const root = createCertificateAuthority({ name: 'Root' });
    const middle = root.issue({ commonName: 'Middle', isCa: true, ocspUris: ['http://root.example/'] });
    const site = middle.issue({ ocspUris: uris });
    const bundle = certificatesOnlyBundle([middle, root, site]);
    const paths = [folder.write('chain.p7b', bundle.der), folder.write('chain.p7', bundle.pem)];
    const stdout = paths.flatMap((path) => uris.map((uri) => `${path}\t${uri}\n`)).join('');
    expectUris(await runRestaple(['uri', ...paths]), stdout);
  });

  it('describes it with --json', async () => {
    const path = write('site.pem', {
      subject: [
        { type: 'C', value: 'DE' },
        { type: 'O', value: 'Müller, Söhne' },
        { type: 'CN', value: 'site.example' },
      ],
      ocspUris: uris,
      caIssuersUris: ['http://ca.example/ca.der'],
      crlUris: ['http://ca.example/ca.crl'],
      serialNumber: 'ff',
      notBefore: new Date('2026-04-01T00:00:00Z'),
      notAfter: new Date('2026-04-07T23:59:59Z'),
      mustStaple: true,
    });
    const result = await runRestaple(['uri', '--json', path]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.lines()).toEqual([
      {
        certificate: path,
        subject: 'CN=site.example,O=Müller\\, Söhne,C=DE',
        issuer: 'CN=Uri CA',
        serialNumber: 'ff',
        notBefore: '2026-04-01T00:00:00Z',
        notAfter: '2026-04-07T23:59:59Z',
        ocspUris: uris,
        caIssuersUris: ['http://ca.example/ca.der'],
        crlUris: ['http://ca.example/ca.crl'],
        mustStaple: true,
        shortLived: true,
      },
    ]);
  });

  it('calls a certificate of eight days short-lived only if it began before 15 March 2026', async () => {
    const of = (name: string, notBefore: string, notAfter: string): string =>
      write(name, { notBefore: new Date(notBefore), notAfter: new Date(notAfter) });
    const early = of('early.pem', '2026-03-01T00:00:00Z', '2026-03-08T23:59:59Z');
    const late = of('late.pem', '2026-04-01T00:00:00Z', '2026-04-08T23:59:59Z');
    expect((await runRestaple(['uri', '--json', early, late])).lines()).toMatchObject([
      { certificate: early, shortLived: true },
      { certificate: late, shortLived: false },
    ]);
  });

  it('gives the JSON form whatever --issuer-uri says', async () => {
    const result = await runRestaple(['uri', '--json', '--issuer-uri', write('site.pem')]);
    expect(result.lines()).toHaveLength(1);
    expect(result.lines()[0]).toMatchObject({ ocspUris: [uris[0]], caIssuersUris: [] });
  });
});

describe('uri of several certificates', () => {
  it('prints path, tab, URI', async () => {
    const one = write('one.pem');
    const two = write('two.pem', { ocspUris: uris });
    const stdout = `${one}\t${uris[0]!}\n${two}\t${uris[0]!}\n${two}\t${uris[1]!}\n`;
    expectUris(await runRestaple(['uri', one, two]), stdout);
  });

  it('takes a path that is named twice once', async () => {
    const path = write('site.pem');
    expectUris(await runRestaple(['uri', path, path, '-'], { input: `${path}\n` }), `${uris[0]!}\n`);
    const spellings = ['./site.pem', 'site.pem', './/./site.pem', '*.pem'];
    expectUris(await runRestaple(['uri', ...spellings], { cwd: folder.path }), `${uris[0]!}\n`);
  });

  it('takes of a folder the end-entity certificates, not deeper, without companions, dot files and CAs', async () => {
    const site = issue();
    folder.write('crt/b.pem', site.certificate.pem);
    folder.write('crt/a.crt', site.certificate.der);
    folder.write('crt/ca.pem', authority.certificate.pem);
    folder.write('crt/deeper/c.pem', site.certificate.pem);
    for (const name of ['.hidden.pem', 'b.pem.ocsp', 'b.pem.issuer', 'b.pem.key', 'b.pem.sctl']) {
      folder.write(`crt/${name}`, site.certificate.pem);
    }
    folder.write('crt/key.pem', site.keyPem);
    folder.write('crt/readme.txt', 'no certificate here\n');
    folder.write('crt/empty.pem', '');
    const stdout = ['a.crt', 'b.pem'].map((name) => `${folder.at('crt', name)}\t${uris[0]!}\n`).join('');
    expectUris(await runRestaple(['uri', folder.at('crt')]), stdout);
  });

  it('reports of a folder what is damaged', async () => {
    const { certificate } = issue();
    folder.write('crt/cut.der', certificate.der.subarray(0, -5));
    const result = await runRestaple(['uri', folder.at('crt')]);
    expect(result).toMatchObject({ exitCode: 8, stdout: '' });
    expect(result.stderr).toContain('cut.der');
  });

  it('reports what is damaged among the named ones and goes on', async () => {
    const good = write('good.pem');
    const key = folder.write('key.pem', issue().keyPem);
    const result = await runRestaple(['uri', key, folder.at('missing.pem'), good]);
    expect(result).toMatchObject({ exitCode: 8, stdout: `${good}\t${uris[0]!}\n` });
    expect(result.stderr).toContain(`${key}: there is no certificate in it, only a private key`);
    expect(result.stderr).toContain(`${folder.at('missing.pem')} does not exist`);
    const lines = (await runRestaple(['uri', '--json', key, good])).lines();
    expect(lines).toMatchObject([
      { certificate: key, error: { code: 'no-certificate' } },
      { certificate: good, ocspUris: [uris[0]] },
    ]);
  });

  it('expands a quoted glob, in order, without dot files', async () => {
    for (const name of ['b.pem', 'a.pem', '.c.pem', 'd.crt']) write(name);
    const stdout = ['a.pem', 'b.pem'].map((name) => `${folder.at(name)}\t${uris[0]!}\n`).join('');
    expectUris(await runRestaple(['uri', folder.at('*.pem')]), stdout);
  });

  it('says that a glob matches nothing', async () => {
    const result = await runRestaple(['uri', folder.at('*.pem')]);
    expect(result).toMatchObject({ exitCode: 8, stdout: '' });
    expect(result.stderr).toContain('no file matches');
  });

  it('takes a file whose own name looks like a glob', async () => {
    expectUris(await runRestaple(['uri', write('[x]*.pem')]), `${uris[0]!}\n`);
  });

  it('reads paths from stdin: one a line, CRLF and empty lines borne, or between NUL', async () => {
    const one = write('one.pem');
    const two = write('with space.pem');
    const stdout = `${one}\t${uris[0]!}\n${two}\t${uris[0]!}\n`;
    expectUris(await runRestaple(['uri', '-'], { input: `${one}\r\n\n${two}` }), stdout);
    expectUris(await runRestaple(['uri', '-0', '-'], { input: `${one}\0${two}\0` }), stdout);
  });

  it('does not take stdin for a missing argument', async () => {
    const result = await runRestaple(['uri'], { input: `${write('site.pem')}\n` });
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it('bears file names with spaces, line feeds and bytes that are not UTF-8', async () => {
    const { certificate } = issue();
    const strange = Buffer.concat([Buffer.from(`${folder.path}/crt/`), Buffer.from([0xff, 0xfe]), Buffer.from('.pem')]);
    mkdirSync(folder.at('crt'));
    writeFileSync(strange, certificate.pem);
    folder.write('crt/a b.pem', certificate.pem);
    folder.write('crt/c\nd.pem', certificate.pem);
    const result = await runRestaple(['uri', folder.at('crt')]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const names = result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(folder.at('crt').length + 1).replace(`\t${uris[0]!}`, ''));
    expect(names).toEqual(['a b.pem', 'c\\x0ad.pem', '\uFFFD\uFFFD.pem']);

    const input = Buffer.concat([strange, Buffer.from('\0')]);
    expectUris(await runRestaple(['uri', '-0', '-'], { input }), `${uris[0]!}\n`);
    const lost = await runRestaple(['uri', `${folder.at('crt')}/\uFFFD\uFFFD.pem`]);
    expect(lost).toMatchObject({ exitCode: 8, stdout: '' });
    expect(lost.stderr).toContain('name its folder instead');
  });
});

describe("uri of certbot's tree", () => {
  beforeEach(() => {
    folder.write('live/README', 'This directory contains your keys and certificates.\n');
    for (const name of ['a.example', 'b.example']) {
      const { certificate, keyPem } = issue({ commonName: name });
      folder.write(`archive/${name}/cert1.pem`, certificate.pem);
      folder.write(`archive/${name}/chain1.pem`, authority.certificate.pem);
      folder.write(`archive/${name}/fullchain1.pem`, certificate.pem + authority.certificate.pem);
      folder.write(`archive/${name}/privkey1.pem`, keyPem);
      mkdirSync(folder.at('live', name));
      for (const part of ['cert', 'chain', 'fullchain', 'privkey']) {
        symlinkSync(`../../archive/${name}/${part}1.pem`, folder.at('live', name, `${part}.pem`));
      }
    }
  });

  it('is one certificate a lineage', async () => {
    const stdout = ['a.example', 'b.example']
      .map((name) => `${folder.at('live', name, 'fullchain.pem')}\t${uris[0]!}\n`)
      .join('');
    expectUris(await runRestaple(['uri', folder.at('live')]), stdout);
    const relative = await runRestaple(['uri', 'live/'], { cwd: folder.path });
    expect(relative.stdout.split('\n')).toHaveLength(3);
  });

  it('is one certificate for a lineage that is named itself', async () => {
    const result = await runRestaple(['uri', '--json', folder.at('live', 'a.example')]);
    expect(result.lines().map((line) => line['certificate'])).toEqual([
      folder.at('live', 'a.example', 'fullchain.pem'),
    ]);
  });

  it('says of a lineage that its link leads nowhere, and goes on with the others', async () => {
    mkdirSync(folder.at('live', 'c.example'));
    symlinkSync('../../archive/gone.pem', folder.at('live', 'c.example', 'fullchain.pem'));
    const result = await runRestaple(['uri', folder.at('live')]);
    expect(result).toMatchObject({ exitCode: 8 });
    expect(result.stdout).not.toContain('c.example');
    expect(result.stderr).toContain('c.example/fullchain.pem is a dangling link to ../../archive/gone.pem');
  });
});

describe('uri of a certificate without responder', () => {
  async function explained(
    site: IssuedCertificate,
    ...flags: string[]
  ): Promise<{ exitCode: unknown; stderr: string }> {
    const path = folder.write('site.pem', site.certificate.pem);
    const result = await runRestaple(['uri', ...flags, path]);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(/^restaple: .*site\.pem: the certificate .*\n {2}hint: \S/);
    return result;
  }

  const letsEncrypt = createCertificateAuthority({
    subject: [
      { type: 'C', value: 'US' },
      { type: 'O', value: "Let's Encrypt" },
      { type: 'CN', value: 'R12' },
    ],
  });

  const reasons: readonly (readonly [string, () => IssuedCertificate, RegExp])[] = [
    ['of a CA that ended OCSP', () => letsEncrypt.issue(), /Let's Encrypt ended its OCSP service/],
    ['of a private CA', () => authority.issue(), /as is usual for a private CA/],
    ['with a CRL', () => authority.issue({ crlUris: ['http://ca.example/ca.crl'] }), /only a CRL/],
    ['that is self-signed', () => selfSigned(), /self-signed/],
    [
      'that is short-lived',
      () =>
        authority.issue({ notBefore: new Date('2026-04-01T00:00:00Z'), notAfter: new Date('2026-04-06T00:00:00Z') }),
      /short-lived/,
    ],
  ];

  it('tells the likely reason and the next step, of one alone and of each among several', async () => {
    const alone = await explained(letsEncrypt.issue());
    expect(alone.exitCode).toBe(0);
    expect(alone.stderr).toMatch(/Let's Encrypt ended its OCSP service/);

    const paths = reasons.map(([name, make]) => folder.write(`${name}/site.pem`, make().certificate.pem));
    const result = await runRestaple(['uri', ...paths]);
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    const talk = result.stderr.split(/^(?=restaple: )/m);
    expect(talk).toHaveLength(reasons.length);
    for (const [index, [name, , reason]] of reasons.entries()) {
      expect(talk[index], name).toMatch(/^restaple: .*site\.pem: the certificate .*\n {2}hint: \S/);
      expect(talk[index]).toContain(`${paths[index]!}: `);
      expect(talk[index], name).toMatch(reason);
    }
  });

  it('prints an ldap URI and says that it cannot be asked', async () => {
    const result = await runRestaple(['uri', write('site.pem', { ocspUris: ['ldap://ocsp.example/'] })]);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'ldap://ocsp.example/\n' });
    expect(result.stderr).toMatch(/only by ldap: .*\n {2}hint: .*--url/);
  });

  it('ends with 11 by --require-ocsp, and always when the certificate is Must-Staple', async () => {
    expect((await explained(authority.issue(), '--require-ocsp')).exitCode).toBe(11);
    const mustStaple = await explained(authority.issue({ mustStaple: true }));
    expect(mustStaple.exitCode).toBe(11);
    expect(mustStaple.stderr).toMatch(/Must-Staple/);
    expect((await explained(authority.issue({ mustStaple: true }), '--quiet')).exitCode).toBe(11);
    const caIssuersUris = ['http://ca.example/'];
    const path = folder.write('site.pem', authority.issue({ mustStaple: true, caIssuersUris }).certificate.pem);
    const asked = await runRestaple(['uri', '--issuer-uri', path]);
    expect(asked).toMatchObject({ exitCode: 11, stdout: 'http://ca.example/\n' });
    expect(asked.stderr).toMatch(/Must-Staple/);
  });

  it('has an empty list in JSON', async () => {
    const path = folder.write('site.pem', authority.issue().certificate.pem);
    const result = await runRestaple(['uri', '--json', '--require-ocsp', path]);
    expect(result.exitCode).toBe(11);
    expect(result.lines()).toMatchObject([{ ocspUris: [], mustStaple: false }]);
  });

  it('prints the other certificates all the same', async () => {
    const without = folder.write('without.pem', authority.issue().certificate.pem);
    const site = write('site.pem');
    const result = await runRestaple(['uri', '--require-ocsp', without, site]);
    expect(result).toMatchObject({ exitCode: 11, stdout: `${site}\t${uris[0]!}\n` });
  });
});

describe('uri of hostile text', () => {
  const escape = '\u001b]0;owned\u0007\r\nhttp://fake.example/';

  it('prints no control character, and no second line', async () => {
    const path = write('site.pem', { ocspUris: [`http://ocsp.example/${escape}`] });
    const result = await runRestaple(['uri', path]);
    expect(result.stdout).toBe('http://ocsp.example/\\x1b]0;owned\\x07\\x0d\\x0ahttp://fake.example/\n');
  });

  it('keeps subjects and URIs whole in JSON, on one line of printable characters', async () => {
    const path = write('site.pem', { commonName: `a\u202Eb${escape}`, ocspUris: [`http://ocsp.example/${escape}`] });
    const result = await runRestaple(['uri', '--json', path]);
    // eslint-disable-next-line no-control-regex
    expect(result.stdout).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u202e]*\n$/);
    const [record] = result.lines();
    expect(record!['ocspUris']).toEqual([`http://ocsp.example/${escape}`]);
    expect(record!['subject']).toMatch(/^CN=a\\E2\\80\\AEb/);
  });

  it('escapes file names on stderr', async () => {
    const result = await runRestaple(['uri', folder.at('\u001b[31mred\n.pem')]);
    expect(result.exitCode).toBe(8);
    expect(result.stderr).not.toContain('\u001b');
  });
});

describe('uri of what is not a certificate', () => {
  it.each<[string, () => string | Uint8Array, RegExp]>([
    ['an empty file', () => '', /is empty/],
    ['a key', () => issue().keyPem, /only a private key without certificate/],
    ['text', () => 'hello\n', /neither PEM nor DER/],
    ['a block cut short', () => issue().certificate.pem.slice(0, 200), /no end line/],
    ['base64 with holes', () => issue().certificate.pem.replace(/\n(.)/, '\n*'), /not base64/],
    ['truncated DER', () => issue().certificate.der.subarray(0, 100), /not valid DER/],
    ['DER with an octet too many', () => Buffer.concat([issue().certificate.der, nullValue()]), /not valid DER/],
    ['other DER', () => sequence(octetString(Buffer.from('x'))), /not valid DER/],
  ])('ends with 8 and a hint or reason: %s', async (_what, contents, reason) => {
    const path = folder.write('site.pem', contents());
    const result = await runRestaple(['uri', path]);
    expect(result).toMatchObject({ exitCode: 8, stdout: '' });
    expect(result.stderr).toContain('site.pem');
    expect(result.stderr).toMatch(reason);
  });
});

describe('usage', () => {
  it.each([
    ['no argument', ['uri'], /no certificate was named/],
    ['nothing on stdin', ['uri', '-'], /no certificate was named/],
    ['an unknown flag', ['uri', '--frobnicate', 'x.pem'], /frobnicate/],
    ['an unknown command', ['frobnicate'], /frobnicate/],
    ['quiet and verbose', ['uri', '--quiet', '--verbose', 'x.pem'], /quiet|verbose/],
    ['a bad duration', ['verify', '--skew', '5 minutes', 'x.pem'], /--skew: "5 minutes" is not a duration/],
    ['a bad time', ['verify', '--at', 'yesterday', 'x.pem'], /--at: "yesterday" is not a time/],
    ['a time that does not exist', ['verify', '--at', '2026-13-40', 'x.pem'], /--at/],
    ['a day that does not exist', ['verify', '--at', '2026-02-30', 'x.pem'], /--at: "2026-02-30" is not a time/],
    ['a timeout of nothing', ['fetch', '--timeout', '0s', 'x.pem'], /--timeout: "0s" is not a duration above zero/],
    ['a bad percentage', ['fetch', '--refresh-at', '150%', 'x.pem'], /--refresh-at/],
    ['a bad integer', ['fetch', '--retries', 'many', 'x.pem'], /--retries: expected an integer/],
    [
      'no reload target',
      ['reload'],
      /: missing 1 required arg: target: the server to tell\n {2}hint: see: restaple reload --help\n/,
    ],
    ['a bad choice', ['fetch', '--hash', 'md5', 'x.pem'], /hash/],
    ['a bad header', ['fetch', '--header', 'nocolon', 'x.pem'], /--header/],
    ['a bad status', ['fetch', '--accept-status', 'unknown', 'x.pem'], /--accept-status/],
    ['two families', ['fetch', '-4', '-6', 'x.pem'], /ipv[46]-only/],
    ['a flag without its value', ['verify', '--response'], /response/],
  ])('ends with 2, a reason and a hint on stderr, nothing on stdout: %s', async (_what, args, reason) => {
    const result = await runRestaple(args);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(/^restaple: /);
    expect(result.stderr).toMatch(reason);
    expect(result.stderr).toMatch(/\n {2}hint: \S/);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });

  it('is an error object with --json', async () => {
    const result = await runRestaple(['uri', '--json', '--frobnicate', 'x.pem']);
    expect(result.exitCode).toBe(2);
    expect(result.lines()).toEqual([
      {
        error: {
          code: 'usage',
          message: expect.stringContaining('frobnicate') as string,
          hint: expect.stringMatching(/\S/) as string,
        },
      },
    ]);
  });

  it.each([[['--help']], [['uri', '--help']], [['--version']]])('answers %j on stdout with 0', async (args) => {
    const result = await runRestaple(args);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toMatch(/restaple/);
  });
});
