// @module-tag openssl
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createComparisonScene, type Comparison, type ComparisonScene } from '../support/ocsp-comparison.js';
import { differences, type DifferenceName } from '../support/ocsp-differences.js';
import { projectFolder } from '../support/run-program.js';

let scene: ComparisonScene;

beforeAll(async () => {
  scene = await createComparisonScene();
}, 240_000);

afterAll(() => scene.close());

type Row = Comparison & { readonly differs?: DifferenceName };

function compared(rows: readonly Row[]): void {
  it.each(rows.filter(({ differs }) => differs === undefined))('$title', async (row) => {
    const { theirs, ours } = await scene.compare(row);
    expect(ours).toEqual(theirs);
  });
  it.each(rows.filter(({ differs }) => differs !== undefined))('$title differs: $differs', async (row) => {
    const { theirs, ours } = await scene.compare(row);
    expect(ours).not.toEqual(theirs);
  });
}

const words = (line: string): string[] => line.split(' ');

/** What public scripts call, by who they are; C is the certificate's name, U the responder. */
const asking: Readonly<Record<string, string>> = {
  'by hand': '-issuer chain.pem -cert C.pem -url U',
  "dnsdist's manual": '-issuer chain.pem -cert C.pem -text -url U -respout F',
  'a search for the status': '-issuer ca.pem -cert C.pem -url U -resp_text',
  'a search without belief': '-issuer ca.pem -cert C.pem -url U -resp_text -noverify -text -timeout 10',
  'another helper': '-issuer chain.pem -cert C.pem -verify_other chain.pem -header Host=H -text -url U',
  'an installation guide': '-no_nonce -issuer chain.pem -cert C.pem -VAfile chain.pem -text -url U -respout F',
  certbot:
    '-no_nonce -issuer chain.pem -cert C.pem -url U -CAfile chain.pem -verify_other chain.pem -trust_other -header Host=H',
  'whole lines':
    '-no_nonce -timeout 10 -CAfile ca.pem -issuer ca.pem -verify_other ca.pem -cert C.pem -header Host=H -url U',
  'a haproxy cron script': '-noverify -no_nonce -issuer ca.pem -cert C.pem -url U -header Host=H -respout F',
  'acme.sh': '-issuer ca.pem -cert C.pem -url U -header Host=H -respout F -verify_other ca.pem -CAfile ca.pem',
  h2o: '-issuer ca.pem -cert C.pem -url U -header Host=H -noverify -respout F',
  'testssl.sh':
    '-no_nonce -header Host=H -url U -issuer ca.pem -verify_other chain.pem -CAfile chain.pem -cert C.pem -text',
  OPNsense: '-resp_no_certs -timeout 10 -nonce -CAfile ca.pem -issuer ca.pem -url U -cert C.pem',
  'a status by -out': '-CAfile ca.pem -issuer ca.pem -nonce -out F -url U -cert C.pem -no_cert_verify',
  'SHA-256': '-sha256 -CAfile ca.pem -url U -resp_text -issuer ca.pem -cert C.pem',
};

const outcomes: Readonly<Record<string, readonly [certificate: string, path: string]>> = {
  good: ['good', '/ca'],
  revoked: ['revoked', '/ca'],
  unknown: ['unknown', '/ca'],
  expired: ['good', '/old'],
  'good without nonce': ['good', '/nononce'],
  'by a wrong signer': ['good', '/wrong'],
  unauthorized: ['good', '/unauthorized'],
};

const rarer: Readonly<Record<string, readonly [certificate: string, path: string]>> = {
  'revoked without reason': ['hold', '/ca'],
  'good by a delegate': ['good', '/delegate'],
  'by a delegate without certificate': ['good', '/bare'],
  'good by key': ['good', '/key'],
  'with a spoiled signature': ['good', '/spoiled'],
  'tried later': ['good', '/trylater'],
  garbage: ['good', '/garbage'],
  'a web page': ['good', '/html'],
  'status 404': ['good', '/404'],
  'status 500': ['good', '/500'],
};

