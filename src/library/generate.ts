import { definedOnly } from '../core/defined-only.js';
import {
  generateStaple as generateCompletely,
  type GenerateOptions,
  type GenerateResult,
  type GenerateSubject,
} from '../pipeline/sign/generate-staple.js';
import { ownProcess } from './own-process.js';

type NeedsSaying = 'issuer' | 'signer' | 'source';

const sevenDays = 7 * 86_400_000;

/**
 * Signs a response for one certificate of your own CA, verifies it as a client would, and stores it in one step, which is
 * `CERT.ocsp` unless `out` or `onStaple` say otherwise. It holds for 7 days unless `validityMilliseconds` says otherwise.
 *
 * @param options who issued and signs (`prepareSigner`), and where the status comes from: `fixedStatus`, `readIndexSource`,
 *   or `readCrlStatuses` for one or several CRLs
 * @returns the result; what goes wrong with this certificate is in it and never thrown, `usage` aside
 */
export async function generateStaple(
  subject: GenerateSubject,
  options: Pick<GenerateOptions, NeedsSaying> & Partial<Omit<GenerateOptions, NeedsSaying>>,
): Promise<GenerateResult> {
  const usual = { hash: 'sha1', validityMilliseconds: sevenDays, now: new Date(), ownProcess: ownProcess() } as const;
  return await generateCompletely(subject, { ...usual, ...definedOnly(options) });
}
