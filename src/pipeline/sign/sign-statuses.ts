import { OcspError, signResponse, type CertId, type ResponseSigner } from '../../core/index.js';
import { minimalSerialNumber } from '../../core/cert-id.js';
import { formatTime } from '../../core/time.js';
import type { StatusSource } from '../../source/status-source.js';
import { definedOnly } from '../../core/defined-only.js';

/** One end that a response may not outlive, and whose it is. */
interface ValidityLimit {
  readonly end: Date | undefined;
  readonly what: string;
}

/** Who signs, from what, and for how long. */
export interface StatusSigning {
  readonly signer: ResponseSigner;
  readonly source: StatusSource;
  /** From the signature to nextUpdate, where nothing ends sooner. */
  readonly validityMilliseconds: number;
  readonly now: Date;
  /** What else the response may not outlive. */
  readonly limit: ValidityLimit;
  readonly nonce?: Uint8Array | undefined;
}

/**
 * Signs what the source says of these certificates: from the source's thisUpdate, or now, until now and the asked
 * validity, but past none of the limits. `clippedBy` says why nextUpdate is sooner than was asked for, where it is.
 *
 * @throws OcspError `validity-empty` when a limit has already passed, and what signing can throw
 */
export function signStatuses(certIds: readonly CertId[], signing: StatusSigning) {
  const { signer, source, validityMilliseconds, now, limit, nonce } = signing;
  const thisUpdate = toSecond(source.thisUpdate ?? now);
  const limits: readonly ValidityLimit[] = [
    { end: source.nextUpdate, what: 'the CRL' },
    { end: signer.certificate.notAfter, what: "the signer's certificate" },
    limit,
  ];
  let nextUpdate = toSecond(new Date(now.getTime() + validityMilliseconds));
  let clippedBy: string | undefined;
  for (const { end, what } of limits) {
    if (end === undefined || end >= nextUpdate) continue;
    nextUpdate = end;
    clippedBy = what;
  }
  if (nextUpdate <= now || nextUpdate <= thisUpdate) {
    throw new OcspError(
      'validity-empty',
      `no response can be valid: ${clippedBy ?? 'the validity'} ends at ${formatTime(nextUpdate)}`,
      'renew what has expired, or check the clock of this machine',
    );
  }
  const statements = certIds.map((certId) => {
    const status = source.statusOf(minimalSerialNumber(certId.serialNumber));
    return { certId, status, thisUpdate, nextUpdate };
  });
  const producedAt = toSecond(now);
  const der = signResponse(definedOnly({ statements, producedAt, nonce }), signer);
  return { der, statements, producedAt, thisUpdate, nextUpdate, clippedBy };
}

function toSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}
