import { troubleOfError } from '../trouble.js';
import { OcspError } from '../../core/index.js';
import type { EmbeddedCertificateRecord, Inspected, InspectionRecord } from './record.js';

/** A record, and as its trouble the first of its embedded certificates that could not be decoded. */
export function withEmbeddedTrouble(
  record: InspectionRecord & { readonly certificates?: readonly EmbeddedCertificateRecord[] },
): Inspected {
  for (const [index, certificate] of (record.certificates ?? []).entries()) {
    if (certificate.kind === 'certificate') continue;
    const { message, hint } = certificate.error;
    const found = new OcspError('malformed-certificate', `embedded certificate ${index + 1}: ${message}`, hint);
    return { record, trouble: troubleOfError(found) };
  }
  return { record };
}
