import { decodeResponse, isResponse } from '../../core/index.js';

/** OpenSSL's OCSP_check_validity as dnsdist calls it: so many milliseconds off at both ends. */
const clockTolerance = 300_000;

/**
 * Why no dnsdist takes these bytes as a staple, by its own rules; undefined when all do. The reason continues a sentence
 * about the file. Neither the signature nor the certificate is looked at: dnsdist looks at neither.
 */
export function reasonToRefuse(bytes: Uint8Array, now: Date): string | undefined {
  const response = decodeResponse(bytes);
  if (!isResponse(response)) return 'is not an OCSP response in DER';
  if (response.status !== 'successful') return `says ${response.status} instead of a status`;
  const [statement, ...others] = response.basic.responses;
  if (statement === undefined) return 'is about no certificate';
  if (others.length > 0) return `is about ${others.length + 1} certificates, and dnsdist takes one`;
  if (statement.status !== 'good') return `says ${statement.status}, and dnsdist takes only good`;
  if (statement.nextUpdate === undefined) return 'has no nextUpdate, which dnsdist requires';
  if (statement.thisUpdate.getTime() > now.getTime() + clockTolerance) return 'is not valid yet';
  if (statement.nextUpdate.getTime() < now.getTime() - clockTolerance) return 'is no longer valid';
  if (statement.nextUpdate < statement.thisUpdate) return 'ends before it begins';
  return undefined;
}
