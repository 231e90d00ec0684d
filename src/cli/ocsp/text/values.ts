import { hashByOid } from '../../../core/hash.js';
import { Oid } from '../../../core/oid.js';

/** Octets of a hash or a serial number in one line: openssl breaks longer ones with a backslash. */
const octetsPerBrokenLine = 35;

/** Octets of a signature in one line. */
const octetsPerSignatureLine = 18;

/** What openssl calls objects at length; those that RFCs name so too come from their own tables. */
const objectNames: Readonly<Record<string, string>> = {
  [Oid.ocspBasic]: 'Basic OCSP Response',
  [Oid.ocspNonce]: 'OCSP Nonce',
  [Oid.ocspCrlReferences]: 'OCSP CRL ID',
  [Oid.ocspAcceptableResponses]: 'Acceptable OCSP Responses',
  [Oid.ocspNoCheck]: 'OCSP No Check',
  [Oid.ocspArchiveCutoff]: 'OCSP Archive Cutoff',
  [Oid.ocspServiceLocator]: 'OCSP Service Locator',
  [Oid.ocspExtendedRevoke]: 'Extended OCSP Status',
  [Oid.subjectKeyIdentifier]: 'X509v3 Subject Key Identifier',
  [Oid.keyUsage]: 'X509v3 Key Usage',
  '2.5.29.16': 'X509v3 Private Key Usage Period',
  [Oid.subjectAlternativeName]: 'X509v3 Subject Alternative Name',
  [Oid.issuerAlternativeName]: 'X509v3 Issuer Alternative Name',
  [Oid.basicConstraints]: 'X509v3 Basic Constraints',
  [Oid.reasonCode]: 'X509v3 CRL Reason Code',
  [Oid.holdInstructionCode]: 'Hold Instruction Code',
  [Oid.invalidityDate]: 'Invalidity Date',
  [Oid.nameConstraints]: 'X509v3 Name Constraints',
  [Oid.crlDistributionPoints]: 'X509v3 CRL Distribution Points',
  [Oid.certificatePolicies]: 'X509v3 Certificate Policies',
  '2.5.29.32.0': 'X509v3 Any Policy',
  [Oid.policyMappings]: 'X509v3 Policy Mappings',
  [Oid.authorityKeyIdentifier]: 'X509v3 Authority Key Identifier',
  [Oid.policyConstraints]: 'X509v3 Policy Constraints',
  [Oid.extendedKeyUsage]: 'X509v3 Extended Key Usage',
  '2.5.29.37.0': 'Any Extended Key Usage',
  [Oid.freshestCrl]: 'X509v3 Freshest CRL',
  [Oid.inhibitAnyPolicy]: 'X509v3 Inhibit Any Policy',
  [Oid.authorityInformationAccess]: 'Authority Information Access',
  '1.3.6.1.5.5.7.1.3': 'qcStatements',
  '1.3.6.1.5.5.7.1.11': 'Subject Information Access',
  [Oid.tlsFeature]: 'TLS Feature',
  '1.3.6.1.4.1.11129.2.4.2': 'CT Precertificate SCTs',
  '1.3.6.1.4.1.11129.2.4.3': 'CT Precertificate Poison',
  [Oid.signedCertificateTimestamps]: 'CT Certificate SCTs',
  '1.3.6.1.4.1.311.20.2': 'Microsoft Enrollment Certificate Type',
  '1.3.6.1.4.1.311.21.1': 'Microsoft CA Version',
  '1.3.6.1.4.1.311.21.7': 'Microsoft certificate template',
  '1.3.6.1.4.1.311.21.10': 'Microsoft Application Policies Extension',
  '2.16.840.1.113730.1.1': 'Netscape Cert Type',
  '2.16.840.1.113730.1.13': 'Netscape Comment',
  [Oid.accessMethodOcsp]: 'OCSP',
  [Oid.accessMethodCaIssuers]: 'CA Issuers',
  '1.3.6.1.5.5.7.48.3': 'AD Time Stamping',
  '1.3.6.1.5.5.7.48.5': 'CA Repository',
  '1.3.6.1.5.5.7.3.1': 'TLS Web Server Authentication',
  '1.3.6.1.5.5.7.3.2': 'TLS Web Client Authentication',
  '1.3.6.1.5.5.7.3.3': 'Code Signing',
  '1.3.6.1.5.5.7.3.4': 'E-mail Protection',
  '1.3.6.1.5.5.7.3.8': 'Time Stamping',
  [Oid.keyPurposeOcspSigning]: 'OCSP Signing',
  [Oid.rsaEncryption]: 'rsaEncryption',
  [Oid.md2WithRsa]: 'md2WithRSAEncryption',
  [Oid.md5WithRsa]: 'md5WithRSAEncryption',
  [Oid.sha1WithRsa]: 'sha1WithRSAEncryption',
  [Oid.sha1WithRsaOiw]: 'sha1WithRSA',
  [Oid.sha224WithRsa]: 'sha224WithRSAEncryption',
  [Oid.sha256WithRsa]: 'sha256WithRSAEncryption',
  [Oid.sha384WithRsa]: 'sha384WithRSAEncryption',
  [Oid.sha512WithRsa]: 'sha512WithRSAEncryption',
  [Oid.rsaPss]: 'rsassaPss',
  [Oid.mgf1]: 'mgf1',
  [Oid.ecPublicKey]: 'id-ecPublicKey',
  [Oid.ecdsaWithSha1]: 'ecdsa-with-SHA1',
  [Oid.ecdsaWithSha224]: 'ecdsa-with-SHA224',
  [Oid.ecdsaWithSha256]: 'ecdsa-with-SHA256',
  [Oid.ecdsaWithSha384]: 'ecdsa-with-SHA384',
  [Oid.ecdsaWithSha512]: 'ecdsa-with-SHA512',
  [Oid.ed25519]: 'ED25519',
  [Oid.ed448]: 'ED448',
  '1.2.840.113549.2.5': 'md5',
};

