import { distinguishedNameToString, type Extension } from '../../core/index.js';
import { readAlgorithmIdentifier } from '../../core/keys/algorithm-identifier.js';
import { readPublicKey } from '../../core/keys/public-key.js';
import { toHex } from '../../core/bytes.js';
import { DerReader, Tag, contextTag, readWhole } from '../../core/der/der.js';
import { orMalformed } from '../../core/der/malformed.js';
import { readDistinguishedName } from '../../core/certificate/distinguished-name.js';
import { readExtensions } from '../../core/certificate/extension.js';
import { describePublicKey, describeSignature } from './algorithm.js';
import { describeExtension } from './extension.js';
import { namingTheRule } from './malformed.js';
import { attempt, readEach } from './reading.js';
import type { CertificateRequestRecord } from './record.js';

/**
 * Describes one DER request for a certificate. Verifies nothing.
 *
 * @throws OcspError `malformed-der`, its message with the rule of DER that was broken
 */
export function describeCertificateRequest(der: Uint8Array): CertificateRequestRecord {
  return namingTheRule(() =>
    orMalformed({ code: 'malformed-der', what: 'the certificate request is not valid DER' }, () => readRequest(der)),
  );
}

/** CertificationRequest (RFC 2986 §4). */
function readRequest(der: Uint8Array): CertificateRequestRecord {
  const outer = readWhole(der, Tag.sequence, 'certificate request');
  const info = outer.sequence('certificationRequestInfo');
  const signatureAlgorithm = readAlgorithmIdentifier(outer, 'signatureAlgorithm');
  const signature = outer.bitStringOctets('signature');
  outer.end('certificate request');

  const version = info.smallInteger('version');
  const subject = readDistinguishedName(info, 'subject');
  const publicKey = readPublicKey(info);
  // Required by RFC 2986, and left out by some that make requests.
  const attributes = readEach(info.enterOptional(contextTag(0), 'attributes'), readAttribute);
  info.end('certificationRequestInfo');
  const extensions = attributes.flatMap(requestedExtensions);
  return {
    kind: 'certificate-request',
    octets: der.length,
    version: version + 1,
    subject: distinguishedNameToString(subject),
    publicKey: describePublicKey(publicKey),
    extensions: extensions.map(describeExtension),
    attributes: attributes
      .filter((attribute) => requestedExtensions(attribute).length === 0)
      .map(({ oid, values }) => ({ oid, values: values.map(toHex) })),
    ...describeSignature(signatureAlgorithm, signature),
  };
}

interface Attribute {
  readonly oid: string;
  readonly values: readonly Uint8Array[];
}

function readAttribute(list: DerReader): Attribute {
  const reader = list.sequence('attribute');
  const oid = reader.objectIdentifier('attribute type');
  const values = readEach(reader.enter(Tag.set, 'attribute values'), (set) => set.any('attribute value').raw);
  reader.end('attribute');
  return { oid, values };
}

/** The extensions in the attribute extensionRequest (RFC 2985 §5.4.2); none in any other, or where one cannot be read. */
function requestedExtensions({ oid, values }: Attribute): Extension[] {
  if (oid !== '1.2.840.113549.1.9.14') return [];
  const read = (value: Uint8Array): Extension[] =>
    readExtensions(new DerReader(value).sequence('extensions'), 'the request', { unique: false });
  return attempt(() => values.flatMap(read)) ?? [];
}