function ask(shape: string, who: string, outcome: string, [certificate, path]: readonly [string, string]): Row {
  const line = words(shape).map((word) =>
    word === 'U' ? `{url}${path}` : word === 'C.pem' ? `${certificate}.pem` : word === 'F' ? 'written' : word,
  );
  return { title: `${who}: ${outcome}`, words: line, written: line.includes('written') ? ['written'] : [] };
}

/** Those that are asked for every outcome, and those that are like others. */
const fully = ["dnsdist's manual", 'certbot'];
const briefly = ['by hand', 'another helper', 'whole lines', 'h2o', 'SHA-256', 'a search for the status'];
const { good, revoked, unauthorized } = outcomes as Record<string, readonly [string, string]>;

function outcomesFor(who: string): Readonly<Record<string, readonly [string, string]>> {
  if (briefly.includes(who)) return { good: good!, revoked: revoked!, unauthorized: unauthorized! };
  return fully.includes(who) ? { ...outcomes, ...rarer } : outcomes;
}

describe('asking a responder prints, writes and ends as openssl does', () => {
  compared(
    Object.entries(asking).flatMap(([who, shape]) =>
      Object.entries(outcomesFor(who)).map(([outcome, what]) => ask(shape, who, outcome, what)),
    ),
  );
});

describe('addresses, serial numbers and several certificates', () => {
  compared([
    {
      title: 'host, port and path',
      words: words('-host 127.0.0.1:{port} -path /ca -issuer ca.pem -cert good.pem -no_nonce'),
    },
    {
      title: 'host and port apart',
      words: words('-host 127.0.0.1 -port {port} -path /ca -issuer ca.pem -cert good.pem'),
    },
    { title: 'a responder that is not there', words: words('-issuer ca.pem -cert good.pem -url http://127.0.0.1:1/') },
    { title: 'a name that is not there', words: words('-issuer ca.pem -cert good.pem -url http://nowhere.invalid/') },
    {
      title: 'serial numbers',
      words: words('-url {url}/ca -CAfile ca.pem -issuer ca.pem -serial 4097 -serial 0x1002 -serial 99'),
    },
    {
      title: 'a negative serial number',
      words: words('-url {url}/ca -CAfile ca.pem -issuer ca.pem -serial -5 -no_nonce'),
    },
    { title: 'a serial number that is none', words: words('-url {url}/ca -CAfile ca.pem -issuer ca.pem -serial xyz') },
    {
      title: 'three certificates',
      words: words(
        '-resp_text -CAfile ca.pem -issuer ca.pem -cert good.pem -cert revoked.pem -cert unknown.pem -url {url}/ca',
      ),
    },
    {
      title: 'two hashes',
      words: words('-CAfile ca.pem -issuer ca.pem -sha256 -cert good.pem -sha1 -cert revoked.pem -url {url}/ca -text'),
    },
    {
      title: 'a header in two words',
      words: words('-issuer ca.pem -cert good.pem -url {url}/ca -CAfile ca.pem -header HOST example'),
      differs: 'headers in two words',
    },
    {
      title: 'a header with a colon',
      words: [...words('-issuer ca.pem -cert good.pem -url {url}/ca -CAfile ca.pem -header'), 'Host: example'],
      differs: 'headers in two words',
    },
  ]);
});

/** C is the certificate, R the response. */
const reading: Readonly<Record<string, string>> = {
  'certbot-ocsp-fetcher': '-no_nonce -issuer chain.pem -cert C.pem -verify_other chain.pem -respin R.der',
  dehydrated: '-no_nonce -issuer ca.pem -verify_other ca.pem -cert C.pem -respin R.der -status_age 432000',
  'dehydrated, long ago':
    '-no_nonce -issuer ca.pem -verify_other ca.pem -cert C.pem -respin R.der -status_age 999999999',
  'hapos-upd': '-issuer chain.pem -cert C.pem -respin R.der -no_nonce -CAfile chain.pem -out F',
  'hapos-upd with a responder':
    '-partial_chain -issuer ca.pem -cert C.pem -respin R.der -no_nonce -CAfile ca.pem -VAfile ca.pem -out F',
  'the text alone': '-respin R.der -text -noverify',
  lighttpd: '-issuer ca.pem -cert C.pem -respin R.der -no_nonce -out /dev/null',
  'the trusted signer': '-respin R.der -CAfile ca.pem -verify_other ca.pem -trust_other',
  'a wide window': '-respin R.der -issuer ca.pem -cert C.pem -CAfile ca.pem -validity_period 999999999',
};

