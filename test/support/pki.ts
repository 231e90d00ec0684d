import type { KeyObject } from 'node:crypto';

import {
  encodeCertificate,
  randomSerial,
  serialContents,
  subjectName,
  type CertificateIssuer,
  type CertificateOptions,
  type IssuedCertificate,
} from './certificate.js';
import { purposes } from './extensions.js';
import { endEntityKey, generateKey, privateKeyPem, subjectPublicKey } from './keys.js';
import { pem } from './pem.js';

/** A certificate that may issue others. */
export interface CertificateAuthority extends IssuedCertificate {
  /** Issues a certificate; with `isCa: true` a subordinate authority. */
  issue(options: CertificateOptions & { readonly isCa: true }): CertificateAuthority;
  issue(options?: CertificateOptions): IssuedCertificate;
  /** Issues a delegated OCSP responder: id-kp-OCSPSigning and nocheck, each of which the options may take away. */
  issueResponder(options?: CertificateOptions): IssuedCertificate;
}

/** A self-signed root, EC P-256 unless asked otherwise; its key is always its own. */
export function createCertificateAuthority(
  options: Omit<CertificateOptions, 'isCa' | 'commonName'> & { readonly name?: string } = {},
): CertificateAuthority {
  const { name = 'Test Root CA', ...rest } = options;
  const complete: CertificateOptions = { ...rest, commonName: name, isCa: true };
  return authority(create(complete, complete.key ?? generateKey(complete.keyType)));
}

/** A certificate that signs itself and is not an authority unless asked. */
export function selfSigned(options: CertificateOptions = {}): IssuedCertificate {
  return create(options, options.key ?? endEntityKey(options.keyType));
}

function authority(own: IssuedCertificate): CertificateAuthority {
  const issuer: CertificateIssuer = {
    key: own.key,
    name: own.name,
    ownIssuerName: own.issuerName,
    ownSerialNumber: own.serialNumber,
  };

  function issue(options: CertificateOptions & { readonly isCa: true }): CertificateAuthority;
  function issue(options?: CertificateOptions): IssuedCertificate;
  function issue(options: CertificateOptions = {}): IssuedCertificate | CertificateAuthority {
    if (options.isCa === true) return authority(create(options, options.key ?? generateKey(options.keyType), issuer));
    return create(options, options.key ?? endEntityKey(options.keyType), issuer);
  }

  function issueResponder(options: CertificateOptions = {}): IssuedCertificate {
    return issue({
      commonName: 'Test OCSP Responder',
      extendedKeyUsage: [purposes.ocspSigning],
      ocspNoCheck: true,
      ...options,
      key: options.key ?? generateKey(options.keyType),
    });
  }

  return { ...own, issue, issueResponder };
}

function create(options: CertificateOptions, key: KeyObject, issuer?: CertificateIssuer): IssuedCertificate {
  const serial = options.serialNumber === undefined ? randomSerial() : serialContents(options.serialNumber);
  const der = encodeCertificate(options, key, serial, issuer);
  const name = subjectName(options);
  return {
    certificate: { der, pem: pem('CERTIFICATE', der) },
    key,
    keyPem: privateKeyPem(key),
    name,
    issuerName: options.issuerName ?? issuer?.name ?? name,
    serialNumber: serial.toString('hex'),
    subjectPublicKey: subjectPublicKey(key),
  };
}
