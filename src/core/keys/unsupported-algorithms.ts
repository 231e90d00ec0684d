/**
 * Names of what is deployed or standardized and not verified here, by OID, so that a refusal can say what it met: signature
 * algorithms, key algorithms and hashes.
 */
const names: Readonly<Record<string, string>> = {
  // RFC 3279 §2.2, RFC 8017 appendix A.2.4
  '1.2.840.113549.1.1.3': 'md4WithRSAEncryption',
  '1.2.840.113549.1.1.15': 'sha512-224WithRSAEncryption',
  '1.2.840.113549.1.1.16': 'sha512-256WithRSAEncryption',
  '1.3.36.3.3.1.2': 'ripemd160WithRSA',
  '1.2.840.10040.4.1': 'DSA',
  '1.2.840.10040.4.3': 'dsa-with-SHA1',
  // NIST Computer Security Objects Register: sigAlgs, FIPS 204, FIPS 205
  '2.16.840.1.101.3.4.3.1': 'dsa-with-SHA224',
  '2.16.840.1.101.3.4.3.2': 'dsa-with-SHA256',
  '2.16.840.1.101.3.4.3.3': 'dsa-with-SHA384',
  '2.16.840.1.101.3.4.3.4': 'dsa-with-SHA512',
  '2.16.840.1.101.3.4.3.5': 'dsa-with-SHA3-224',
  '2.16.840.1.101.3.4.3.6': 'dsa-with-SHA3-256',
  '2.16.840.1.101.3.4.3.7': 'dsa-with-SHA3-384',
  '2.16.840.1.101.3.4.3.8': 'dsa-with-SHA3-512',
  '2.16.840.1.101.3.4.3.9': 'ecdsa-with-SHA3-224',
  '2.16.840.1.101.3.4.3.10': 'ecdsa-with-SHA3-256',
  '2.16.840.1.101.3.4.3.11': 'ecdsa-with-SHA3-384',
  '2.16.840.1.101.3.4.3.12': 'ecdsa-with-SHA3-512',
  '2.16.840.1.101.3.4.3.13': 'RSA-SHA3-224',
  '2.16.840.1.101.3.4.3.14': 'RSA-SHA3-256',
  '2.16.840.1.101.3.4.3.15': 'RSA-SHA3-384',
  '2.16.840.1.101.3.4.3.16': 'RSA-SHA3-512',
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87',
  '2.16.840.1.101.3.4.3.20': 'SLH-DSA-SHA2-128s',
  '2.16.840.1.101.3.4.3.21': 'SLH-DSA-SHA2-128f',
  '2.16.840.1.101.3.4.3.22': 'SLH-DSA-SHA2-192s',
  '2.16.840.1.101.3.4.3.23': 'SLH-DSA-SHA2-192f',
  '2.16.840.1.101.3.4.3.24': 'SLH-DSA-SHA2-256s',
  '2.16.840.1.101.3.4.3.25': 'SLH-DSA-SHA2-256f',
  '2.16.840.1.101.3.4.3.26': 'SLH-DSA-SHAKE-128s',
  '2.16.840.1.101.3.4.3.27': 'SLH-DSA-SHAKE-128f',
  '2.16.840.1.101.3.4.3.28': 'SLH-DSA-SHAKE-192s',
  '2.16.840.1.101.3.4.3.29': 'SLH-DSA-SHAKE-192f',
  '2.16.840.1.101.3.4.3.30': 'SLH-DSA-SHAKE-256s',
  '2.16.840.1.101.3.4.3.31': 'SLH-DSA-SHAKE-256f',
  // RFC 8702 §3, BSI TR-03111 §5.2.1
  '1.3.6.1.5.5.7.6.30': 'RSASSA-PSS-SHAKE128',
  '1.3.6.1.5.5.7.6.31': 'RSASSA-PSS-SHAKE256',
  '1.3.6.1.5.5.7.6.32': 'ecdsa-with-SHAKE128',
  '1.3.6.1.5.5.7.6.33': 'ecdsa-with-SHAKE256',
  '0.4.0.127.0.7.1.1.4.1.1': 'ecdsa-plain-SHA1',
  '0.4.0.127.0.7.1.1.4.1.2': 'ecdsa-plain-SHA224',
  '0.4.0.127.0.7.1.1.4.1.3': 'ecdsa-plain-SHA256',
  '0.4.0.127.0.7.1.1.4.1.4': 'ecdsa-plain-SHA384',
  '0.4.0.127.0.7.1.1.4.1.5': 'ecdsa-plain-SHA512',
  // GM/T 0006, RFC 9215
  '1.2.156.10197.1.501': 'SM2-with-SM3',
  '1.2.643.2.2.3': 'GOST R 34.10-2001',
  '1.2.643.7.1.1.1.1': 'GOST R 34.10-2012 (256 bits)',
  '1.2.643.7.1.1.1.2': 'GOST R 34.10-2012 (512 bits)',
  '1.2.643.7.1.1.3.2': 'GOST R 34.10-2012 (256 bits) with Streebog',
  '1.2.643.7.1.1.3.3': 'GOST R 34.10-2012 (512 bits) with Streebog',
  // Hashes
  '1.2.840.113549.2.5': 'MD5',
  '1.3.36.3.2.1': 'RIPEMD-160',
  '1.2.156.10197.1.401': 'SM3',
  '2.16.840.1.101.3.4.2.5': 'SHA-512/224',
  '2.16.840.1.101.3.4.2.6': 'SHA-512/256',
  '2.16.840.1.101.3.4.2.7': 'SHA3-224',
  '2.16.840.1.101.3.4.2.8': 'SHA3-256',
  '2.16.840.1.101.3.4.2.9': 'SHA3-384',
  '2.16.840.1.101.3.4.2.10': 'SHA3-512',
  '2.16.840.1.101.3.4.2.11': 'SHAKE128',
  '2.16.840.1.101.3.4.2.12': 'SHAKE256',
};

/** The usual name of an algorithm that is not verified here, or its OID. */
export function unsupportedAlgorithmName(oid: string): string {
  return names[oid] ?? oid;
}