/** openssl's long name of an object, or its OID. */
export function objectText(oid: string): string {
  return objectNames[oid] ?? hashByOid(oid) ?? oid;
}

/** Upper-case hexadecimal, broken as openssl breaks it. */
export function brokenHex(hex: string): string {
  const lines = hex.toUpperCase().match(new RegExp(`.{1,${octetsPerBrokenLine * 2}}`, 'g')) ?? ['0'];
  return lines.join('\\\n');
}

/** An INTEGER in hexadecimal, with a minus sign where it is negative; of its contents in hexadecimal. */
export function integerText(contents: string): string {
  const { sign, magnitude } = signedMagnitude(contents);
  return sign + brokenHex(magnitude);
}

/** The sign of an INTEGER and its magnitude in hexadecimal without redundant zeros, at least an octet. */
export function signedMagnitude(contents: string): { readonly sign: '' | '-'; readonly magnitude: string } {
  const value = BigInt.asIntN(contents.length * 4, BigInt(`0x0${contents}`));
  const digits = (value < 0n ? -value : value).toString(16);
  return { sign: value < 0n ? '-' : '', magnitude: digits.length % 2 === 0 ? digits : `0${digits}` };
}

/** Octets with colons between them, in lines of their own at this depth. */
export function colonLines(hex: string, depth: number, perLine = octetsPerSignatureLine): string {
  const octets = hex.match(/../g) ?? [];
  const lines: string[] = [];
  for (let at = 0; at < octets.length; at += perLine) lines.push(octets.slice(at, at + perLine).join(':'));
  return lines.map((line) => ' '.repeat(depth) + line).join(':\n');
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A time as openssl prints it: `Nov  8 17:43:00 2026 GMT`. */
export function timeText(time: Date): string {
  const day = String(time.getUTCDate()).padStart(2);
  return `${months[time.getUTCMonth()]} ${day} ${time.toISOString().slice(-13, -5)} ${time.getUTCFullYear()} GMT`;
}

/** Octets as text, a dot for each that is not printable ASCII. */
export function printableText(octets: Uint8Array): string {
  return Buffer.from(octets)
    .toString('latin1')
    .replace(/[^\n\x20-\x7e]/g, '.');
}
