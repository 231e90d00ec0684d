import { hashByOid } from '../../core/hash.js';
import { Oid } from '../../core/oid.js';

/** Key purposes, access methods, policies, response types and algorithms that stand inside other fields. */
const names: Readonly<Record<string, string>> = {
  [Oid.ocspBasic]: 'id-pkix-ocsp-basic',
  // RFC 5280 §4.2.1.12
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  [Oid.keyPurposeOcspSigning]: 'OCSPSigning',
  '2.5.29.37.0': 'anyExtendedKeyUsage',
  // RFC 5280 §4.2.2
  [Oid.accessMethodOcsp]: 'OCSP',
  [Oid.accessMethodCaIssuers]: 'caIssuers',
  '1.3.6.1.5.5.7.48.3': 'timeStamping',
  '1.3.6.1.5.5.7.48.5': 'caRepository',
  // RFC 5280 §4.2.1.4 and CA/Browser Forum BR 7.1.6.1
  '2.5.29.32.0': 'anyPolicy',
  '2.23.140.1.1': 'extended-validation',
  '2.23.140.1.2.1': 'domain-validated',
  '2.23.140.1.2.2': 'organization-validated',
  '2.23.140.1.2.3': 'individual-validated',
  [Oid.rsaEncryption]: 'rsaEncryption',
  [Oid.rsaPss]: 'rsassaPss',
  [Oid.ecPublicKey]: 'id-ecPublicKey',
  '1.2.840.10040.4.1': 'id-dsa',
  [Oid.ed25519]: 'ED25519',
  [Oid.ed448]: 'ED448',
  '1.2.840.113549.2.5': 'md5',
};

/** The name of an OID that stands inside some field, or the OID itself where it is unknown. */
export function objectName(oid: string): string {
  return names[oid] ?? hashByOid(oid) ?? oid;
}

/** As {@link objectName}, the OID behind a name in brackets. */
export function objectNameWithOid(oid: string): string {
  const name = objectName(oid);
  return name === oid ? oid : `${name} (${oid})`;
}
