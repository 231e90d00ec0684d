import { hashByOid } from '../../core/hash.js';
import { Oid } from '../../core/oid.js';

/** Names of extensions as the RFCs' modules have them. */
const extensionNames: Readonly<Record<string, string>> = {
  [Oid.ocspNonce]: 'id-pkix-ocsp-nonce',
  [Oid.ocspCrlReferences]: 'id-pkix-ocsp-crl',
  [Oid.ocspAcceptableResponses]: 'id-pkix-ocsp-response',
  [Oid.ocspNoCheck]: 'id-pkix-ocsp-nocheck',
  [Oid.ocspArchiveCutoff]: 'id-pkix-ocsp-archive-cutoff',
  [Oid.ocspServiceLocator]: 'id-pkix-ocsp-service-locator',
  [Oid.ocspPreferredSignatureAlgorithms]: 'id-pkix-ocsp-pref-sig-algs',
  [Oid.ocspExtendedRevoke]: 'id-pkix-ocsp-extended-revoke',
  [Oid.subjectKeyIdentifier]: 'subjectKeyIdentifier',
  [Oid.keyUsage]: 'keyUsage',
  '2.5.29.16': 'privateKeyUsagePeriod',
  [Oid.subjectAlternativeName]: 'subjectAltName',
  [Oid.issuerAlternativeName]: 'issuerAltName',
  [Oid.basicConstraints]: 'basicConstraints',
  '2.5.29.20': 'cRLNumber',
  [Oid.reasonCode]: 'cRLReason',
  [Oid.invalidityDate]: 'invalidityDate',
  [Oid.certificateIssuer]: 'certificateIssuer',
  [Oid.nameConstraints]: 'nameConstraints',
  [Oid.crlDistributionPoints]: 'cRLDistributionPoints',
  [Oid.certificatePolicies]: 'certificatePolicies',
  [Oid.policyMappings]: 'policyMappings',
  [Oid.authorityKeyIdentifier]: 'authorityKeyIdentifier',
  [Oid.policyConstraints]: 'policyConstraints',
  [Oid.extendedKeyUsage]: 'extKeyUsage',
  '2.5.29.46': 'freshestCRL',
  [Oid.inhibitAnyPolicy]: 'inhibitAnyPolicy',
  [Oid.authorityInformationAccess]: 'authorityInfoAccess',
  '1.3.6.1.5.5.7.1.3': 'qcStatements',
  '1.3.6.1.5.5.7.1.11': 'subjectInfoAccess',
  [Oid.tlsFeature]: 'tlsfeature',
  '1.3.6.1.4.1.11129.2.4.2': 'signedCertificateTimestampList',
  '1.3.6.1.4.1.11129.2.4.3': 'precertificatePoison',
  [Oid.signedCertificateTimestamps]: 'signedCertificateTimestampList',
  '2.16.840.1.113730.1.1': 'netscapeCertType',
  '2.16.840.1.113730.1.13': 'netscapeComment',
};

/** Key purposes, access methods, policies, response types and algorithms that stand inside other fields. */
const otherNames: Readonly<Record<string, string>> = {
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

export function extensionName(oid: string): string | undefined {
  return extensionNames[oid];
}

/** The name of an OID that stands inside some field, or the OID itself where it is unknown. */
export function objectName(oid: string): string {
  return otherNames[oid] ?? hashByOid(oid) ?? oid;
}

/** As {@link objectName}, the OID behind a name in brackets. */
export function objectNameWithOid(oid: string): string {
  const name = objectName(oid);
  return name === oid ? oid : `${name} (${oid})`;
}