const files: Readonly<Record<string, string>> = {
  good: 'good',
  revoked: 'revoked',
  hold: 'hold',
  unknown: 'unknown',
  old: 'good',
  wrong: 'good',
  delegate: 'good',
  bare: 'good',
  spoiled: 'good',
  refused: 'good',
};

describe('reading a response prints, writes and ends as openssl does', () => {
  compared(
    Object.entries(reading).flatMap(([who, shape]) =>
      Object.entries(files).map(([response, certificate]) => {
        const line = words(shape).map((word) =>
          word === 'R.der'
            ? `${response}.der`
            : word === 'C.pem'
              ? `${certificate}.pem`
              : word === 'F'
                ? 'written'
                : word,
        );
        return { title: `${who}: ${response}`, words: line, written: line.includes('written') ? ['written'] : [] };
      }),
    ),
  );
  compared([
    {
      title: 'a response of another certificate',
      words: words('-issuer ca.pem -cert second.pem -respin good.der -no_nonce -CAfile ca.pem'),
    },
    { title: 'a response by stdin that is none', words: words('-respin - -text -noverify'), input: 'nothing' },
    { title: 'a file that is not there', words: words('-respin missing.der -text -noverify') },
    { title: 'garbage', words: words('-respin garbage -text -noverify') },
    { title: 'no trusted certificate', words: words('-respin good.der -issuer other.pem -cert good.pem') },
    {
      title: 'no trusted certificate among those of this machine',
      words: words('-respin good.der -issuer ca.pem -cert good.pem'),
      hasMachineRoots: true,
    },
    { title: 'a file of trusted certificates that is not there', words: words('-respin good.der -CAfile missing.pem') },
  ]);
});

describe('reading with files that bash hands over', { tags: ['bash'] }, () => {
  compared([
    {
      title: 'testssl.sh with a stapled response',
      words: words('-no_nonce -respin good.der -issuer ca.pem -verify_other chain.pem -cert good.pem -text'),
      shell: '-CAfile <(cat chain.pem ca.pem)',
    },
    {
      title: 'a response on stdin',
      words: words('-no_nonce -issuer ca.pem -cert good.pem -CAfile ca.pem'),
      shell: '-respin /dev/stdin <good.der',
    },
  ]);
});

describe('requests are written byte for byte', () => {
  compared([
    { title: 'without nonce', words: words('-no_nonce -issuer ca.pem -cert good.pem -reqout q'), written: ['q'] },
    { title: 'with nonce', words: words('-issuer ca.pem -cert good.pem -reqout q'), written: ['q'] },
    { title: 'with the text', words: words('-issuer ca.pem -cert good.pem -reqout q -req_text'), written: ['q'] },
    { title: 'to stdout', words: words('-no_nonce -issuer ca.pem -cert good.pem -reqout -') },
    {
      title: 'SHA-512 and a serial number',
      words: words('-no_nonce -issuer ca.pem -sha512 -serial 0xffeeddcc -reqout q -text'),
      written: ['q'],
    },
    {
      title: 'a long serial number',
      words: words('-no_nonce -issuer ca.pem -cert second.pem -reqout q -text'),
      written: ['q'],
    },
    {
      title: 'signed',
      words: words('-no_nonce -issuer ca.pem -cert good.pem -signer ca.pem -signkey ca.key -reqout q -text'),
    },
    {
      title: 'signed with more certificates',
      words: words(
        '-no_nonce -issuer ca.pem -cert good.pem -signer ca.pem -signkey ca.key -sign_other chain.pem -text',
      ),
    },
    { title: 'no issuer', words: words('-cert good.pem -reqout q'), written: ['q'] },
    { title: 'no certificate', words: words('-issuer ca.pem -reqout q'), written: ['q'] },
    { title: 'a request that is not there', words: words('-reqin missing -text') },
    { title: 'a request that is none', words: words('-reqin garbage -text') },
    {
      title: 'a folder that is not there',
      words: words('-issuer ca.pem -cert good.pem -reqout missing/q'),
      written: ['missing/q'],
    },
  ]);
});

