import { distinguishedNameToString, type Extension } from '../../core/index.js';
import { readAlgorithmIdentifier } from '../../core/keys/algorithm-identifier.js';
import { toHex } from '../../core/bytes.js';
import {
  Tag,
  contextTag,
  readWhole,
  readerOf,
  smallIntegerOf,
  wholeElement,
  type DerReader,
} from '../../core/der/der.js';
import { orMalformed } from '../../core/der/malformed.js';
import { readDistinguishedName } from '../../core/certificate/distinguished-name.js';
import { findExtension, readExplicitExtensions, readExtensions } from '../../core/certificate/extension.js';
import { Oid } from '../../core/oid.js';
import { revocationReasonOfNumber } from '../../core/response.js';
import { formatTime } from '../../core/time.js';
import { describeSignature } from './algorithm.js';
import { describeExtension } from './extension.js';
import { namingTheRule } from './malformed.js';
import { attempt, readEach } from './reading.js';
import type { CrlEntryRecord, CrlRecord } from './record.js';

/**
 * Describes one DER CRL, also one that could not be used to judge anything: an indirect one, or one with unknown
 * critical extensions. Verifies nothing.
 *
 * @throws OcspError `malformed-crl`, its message with the rule of DER that was broken
 */
export function describeCrl(der: Uint8Array): CrlRecord {
  return namingTheRule(() =>
    orMalformed({ code: 'malformed-crl', what: 'the CRL is not valid DER' }, () => readCrl(der)),
  );
}

/** CertificateList (RFC 5280 §5.1). */
function readCrl(der: Uint8Array): CrlRecord {
  const outer = readWhole(der, Tag.sequence, 'CRL');
  const tbs = outer.sequence('tbsCertList');
  const signatureAlgorithm = readAlgorithmIdentifier(outer, 'signatureAlgorithm');
  const signature = outer.bitStringOctets('signatureValue');
  outer.end('CRL');

  const version = tbs.peekTag() === Tag.integer ? tbs.smallInteger('version') : 0;
  readAlgorithmIdentifier(tbs, 'signature');
  const issuer = readDistinguishedName(tbs, 'issuer');
  const thisUpdate = tbs.time('thisUpdate');
  const hasNextUpdate = tbs.peekTag() === Tag.utcTime || tbs.peekTag() === Tag.generalizedTime;
  const nextUpdate = hasNextUpdate ? tbs.time('nextUpdate') : undefined;
  const entries = readEach(tbs.enterOptional(Tag.sequence, 'revokedCertificates'), readEntry);
  const explicit = tbs.enterOptional(contextTag(0), 'crlExtensions');
  const extensions = readExplicitExtensions(explicit, 'crlExtensions', 'the CRL', { unique: false });
  tbs.end('tbsCertList');
  return {
    kind: 'crl',
    octets: der.length,
    version: version + 1,
    issuer: distinguishedNameToString(issuer),
    thisUpdate: formatTime(thisUpdate),
    nextUpdate: nextUpdate === undefined ? null : formatTime(nextUpdate),
    extensions: extensions.map(describeExtension),
    entries,
    ...describeSignature(signatureAlgorithm, signature),
  };
}

function readEntry(list: DerReader): CrlEntryRecord {
  const reader = list.sequence('entry of the CRL');
  const serialNumber = toHex(reader.integer('userCertificate', { redundantZeros: true }));
  const revocationTime = formatTime(reader.time('revocationDate'));
  const element = reader.optional(Tag.sequence, 'crlEntryExtensions');
  reader.end('entry of the CRL');
  const extensions =
    element === undefined ? [] : readExtensions(readerOf(element), 'an entry of the CRL', { unique: false });
  return {
    serialNumber,
    revocationTime,
    revocationReason: reasonIn(extensions) ?? null,
    extensions: extensions.map(describeExtension),
  };
}

function reasonIn(extensions: readonly Extension[]): string | undefined {
  const extension = findExtension(extensions, Oid.reasonCode);
  if (extension === undefined) return undefined;
  return attempt(() => {
    const element = wholeElement(extension.value, Tag.enumerated, 'reasonCode');
    return revocationReasonOfNumber(smallIntegerOf(element, 'reasonCode'));
  });
}
