import { describe, expect, it } from 'vitest';

import { ocspHelpLines } from '../../../../src/cli/ocsp/help-lines.js';
import { optionGroups } from '../../../../src/cli/ocsp/option-table.js';
import { parseOcspArguments } from '../../../../src/cli/ocsp/options.js';

const seeHelp = 'ocsp: Use -help for summary.';

function parsed(...words: readonly string[]) {
  const { options, refusal } = parseOcspArguments(words);
  expect(refusal).toBeUndefined();
  return options;
}

function refused(...words: readonly string[]): readonly string[] | undefined {
  return parseOcspArguments(words).refusal;
}

describe('the option table', () => {
  it('has a line of help for every option', () => {
    const names = Object.values(optionGroups).flatMap((rows) => Object.keys(rows));
    expect(names.length).toBeGreaterThan(90);
    expect(new Set(names).size).toBe(names.length);
    const help = ocspHelpLines();
    for (const name of names)
      expect(
        help.filter((line) => line.startsWith(` -${name} `)),
        name,
      ).toHaveLength(1);
  });
});

describe('the arguments of openssl ocsp', () => {
  it('take one dash or two, and a value as the next word or behind an equals sign', () => {
    for (const words of [
      ['-respin', 'a', '-noverify', '-timeout', '5'],
      ['--respin=a', '--noverify', '--timeout=5'],
    ]) {
      const { texts, switches, numbers } = parsed(...words);
      expect(texts).toEqual({ respin: 'a' });
      expect([...switches]).toEqual(['noverify']);
      expect(numbers).toEqual({ timeout: 5 });
    }
  });

  it('take a word that begins with a dash as a value', () => {
    expect(parsed('-issuer', 'i', '-serial', '-7').steps).toEqual([
      { kind: 'issuer', file: 'i' },
      { kind: 'serial', number: '-7', hash: 'sha1' },
    ]);
  });

  it('keep issuers, hashes and certificates in their order', () => {
    const words = ['-issuer', 'a', '-sha256', '-cert', '1', '-serial', '2', '-issuer', 'b', '-SHA1', '-cert', '3'];
    expect(parsed(...words).steps).toEqual([
      { kind: 'issuer', file: 'a' },
      { kind: 'cert', file: '1', hash: 'sha256' },
      { kind: 'serial', number: '2', hash: 'sha256' },
      { kind: 'issuer', file: 'b' },
      { kind: 'cert', file: '3', hash: 'sha1' },
    ]);
  });

  it.each([['-respin', 'r', '-sha256'], ['-sha256', '-sha1', '-cert', 'c'], ['-sha1']])(
    'refuse a hash that no certificate follows: %s',
    (...words) => {
      expect(refused(...words)).toEqual(['ocsp: Digest must be before -cert or -serial', seeHelp]);
    },
  );

  it('refuse a hash in which no CertID is made', () => {
    expect(refused('-md5', '-cert', 'c')?.[0]).toContain('the hash md5 is not supported');
  });

  it.each([
    [['-frobnicate'], 'ocsp: Unknown option or message digest: frobnicate'],
    [['--frobnicate'], 'ocsp: Unknown option or message digest: frobnicate'],
    [['-'], 'ocsp: Unknown option or message digest: ""'],
    [['-cert'], 'ocsp: Option -cert needs a value'],
    [['-noverify=1'], 'ocsp: Option -noverify does not take a value'],
    [['-timeout', 'x'], `ocsp: Can't parse "x" as a number`],
    [['-timeout', '08'], `ocsp: Can't parse "08" as an octal number`],
    [['-timeout', '0'], 'ocsp: Non-positive number "0" for option -timeout'],
    [['-timeout', '99999999999'], 'ocsp: Value "99999999999" outside integer range'],
    [['-port', '-1'], 'ocsp: Negative number "-1" for option -port'],
    [['-port', '70000'], 'ocsp: "70000" is not a port number'],
    [['-header', 'Host'], 'Missing = in header key=value'],
    [['-url', 'ftp://a/'], 'ocsp Error parsing -url argument'],
    [['-url', 'http://a:b/'], 'ocsp Error parsing -url argument'],
  ])('are refused in the words of openssl: %j', (words, line) => {
    expect(refused(...words)?.[0]).toBe(line);
  });

  it.each([[], ['stray'], ['-text', 'stray'], ['--'], ['-nonce'], ['-url', 'http://a/']].map((words) => [words]))(
    'that ask for nothing, or have a stray word, lead to the help: %j',
    (words) => {
      expect(refused(...words)).toEqual([seeHelp]);
    },
  );

  it.each(['-CAstore', '-crl_check', '-policy', '-provider', '-verify_depth', '-suiteB_128'])(
    'name the reason where %s is not available, and nothing is passed over',
    (option) => {
      expect(refused(option, '1', '-respin', 'r')?.[0]).toMatch(new RegExp(`^ocsp: ${option} is not available: ..`));
    },
  );

  it('are read up to the first wrong one, so that files before it are told of first', () => {
    const { options, refusal } = parseOcspArguments(['-issuer', 'a', '-frobnicate']);
    expect(options.steps).toEqual([{ kind: 'issuer', file: 'a' }]);
    expect(refusal).toHaveLength(2);
  });

  it.each([
    ['http://a.example', { isTls: false, host: 'a.example', port: '80', path: '/' }],
    ['a.example/x', { isTls: false, host: 'a.example', port: '80', path: '/x' }],
    ['https://a.example:8443/x?y=z#f', { isTls: true, host: 'a.example', port: '8443', path: '/x?y=z' }],
    ['http://user@[::1]:8080/', { isTls: false, host: '::1', port: '8080', path: '/' }],
  ])('take the URL %s apart', (url, endpoint) => {
    expect(parsed('-respin', 'r', '-url', url).endpoint).toEqual(endpoint);
  });

  it('let what stands later replace a part of the URL', () => {
    const { endpoint } = parsed('-respin', 'r', '-url', 'http://a/x', '-host', 'b', '-path', '/y', '-port', '81');
    expect(endpoint).toEqual({ isTls: false, host: 'b', port: '81', path: '/y' });
  });

  it.each([
    [['Host=a.example'], ['Host', 'a.example']],
    [['Host: a.example'], ['Host', 'a.example']],
    [
      ['Host', 'a.example'],
      ['Host', 'a.example'],
    ],
    [['X=a=b'], ['X', 'a=b']],
  ])('take a header as %j', (words, header) => {
    expect(parsed('-respin', 'r', '-header', ...words, '-noverify').headers).toEqual([header]);
  });

  it.each([
    [['-nonce'], true],
    [['-nonce', '-no_nonce'], false],
    [['-no_nonce', '-nonce'], true],
    [[], undefined],
  ])('let the last of -nonce and -no_nonce count: %j', (words, nonce) => {
    expect(parsed('-respin', 'r', ...words).nonce).toBe(nonce);
  });

  it('take -VAfile as -verify_other with -trust_other', () => {
    const { texts, switches } = parsed('-respin', 'r', '-VAfile', 'v');
    expect(texts.verify_other).toBe('v');
    expect(switches.has('trust_other')).toBe(true);
  });

  it('pass over what openssl 3 no longer knows of TLS, and remember it', () => {
    const { ignored, texts } = parsed('-tlsout', '-tls_cert', 'c', '-respin', 'r');
    expect(ignored).toEqual(['-tlsout', '-tls_cert']);
    expect(texts).toEqual({ respin: 'r' });
  });

  it.each([
    ['0x10', 16],
    ['010', 8],
    [' 5', 5],
    ['+7', 7],
  ])('read the number %j as C does', (text, number) => {
    expect(parsed('-respin', 'r', '-timeout', text).numbers.timeout).toBe(number);
  });
});