describe('mistakes end as with openssl', () => {
  compared([
    { title: 'nothing at all', words: [] },
    { title: 'an unknown option', words: words('-issuer ca.pem -cert good.pem -nonsense') },
    { title: 'a word that is no option', words: words('good.pem') },
    { title: 'an option without its value', words: words('-issuer') },
    { title: 'a number that is none', words: words('-timeout abc -respin good.der') },
    { title: 'a number below one', words: words('-timeout 0 -respin good.der') },
    { title: 'a certificate that is not there', words: words('-issuer ca.pem -cert missing.pem -url {url}/ca') },
    { title: 'an issuer that is not there', words: words('-issuer missing.pem -cert good.pem -url {url}/ca') },
    { title: 'a certificate that is none', words: words('-issuer ca.pem -cert garbage -url {url}/ca') },
    { title: 'a hash behind the certificate', words: words('-issuer ca.pem -cert good.pem -sha256 -url {url}/ca') },
    { title: 'a URL of another scheme', words: words('-issuer ca.pem -cert good.pem -url ftp://127.0.0.1/') },
  ]);
});

const index = '-index index.txt -CA ca.pem';
const byCa = `${index} -rsigner ca.pem -rkey ca.key`;
const byDelegate = `${index} -rsigner delegate.pem -rkey delegate.key`;

