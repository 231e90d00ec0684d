import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { replaceStaple } from '../../../src/store/write-staple.js';
import { buildCrl } from '../../support/crl.js';
import { pem } from '../../support/pem.js';
import { createCertificateAuthority } from '../../support/pki.js';
import { errorOf, makeFolder, optionsFor, pretendedResponse, removeFolder } from './support.js';

const authority = createCertificateAuthority();
const site = authority.issue();
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** What must not be lost to a slip of the pen, by its kind. */
function preciousFiles(): Readonly<Record<string, Uint8Array>> {
  const key = (type: 'pkcs8' | 'sec1', format: 'pem' | 'der', more: object = {}): Buffer =>
    Buffer.from(keys.privateKey.export({ type, format, ...more } as never));
  const locked = { cipher: 'aes-256-cbc', passphrase: 'secret' };
  const crl = buildCrl({ issuer: authority }).der;
  const request = Buffer.from('3059300b310906035504031302616202010030', 'hex');
  return {
    'a PEM key': key('pkcs8', 'pem'),
    'a SEC1 key': key('sec1', 'pem'),
    'a DER key': key('pkcs8', 'der'),
    'an encrypted PEM key': key('pkcs8', 'pem', locked),
    'an encrypted DER key': key('pkcs8', 'der', locked),
    'a public key': Buffer.from(keys.publicKey.export({ type: 'spki', format: 'der' })),
    'a PEM certificate': Buffer.from(site.certificate.pem),
    'a DER certificate': site.certificate.der,
    'text before a certificate': Buffer.from(`subject=CN = site\n${site.certificate.pem}`),
    'a PEM request': Buffer.from(pem('CERTIFICATE REQUEST', request)),
    'a PEM CRL': Buffer.from(pem('X509 CRL', crl)),
    'a DER CRL': crl,
    'a DER CRL of version 1': buildCrl({ issuer: authority, version: null }).der,
    'a PEM key in UTF-16': Buffer.from(key('pkcs8', 'pem').toString(), 'utf16le'),
  };
}

let folder = '';
beforeEach(() => (folder = makeFolder()));
afterEach(() => removeFolder(folder));

describe('a file that is a key, a certificate, a request or a CRL', () => {
  it.each(Object.entries(preciousFiles()))('as %s is replaced under no name', async (_kind, bytes) => {
    for (const name of ['out.ocsp', 'out.der', 'out.resp', 'out.key', 'out']) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      const { code, message, hint } = await errorOf(replaceStaple(optionsFor(path, pretendedResponse('new'))));
      expect(code).toBe('overwrite-refused');
      expect(message).toMatch(/^refused to replace .* it is untouched$/);
      expect(hint).toContain('--out');
      expect(readFileSync(path)).toEqual(Buffer.from(bytes));
    }
  });

  it('is found behind 60 KiB of text too, and behind 200 KiB', async () => {
    for (const length of [60, 200]) {
      const path = join(folder, 'out.ocsp');
      const text = `${'x'.repeat(length * 1024)}\n${site.certificate.pem}`;
      writeFileSync(path, text);
      expect((await errorOf(replaceStaple(optionsFor(path, pretendedResponse('new'))))).code).toBe('overwrite-refused');
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
  });
});
