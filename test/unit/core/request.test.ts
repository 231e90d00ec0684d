import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DerError, OcspError, createCertId, createRequest, decodeRequest } from '../../../src/core/index.js';
import {
  contextConstructed,
  contextPrimitive,
  integer,
  octetString,
  objectIdentifier,
  sequence,
} from '../../support/der-writer.js';
import { parseOcspRequest } from '../../support/ocsp-request.js';
import { encodeCertId } from '../../support/cert-id.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';
import { authority, certId, certificate, decode, issuer, server } from './scene.js';

const second = authority.issue({ serialNumber: '00ff00ff00ff00ff00' });

/** What `openssl ocsp -reqout` writes for these certificates. */
function opensslRequest(
  hash: 'sha1' | 'sha256',
  pems: readonly string[],
  nonce: '-nonce' | '-no_nonce',
): Promise<Buffer> {
  return withTemporaryFolder((folder) => {
    const issuerFile = folder.write('issuer.pem', authority.certificate.pem);
    const certificates = pems.flatMap((pem, index) => [`-${hash}`, '-cert', folder.write(`${index}.pem`, pem)]);
    const out = folder.at('request.der');
    execFileSync('openssl', ['ocsp', '-issuer', issuerFile, ...certificates, nonce, '-reqout', out], {
      stdio: 'ignore',
    });
    return readFileSync(out);
  });
}

describe('createRequest', () => {
  it.each(['sha1', 'sha256'] as const)(
    'writes byte for byte what openssl writes with %s',
    { tags: 'openssl' },
    async (hash) => {
      const theirs = await opensslRequest(hash, [server.certificate.pem], '-no_nonce');
      const ours = createRequest({ certIds: [createCertId(certificate, issuer, hash)] });
      expect(Buffer.from(ours).toString('hex')).toBe(theirs.toString('hex'));
    },
  );

  it('writes byte for byte what openssl writes for several certificates', { tags: 'openssl' }, async () => {
    const theirs = await opensslRequest('sha1', [server.certificate.pem, second.certificate.pem], '-no_nonce');
    const certIds = [certificate, decode(second)].map((one) => createCertId(one, issuer, 'sha1'));
    expect(Buffer.from(createRequest({ certIds })).toString('hex')).toBe(theirs.toString('hex'));
  });

  it('writes a nonce in an OCTET STRING of its own', { tags: 'openssl' }, async () => {
    const theirs = await opensslRequest('sha1', [server.certificate.pem], '-nonce');
    const nonce = decodeRequest(theirs).nonce!;
    expect(nonce).toMatch(/^[0-9a-f]{32}$/);
    const certIds = [createCertId(certificate, issuer, 'sha1')];
    const ours = createRequest({ certIds, nonce: Buffer.from(nonce, 'hex') });
    expect(Buffer.from(ours).toString('hex')).toBe(theirs.toString('hex'));
    expect(parseOcspRequest(ours).nonce).toBe(nonce);
  });

  it('refuses to ask about nothing, and a nonce of 0 or 129 octets', () => {
    const certIds = [createCertId(certificate, issuer, 'sha1')];
    expect(() => createRequest({ certIds: [] })).toThrow(TypeError);
    expect(() => createRequest({ certIds, nonce: new Uint8Array(0) })).toThrow(TypeError);
    expect(() => createRequest({ certIds, nonce: new Uint8Array(129) })).toThrow(TypeError);
    expect(decodeRequest(createRequest({ certIds, nonce: new Uint8Array(128) })).nonce).toBe('00'.repeat(128));
  });
});

describe('decodeRequest', () => {
  const list = sequence(sequence(encodeCertId(certId)));

  it('returns what createRequest was given', () => {
    const certIds = (['sha1', 'sha512'] as const).map((hash) => createCertId(certificate, issuer, hash));
    expect(decodeRequest(createRequest({ certIds, nonce: Buffer.from('0102', 'hex') }))).toMatchObject({
      version: 1,
      requestorName: undefined,
      requests: certIds.map((one) => ({ certId: one, extensions: [] })),
      nonce: '0102',
      signed: false,
    });
  });

  it('reads an explicit version, a requestor, extensions of one request and a signature', () => {
    const locator = sequence(objectIdentifier('1.3.6.1.5.5.7.48.1.7'), octetString(sequence()));
    const request = sequence(encodeCertId(certId), contextConstructed(0, sequence(locator)));
    const name = contextPrimitive(2, Buffer.from('client'));
    const body = sequence(contextConstructed(0, integer(0)), contextConstructed(1, name), sequence(request));
    const decoded = decodeRequest(sequence(body, contextConstructed(0, sequence())));
    expect(decoded).toMatchObject({ version: 1, signed: true, nonce: undefined });
    expect(Buffer.from(decoded.requestorName!).equals(name)).toBe(true);
    expect(decoded.requests[0]?.extensions.map(({ oid }) => oid)).toEqual(['1.3.6.1.5.5.7.48.1.7']);
  });

  it('reads a bare nonce as the contents of its extension', () => {
    const nonce = sequence(objectIdentifier('1.3.6.1.5.5.7.48.1.2'), octetString(Buffer.from('cafe', 'hex')));
    expect(decodeRequest(sequence(sequence(list, contextConstructed(2, sequence(nonce))))).nonce).toBe('cafe');
  });

  it.each([
    ['nothing', new Uint8Array(0), 'truncated'],
    ['data after the request', Buffer.concat([sequence(sequence(list)), Buffer.of(0)]), 'trailing-data'],
    ['a version 2', sequence(sequence(contextConstructed(0, integer(1)), list)), 'value'],
    ['no requests', sequence(sequence()), 'truncated'],
    ['a request without CertID', sequence(sequence(sequence(sequence()))), 'truncated'],
    [
      'data after the extensions',
      sequence(sequence(list, contextConstructed(2, sequence(), integer(1)))),
      'trailing-data',
    ],
  ])('refuses %s', (_, der, rule) => {
    let caught: unknown;
    try {
      decodeRequest(der);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(OcspError);
    expect(caught).toMatchObject({ code: 'malformed-der' });
    expect((caught as OcspError).cause).toBeInstanceOf(DerError);
    expect((caught as OcspError).cause).toMatchObject({ rule });
  });
});
