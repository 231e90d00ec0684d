import * as asn1js from 'asn1js';
import { Certificate, ContentInfo, SignedData } from 'pkijs';
import { OcspError } from '../core/index.js';

/** More than any chain has; each costs a decoding and signature checks against the others. */
const maximumCertificates = 32;

/** Bundles of large CAs have some 20 kB; what costs the reader most takes half a second and 100 MB at this size. */
const largestPkcs7 = 256 * 1024;

/**
 * The DER of each certificate in a PKCS#7 SignedData (RFC 5652 §5.1), in its order. Nothing of it is verified.
 *
 * @throws OcspError `malformed-certificate`
 */
export function readPkcs7Certificates(der: Uint8Array): Uint8Array[] {
  if (der.length > largestPkcs7) {
    throw new OcspError('malformed-certificate', `the PKCS#7 is larger than ${largestPkcs7} octets`);
  }
  let certificates: Uint8Array[];
  try {
    const parsed = asn1js.fromBER(der);
    if (parsed.offset === -1) throw new Error(parsed.result.error);
    const signedData = new SignedData({ schema: new ContentInfo({ schema: parsed.result }).content });
    certificates = (signedData.certificates ?? [])
      .filter((certificate) => certificate instanceof Certificate)
      .map((certificate) => new Uint8Array(certificate.toSchema(false).toBER()));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OcspError('malformed-certificate', `the PKCS#7 cannot be decoded: ${reason}`, '', { cause: error });
  }
  if (certificates.length > maximumCertificates) {
    throw new OcspError('malformed-certificate', `the PKCS#7 holds more than ${maximumCertificates} certificates`);
  }
  return certificates;
}
