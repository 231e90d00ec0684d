import { Tag, contextTag, readWhole, readerOf } from '../der/der.js';

/** How a successful response is written, where it could be written in another way. */
export interface Encoding {
  /** The version is written out although it is the default. */
  readonly hasExplicitVersion: boolean;
  /** There is a list of certificates with none in it. */
  readonly hasEmptyCertificates: boolean;
}

/** The encoding of a successful response that could be decoded. Throws DerError. */
export function encodingOf(der: Uint8Array): Encoding {
  const outer = readWhole(der, Tag.sequence, 'OCSPResponse');
  outer.element(Tag.enumerated, 'responseStatus');
  const bytes = outer.enter(contextTag(0), 'responseBytes').sequence('responseBytes');
  bytes.objectIdentifier('responseType');
  const basic = readerOf(bytes.element(Tag.octetString, 'response')).sequence('BasicOCSPResponse');
  const hasExplicitVersion = basic.sequence('tbsResponseData').peekTag() === contextTag(0);
  basic.element(Tag.sequence, 'signatureAlgorithm');
  basic.element(Tag.bitString, 'signature');
  const certificates = basic.enterOptional(contextTag(0), 'certs')?.sequence('certs');
  return { hasExplicitVersion, hasEmptyCertificates: certificates?.isAtEnd === true };
}

/** Whether a response of any status that could be decoded has response bytes. Throws DerError. */
export function hasResponseBytes(der: Uint8Array): boolean {
  const outer = readWhole(der, Tag.sequence, 'OCSPResponse');
  outer.element(Tag.enumerated, 'responseStatus');
  return !outer.isAtEnd;
}
