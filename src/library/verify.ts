import type { FilePath } from '../core/file-path.js';
import { definedOnly } from '../core/defined-only.js';
import { createIssuerFinder, type IssuerFinder } from '../source/issuer-finder.js';
import type { FileReport, VerifyStapleOptions } from '../pipeline/verify/verify-report.js';
import * as pipeline from '../pipeline/verify/verify-staple.js';

/**
 * Judges the staple of one certificate, offline, by the time that it is.
 *
 * @param issuers where the issuer is found beside the certificate's own file, as `createIssuerFinder` makes it
 * @param options what is to be otherwise than `restaple verify` has it without flags
 * @returns the report; what goes wrong with this certificate is in it and never thrown
 */
export async function verifyStaple(
  path: FilePath,
  issuers: IssuerFinder = createIssuerFinder([]),
  options: Partial<VerifyStapleOptions> = {},
): Promise<FileReport> {
  const usual: VerifyStapleOptions = {
    now: new Date(),
    skewMilliseconds: 300_000,
    ignoreTimes: false,
    trustedResponders: [],
    anchors: [],
    untrusted: [],
  };
  return await pipeline.verifyStaple(path, issuers, { ...usual, ...definedOnly(options) });
}
