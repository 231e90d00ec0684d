import { toHex } from '../../../core/bytes.js';
import { decodeCertificate, type Certificate } from '../../../core/certificate/certificate.js';
import { Tag, contextTag, objectIdentifierOf, readWhole, readerOf } from '../../../core/der/der.js';
import { unlessMalformed } from '../../../core/der/malformed.js';
import type { AlgorithmIdentifier } from '../../../core/keys/algorithm-identifier.js';
import { readPssParameters } from '../../../core/keys/pss-parameters.js';
import { knownCurves, type PublicKey } from '../../../core/keys/public-key.js';
import { OcspError } from '../../../core/ocsp-error.js';
import { Oid } from '../../../core/oid.js';
import { encodePem } from '../../../core/pem.js';
import { extensionsText } from './extensions.js';
import { certificateNameText } from './names.js';
import { colonLines, objectText, signedMagnitude, timeText } from './values.js';

/** Certificates as openssl prints those in a message: each as text, and then in PEM. */
export function embeddedCertificatesText(certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => certificateText(der) + encodePem('CERTIFICATE', der)).join('');
}

/** What `openssl x509 -text` prints; nothing where it is not a certificate. */
function certificateText(der: Uint8Array): string {
  let certificate: Certificate;
  try {
    certificate = decodeCertificate(der);
  } catch (error) {
    if (error instanceof OcspError) return '';
    throw error;
  }
  const { version, serialNumber, signatureAlgorithm, issuer, subject, notBefore, notAfter, publicKey } = certificate;
  return [
    'Certificate:',
    '    Data:',
    `        Version: ${version} (0x${version - 1})`,
    `        Serial Number:${serialNumberText(serialNumber)}`,
    `        Signature Algorithm: ${algorithmText(signatureAlgorithm)}`,
    `        Issuer: ${certificateNameText(issuer)}`,
    '        Validity',
    `            Not Before: ${timeText(notBefore)}`,
    `            Not After : ${timeText(notAfter)}`,
    `        Subject: ${certificateNameText(subject)}`,
    '        Subject Public Key Info:',
    `            Public Key Algorithm: ${objectText(publicKey.algorithm.oid)}`,
    `${publicKeyText(publicKey)}${extensionsText('X509v3 extensions', certificate.extensions, 8)}` +
      signatureText(signatureAlgorithm, certificate.signature),
  ].join('\n');
}

/** Up to a C long in decimal and hexadecimal, longer ones octet by octet. */
function serialNumberText(contents: string): string {
  const { sign, magnitude } = signedMagnitude(contents);
  const value = BigInt(`0x${magnitude}`);
  if (value < 1n << 63n) return ` ${sign}${value} (${sign}0x${value.toString(16)})`;
  return `${sign === '' ? '' : ' (Negative)'}\n${colonLines(magnitude, 12, magnitude.length)}`;
}

/** Algorithm and value of a signature, as under every signed structure. */
export function signatureText(algorithm: AlgorithmIdentifier, signature: Uint8Array): string {
  const parameters = algorithm.oid === Oid.rsaPss ? pssText(algorithm) : '\n';
  return `    Signature Algorithm: ${objectText(algorithm.oid)}\n    Signature Value:${parameters}${colonLines(toHex(signature), 8)}\n`;
}

function algorithmText(algorithm: AlgorithmIdentifier): string {
  const name = objectText(algorithm.oid);
  return algorithm.oid === Oid.rsaPss ? name + pssText(algorithm).slice(0, -1) : name;
}

/** The parameters of RSA-PSS, in openssl's own indentation. */
function pssText(algorithm: AlgorithmIdentifier): string {
  const parameters = readPssParameters(algorithm);
  const given = algorithm.parameters;
  if (parameters === undefined || given === undefined) return '        (INVALID PSS PARAMETERS)\n';
  const tags = new Set(readerOf(given).all((reader) => reader.any('PSS parameter').tag));
  const orDefault = (tag: number, shown: string): string => (tags.has(contextTag(tag)) ? shown : `${shown} (default)`);
  const salt = parameters.saltLength.toString(16).toUpperCase();
  return [
    '        ',
    `        Hash Algorithm: ${orDefault(0, parameters.hash)}`,
    `        Mask Algorithm: ${orDefault(1, `mgf1 with ${parameters.maskHash}`)}`,
    `         Salt Length: 0x${orDefault(2, salt.length % 2 === 0 ? salt : `0${salt}`)}`,
    `        Trailer Field: 0x${orDefault(3, '01')}`,
    '',
  ].join('\n');
}

/** Octets of a key in one line. */
const octetsPerKeyLine = 15;

function publicKeyText({ algorithm, keyBits }: PublicKey): string {
  const text = unlessMalformed(() => {
    switch (algorithm.oid) {
      case Oid.rsaEncryption:
        return rsaKeyText(keyBits);
      case Oid.rsaPss:
        if (algorithm.parameters !== undefined) return undefined;
        return `${rsaKeyText(keyBits)}${keyIndent}No PSS parameter restrictions\n`;
      case Oid.ecPublicKey:
        return curveKeyText(algorithm, keyBits);
      case Oid.ed25519:
        return `${keyIndent}ED25519 Public-Key:\n${octetLines('pub', toHex(keyBits))}`;
      case Oid.ed448:
        return `${keyIndent}ED448 Public-Key:\n${octetLines('pub', toHex(keyBits))}`;
      default:
        return undefined;
    }
  });
  return text ?? `${' '.repeat(12)}Unable to load Public Key\n`;
}

const keyIndent = ' '.repeat(16);

function octetLines(label: string, hex: string): string {
  return `${keyIndent}${label}:\n${colonLines(hex, 20, octetsPerKeyLine)}\n`;
}

function rsaKeyText(keyBits: Uint8Array): string {
  const reader = readWhole(keyBits, Tag.sequence, 'RSA public key');
  const modulus = toHex(reader.integer('modulus'));
  const exponent = BigInt(`0x${toHex(reader.integer('exponent'))}`);
  const bits = BigInt(`0x${modulus}`).toString(2).length;
  return [
    `${keyIndent}Public-Key: (${bits} bit)`,
    `${octetLines('Modulus', modulus)}${keyIndent}Exponent: ${exponent} (0x${exponent.toString(16)})`,
    '',
  ].join('\n');
}

function curveKeyText({ parameters }: AlgorithmIdentifier, keyBits: Uint8Array): string | undefined {
  if (parameters?.tag !== Tag.objectIdentifier) return undefined;
  const curve = knownCurves[objectIdentifierOf(parameters, 'curve')];
  if (curve === undefined) return undefined;
  return [
    `${keyIndent}Public-Key: (${curve.bits} bit)`,
    `${octetLines('pub', toHex(keyBits))}${keyIndent}ASN1 OID: ${objectNamesOfCurves[curve.name] ?? curve.name}`,
    ...(curve.name.startsWith('P-') ? [`${keyIndent}NIST CURVE: ${curve.name}`] : []),
    '',
  ].join('\n');
}

/** Curves that openssl does not call as NIST does. */
const objectNamesOfCurves: Readonly<Record<string, string>> = {
  'P-192': 'prime192v1',
  'P-224': 'secp224r1',
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
};
