import type { KeyObject } from 'node:crypto';

import type { CertificateBytes } from './certificate.js';
import { bitString, contextConstructed, integer, objectIdentifier, sequence, setOf, tagged } from './der-writer.js';
import { generateKey, publicKeyInfo } from './keys.js';
import { commonName } from './names.js';
import { pem } from './pem.js';
import { defaultSignatureAlgorithm, signatureAlgorithmIdentifier, signBytes } from './signatures.js';

/** A PKCS#10 certificate request (RFC 2986). */
export function certificateRequest(
  options: { readonly commonName?: string; readonly key?: KeyObject; readonly attributes?: readonly Uint8Array[] } = {},
): CertificateBytes {
  const key = options.key ?? generateKey();
  const algorithm = defaultSignatureAlgorithm(key);
  const body = sequence(
    integer(0),
    commonName(options.commonName ?? 'server.example'),
    publicKeyInfo(key),
    contextConstructed(0, ...(options.attributes ?? [])),
  );
  const der = sequence(body, signatureAlgorithmIdentifier(algorithm), bitString(signBytes(body, key, algorithm)));
  return { der, pem: pem('CERTIFICATE REQUEST', der) };
}

/** A certs-only PKCS#7 (degenerate SignedData, RFC 2315 §9.1) of these certificates, in this order. */
export function certificatesOnlyBundle(
  certificates: readonly { readonly certificate: CertificateBytes }[],
): CertificateBytes {
  const signedData = sequence(
    integer(1),
    setOf(),
    sequence(objectIdentifier('1.2.840.113549.1.7.1')),
    tagged(0xa0, ...certificates.map(({ certificate }) => certificate.der)),
    setOf(),
  );
  const der = sequence(objectIdentifier('1.2.840.113549.1.7.2'), contextConstructed(0, signedData));
  return { der, pem: pem('PKCS7', der) };
}
