import { distinguishedNameToString, signatureAlgorithmName, type Extension } from '../../core/index.js';
import { readAlgorithmIdentifier } from '../../core/keys/algorithm-identifier.js';
import { toHex } from '../../core/bytes.js';
import { DerReader, Tag, contextTag, integerContentsOf, readWhole } from '../../core/der/der.js';
import { readDistinguishedName } from '../../core/certificate/distinguished-name.js';
import { nonceOf } from '../../core/nonce.js';
import { Oid } from '../../core/oid.js';
import { revocationReasonOfNumber } from '../../core/response.js';
import { formatTime } from '../../core/time.js';
import { uriText } from '../../core/certificate/uniform-resource.js';
import {
  certificateExtensions,
  describeAccess,
  describeIdentifiers,
  describeNames,
  type KnownExtension,
} from './certificate-extension.js';
import { objectNameWithOid } from './object-name.js';
import { attempt, lineIfThere, readEach } from './reading.js';
import type { ExtensionRecord } from './record.js';
import { describeTimestamps } from './timestamps.js';
import { definedOnly } from '../../core/defined-only.js';

/** An extension of a request, a response or a certificate, as readable as it is known. */
export function describeExtension(extension: Extension): ExtensionRecord {
  const { oid, critical, value } = extension;
  const [name, describe] = ocspExtensions[oid] ?? certificateExtensions[oid] ?? [];
  return definedOnly({ oid, name, critical, value: toHex(value), text: attempt(() => describe?.(extension)) });
}

/** The extensions of RFC 6960 §4.4, the CRL entry extensions of RFC 5280 §5.3, and lists of timestamps. */
const ocspExtensions: Readonly<Record<string, KnownExtension>> = {
  [Oid.ocspNonce]: ['id-pkix-ocsp-nonce', describeNonce],
  [Oid.ocspCrlReferences]: ['id-pkix-ocsp-crl', describeCrlReference],
  [Oid.ocspAcceptableResponses]: ['id-pkix-ocsp-response', describeIdentifiers],
  [Oid.ocspNoCheck]: ['id-pkix-ocsp-nocheck', describeNull],
  [Oid.ocspArchiveCutoff]: ['id-pkix-ocsp-archive-cutoff', describeTime],
  [Oid.ocspServiceLocator]: ['id-pkix-ocsp-service-locator', describeServiceLocator],
  [Oid.ocspPreferredSignatureAlgorithms]: ['id-pkix-ocsp-pref-sig-algs', describePreferredAlgorithms],
  [Oid.ocspExtendedRevoke]: ['id-pkix-ocsp-extended-revoke', describeNull],
  [Oid.reasonCode]: ['cRLReason', describeReason],
  [Oid.invalidityDate]: ['invalidityDate', describeTime],
  [Oid.certificateIssuer]: ['certificateIssuer', describeNames],
  [Oid.signedCertificateTimestamps]: ['signedCertificateTimestampList', describeTimestamps],
  '1.3.6.1.4.1.11129.2.4.2': ['signedCertificateTimestampList', describeTimestamps],
};

function describeNonce(extension: Extension): string[] {
  const nonce = nonceOf(extension);
  return [`${toHex(nonce)} (${nonce.length} octets)`];
}

function describeTime({ value }: Extension): string[] {
  return [formatTime(new DerReader(value).generalizedTime('time'))];
}

function describeNull({ value }: Extension): string[] | undefined {
  return value.length === 2 && value[0] === Tag.null ? ['present'] : undefined;
}

/** CrlID (RFC 6960 §4.4.2). */
function describeCrlReference({ value }: Extension): string[] {
  const reader = readWhole(value, Tag.sequence, 'CrlID');
  const uri = reader.enterOptional(contextTag(0), 'crlUrl')?.element(Tag.ia5String, 'crlUrl').contents;
  const number = reader.enterOptional(contextTag(1), 'crlNum')?.element(Tag.integer, 'crlNum');
  const time = reader.enterOptional(contextTag(2), 'crlTime')?.generalizedTime('crlTime');
  reader.end('CrlID');
  return [
    ...lineIfThere(uri, (octets) => `URI:${uriText(octets)}`),
    ...lineIfThere(number, (element) => `CRL number ${toHex(integerContentsOf(element, 'crlNum'))} (hex)`),
    ...lineIfThere(time, (date) => `CRL of ${formatTime(date)}`),
  ];
}

/** ServiceLocator (RFC 6960 §4.4.6). */
function describeServiceLocator({ value }: Extension): string[] {
  const reader = readWhole(value, Tag.sequence, 'ServiceLocator');
  const issuer = distinguishedNameToString(readDistinguishedName(reader, 'issuer'));
  const locator = reader.isAtEnd ? undefined : reader.sequence('locator');
  return [`issuer ${issuer}`, ...describeAccess(locator, objectNameWithOid)];
}

/** PreferredSignatureAlgorithms (RFC 6960 §4.4.7.1). */
function describePreferredAlgorithms({ value }: Extension): string[] {
  return readEach(readWhole(value, Tag.sequence, 'PreferredSignatureAlgorithms'), (list) => {
    const preferred = list.sequence('PreferredSignatureAlgorithm');
    return signatureAlgorithmName(readAlgorithmIdentifier(preferred, 'sigIdentifier'));
  });
}

function describeReason({ value }: Extension): string[] {
  const { contents } = new DerReader(value).element(Tag.enumerated, 'cRLReason');
  const [number = -1, ...more] = contents;
  const reason = more.length === 0 ? revocationReasonOfNumber(number) : undefined;
  return [reason ?? `undefined reason ${toHex(contents)} (hex)`];
}
