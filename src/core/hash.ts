import { hash } from 'node:crypto';
import { Oid } from './oid.js';

/** The hash algorithms that a CertID may use here. */
export type HashAlgorithm = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** Those and SHA-224, which signatures may use. */
export type SignatureHash = HashAlgorithm | 'sha224';

const oidsByName: Readonly<Record<SignatureHash, string>> = {
  sha1: Oid.sha1,
  sha224: Oid.sha224,
  sha256: Oid.sha256,
  sha384: Oid.sha384,
  sha512: Oid.sha512,
};

const namesByOid = new Map(Object.entries(oidsByName).map(([name, oid]) => [oid, name as SignatureHash]));

export function hashOid(name: SignatureHash): string {
  return oidsByName[name];
}

/** The name of a hash function by its OID, or undefined where it is not ours (MD5 and MD2 among them). */
export function hashByOid(oid: string): SignatureHash | undefined {
  return namesByOid.get(oid);
}

/** Whether this names a hash algorithm that a CertID may use here. */
export function isHashName(name: string | undefined): name is HashAlgorithm {
  return name === 'sha1' || name === 'sha256' || name === 'sha384' || name === 'sha512';
}

export function digest(algorithm: SignatureHash, bytes: Uint8Array): Uint8Array {
  return hash(algorithm, bytes, 'buffer');
}
