import type { Certificate, Finding } from '../core/index.js';
import { formatDuration, formatTime } from '../core/time.js';

/** From when to when a certificate is valid. */
export type CertificateLife = Pick<Certificate, 'notBefore' | 'notAfter'>;

export function lifeOf({ notBefore, notAfter }: Certificate): CertificateLife {
  return { notBefore, notAfter };
}

const day = 86_400_000;

/** A certificate should have been renewed this long before its end; short-lived ones later. */
const nearMilliseconds = 14 * day;

/** What is worth saying of the end of a certificate, and changes no exit code: no staple helps one that is over. */
export function lifeFindings(life: CertificateLife, now: Date): Finding[] {
  const { notAfter } = life;
  const left = notAfter.getTime() - now.getTime();
  // A certificate may end before it begins.
  if (left >= 0 && left > atMost(nearMilliseconds, life, 3)) return [];
  const source = 'RFC 5280 §4.1.2.5';
  const end = formatTime(notAfter);
  if (left < 0) {
    const message = `the certificate expired at ${end}, ${formatDuration(left)} ago: renew it`;
    return [{ rule: 'certificate-expired', severity: 'error', message, source }];
  }
  const message = `the certificate expires at ${end}, in ${formatDuration(left)}: renew it`;
  return [{ rule: 'certificate-expires', severity: 'warning', message, source }];
}

/** The limit, or this part of the certificate's life where that is less. */
export function atMost(limitMilliseconds: number, { notBefore, notAfter }: CertificateLife, part: number): number {
  return Math.min(limitMilliseconds, (notAfter.getTime() - notBefore.getTime()) / part);
}