describe('answering from an index prints, writes and ends as openssl does', () => {
  compared([
    { title: 'without a network', words: words(`${byCa} -issuer ca.pem -serial 0x1002`) },
    { title: 'in full', words: words(`${byCa} -issuer ca.pem -serial 0x1002 -text`) },
    {
      title: 'by a delegate',
      words: words(`${byDelegate} -issuer ca.pem -cert good.pem -cert hold.pem -resp_text -nmin 5`),
    },
    { title: 'to a file', words: words(`${byCa} -issuer ca.pem -cert good.pem -respout r -ndays 3`), written: ['r'] },
    { title: 'to stdout', words: words(`${byCa} -issuer ca.pem -cert good.pem -no_nonce -respout -`) },
    {
      title: 'by key, without certificates',
      words: words(`${byCa} -issuer ca.pem -cert good.pem -resp_key_id -resp_no_certs -text`),
    },
    {
      title: 'with more certificates',
      words: words(`${byDelegate} -rother chain.pem -issuer ca.pem -cert good.pem -text`),
    },
    { title: 'in SHA-384', words: words(`${byCa} -rmd sha384 -issuer ca.pem -cert good.pem -text`) },
    { title: 'by RSA-PSS', words: words(`${byCa} -rsigopt rsa_padding_mode:pss -issuer ca.pem -cert good.pem -text`) },
    {
      title: 'by RSA-PSS with a salt',
      words: words(
        `${byCa} -rsigopt rsa_padding_mode:pss -rsigopt rsa_pss_saltlen:digest -issuer ca.pem -cert good.pem -text`,
      ),
    },
    {
      title: 'CertIDs in another hash',
      words: words(`${byCa} -rcid sha256 -issuer ca.pem -cert revoked.pem -text`),
      differs: 'serial numbers with `-rcid`',
    },
    {
      title: 'a spoiled signature',
      words: words(`${byCa} -badsig -issuer ca.pem -cert good.pem -respout r`),
      written: ['r'],
    },
    { title: 'a certificate of another CA', words: words(`${byCa} -issuer other.pem -serial 1 -text`) },
    {
      title: 'two CAs',
      words: words(`-index index.txt -CA chain.pem -rsigner ca.pem -rkey ca.key -issuer other.pem -serial 4097 -text`),
    },
    {
      title: 'a key with a passphrase',
      words: words(`${index} -rsigner ca.pem -rkey encrypted.key -passin pass:secret -issuer ca.pem -serial 1`),
    },
    {
      title: 'a passphrase in a file',
      words: words(`${index} -rsigner ca.pem -rkey encrypted.key -passin file:secret.txt -issuer ca.pem -serial 1`),
    },
    {
      title: 'a wrong passphrase',
      words: words(`${index} -rsigner ca.pem -rkey encrypted.key -passin pass:no -issuer ca.pem -serial 1`),
    },
    {
      title: 'no variable for the passphrase',
      words: words(`${index} -rsigner ca.pem -rkey encrypted.key -passin env:NOT_SET -issuer ca.pem -serial 1`),
    },
    {
      title: 'a key of another certificate',
      words: words(`${index} -rsigner ca.pem -rkey delegate.key -issuer ca.pem -serial 1 -respout r`),
      written: ['r'],
    },
    { title: 'no signer', words: words('-index index.txt -CA ca.pem -issuer ca.pem -serial 1') },
    {
      title: 'an index that is not there',
      words: words('-index missing -CA ca.pem -rsigner ca.pem -rkey ca.key -issuer ca.pem -serial 1'),
    },
    {
      title: 'a damaged index',
      words: words('-index twice.txt -CA ca.pem -rsigner ca.pem -rkey ca.key -issuer ca.pem -serial 1'),
    },
    {
      title: 'a signer that is not there',
      words: words(`${index} -rsigner missing.pem -rkey ca.key -issuer ca.pem -serial 1`),
    },
    {
      title: 'a key that is not there',
      words: words(`${index} -rsigner ca.pem -rkey missing.key -issuer ca.pem -serial 1`),
    },
    {
      title: 'a CA that is not there',
      words: words('-index index.txt -CA missing.pem -rsigner ca.pem -rkey ca.key -issuer ca.pem -serial 1'),
    },
    { title: 'an unknown hash', words: words(`${byCa} -rmd nonsense -issuer ca.pem -serial 1`) },
    { title: 'no days', words: words(`${byCa} -ndays 0 -issuer ca.pem -serial 1`) },
    {
      title: 'SHA-1',
      words: words(`${byCa} -rmd sha1 -issuer ca.pem -serial 1 -text`),
      differs: 'signatures over SHA-1',
    },
  ]);
});

describe('the differences', () => {
  it('the last second of a signer differs: the end of a certificate', async () => {
    const { validTo } = new X509Certificate(readFileSync(scene.folder.at('ca.pem')));
    const at = (seconds: number): Comparison => ({
      title: `${seconds} s after notAfter`,
      words: [
        ...words('-issuer ca.pem -cert good.pem -respin good.der -no_nonce -CAfile ca.pem -attime'),
        String(Date.parse(validTo) / 1000 + seconds),
      ],
    });
    const [before, last, after] = await Promise.all([-1, 0, 1].map((seconds) => scene.compare(at(seconds))));
    expect(before!.ours).toEqual(before!.theirs);
    expect(last!.ours).toEqual(before!.ours);
    expect(last!.theirs).toEqual(after!.theirs);
    expect(after!.ours).toEqual(after!.theirs);
  });

  it('are those of docs/from-openssl.md, with the same reasons', () => {
    const page = readFileSync(join(projectFolder, 'docs/from-openssl.md'), 'utf8');
    const [, table = ''] = page.split(/^## Differences$/m);
    const rows = table
      .split(/^## /m)[0]!
      .split('\n')
      .filter((line) => line.startsWith('|') && !/^\| *(?:difference|-+) /.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim()));
    expect(rows.map(([, name, openssl, own, reason]) => ({ name, openssl, own, reason }))).toEqual(
      Object.entries(differences).map(([name, difference]) => ({ name, ...difference })),
    );
  });
});
