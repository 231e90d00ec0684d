import { serialContents, type IssuedCertificate } from './certificate.js';
import { integerOfContents, objectIdentifier, octetString, nullValue, sequence } from './der-writer.js';
import { digest, hashIdentifier, type HashName } from './signatures.js';

/** A CertID (RFC 6960 §4.1.1); each field can be replaced by a wrong one. */
export interface CertIdOptions {
  readonly issuer: Pick<IssuedCertificate, 'name' | 'subjectPublicKey'>;
  /** A number, or the exact contents octets in hex. */
  readonly serialNumber: bigint | string;
  /** Default sha1. */
  readonly hash?: HashName;
  /** The parameters of the hash algorithm; default null, as openssl writes them. */
  readonly hashParameters?: 'null' | 'absent';
  /** An OID that need not fit the hashes. */
  readonly hashOid?: string;
  readonly issuerNameHash?: Uint8Array;
  readonly issuerKeyHash?: Uint8Array;
}

export function encodeCertId(options: CertIdOptions): Buffer {
  const { issuer, hash = 'sha1' } = options;
  const identifier = objectIdentifier(options.hashOid ?? hashIdentifier(hash));
  return sequence(
    options.hashParameters === 'absent' ? sequence(identifier) : sequence(identifier, nullValue()),
    octetString(options.issuerNameHash ?? digest(hash, issuer.name)),
    octetString(options.issuerKeyHash ?? digest(hash, issuer.subjectPublicKey)),
    integerOfContents(serialContents(options.serialNumber)),
  );
}
