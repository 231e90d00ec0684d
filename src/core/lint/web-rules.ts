import type { Certificate } from '../certificate/certificate.js';
import { findExtension } from '../certificate/extension.js';
import { Oid } from '../oid.js';
import type { RevocationReason } from '../response.js';
import { formatTime } from '../time.js';
import { day, hour, ruleMakers, second, type LintRule, type LintSubject } from './rule.js';

const { info, warning, error } = ruleMakers('web');

/** What a publicly trusted CA has to keep: the TLS Baseline Requirements (BR) and Microsoft's root program. */
export const webRules: readonly LintRule[] = [
  error('window-under-8-hours', 'CA/Browser Forum BR 4.9.10', (subject) => {
    const window = subscriberWindow(subject);
    if (window === undefined || window.interval >= 8 * hour) return undefined;
    return `${window.text} is less than 8 hours, both ends counted`;
  }),
  error('window-over-10-days', 'CA/Browser Forum BR 4.9.10', (subject) => {
    const window = subscriberWindow(subject);
    if (window === undefined || window.interval <= 10 * day) return undefined;
    return `${window.text} is more than 10 days, both ends counted`;
  }),
  warning('window-over-7-days', 'Microsoft Trusted Root Program 3.2.2', (subject) => {
    const window = subscriberWindow(subject);
    // What is longer than 10 days has been said already.
    if (window === undefined || window.interval - second <= 7 * day || window.interval > 10 * day) return undefined;
    return `${window.text} is more than the 7 days that Microsoft allows`;
  }),
  warning('newer-answer-overdue', 'CA/Browser Forum BR 4.9.10', (subject) => {
    const window = subscriberWindow(subject);
    if (window === undefined || subject.now <= window.due || subject.now > window.end) return undefined;
    return `the CA had to have newer information by ${formatTime(window.due)}: fetch it again`;
  }),
  info('newer-answer-due-at-half', 'Microsoft Trusted Root Program 3.2.2', (subject) => {
    const window = subscriberWindow(subject);
    if (window === undefined || subject.now <= window.half || subject.now > window.due) return undefined;
    if (window.interval - second <= 16 * hour) return undefined;
    return `half of its time was over at ${formatTime(window.half)}: by then a newer answer had to be available`;
  }),
  error('reason-code-extension', 'CA/Browser Forum BR 7.3.2', ({ basic: { responses } }) =>
    responses.some(({ extensions }) => findExtension(extensions, Oid.reasonCode) !== undefined)
      ? 'a statement has the extension reasonCode, which belongs to CRLs; the reason has its own field'
      : undefined,
  ),
  error('ca-revoked-without-reason', 'CA/Browser Forum BR 7.3', ({ certificate, statement }) =>
    certificate?.isCa === true && statement?.status === 'revoked' && statement.revocationReason === undefined
      ? 'a CA certificate is revoked without a reason'
      : undefined,
  ),
  error('revocation-reason-not-allowed', 'CA/Browser Forum BR 7.3, 7.2.2', ({ statement, certificate }) => {
    const reason = statement?.revocationReason;
    if (reason === undefined) return undefined;
    const isAllowed = certificate?.isCa === false ? reasonsOfSubscribers.has(reason) : !reasonsOfNobody.has(reason);
    return !isAllowed ? `the reason ${reason} is not allowed for a revoked certificate` : undefined;
  }),
  ofDelegate(
    'delegate-extended-key-usage',
    'CA/Browser Forum BR 7.1.2.8.5, Microsoft Trusted Root Program 3.1.18',
    ({ extendedKeyUsage }) =>
      extendedKeyUsage?.length === 1 ? undefined : 'the certificate of the delegate is for more than OCSP signing',
  ),
  ofDelegate('delegate-key-usage', 'CA/Browser Forum BR 7.1.2.8.7', ({ keyUsage, extensions }) => {
    const isCritical = findExtension(extensions, Oid.keyUsage)?.critical === true;
    if (keyUsage?.size === 1 && keyUsage.has('digitalSignature') && isCritical) return undefined;
    return 'the certificate of the delegate needs a critical key usage of only digitalSignature';
  }),
  ofDelegate('delegate-is-ca', 'CA/Browser Forum BR 7.1.2.8.4', ({ isCa }) =>
    isCa ? 'the certificate of the delegate is a CA certificate' : undefined,
  ),
  ofDelegate('delegate-forbidden-extension', 'CA/Browser Forum BR 7.1.2.8.2', ({ extensions }) => {
    const found = forbiddenForDelegates.filter(([oid]) => findExtension(extensions, oid) !== undefined);
    if (found.length === 0) return undefined;
    const names = found.map(([, name]) => name).join(', ');
    return `the certificate of the delegate has an extension that it must not have: ${names}`;
  }),
];

const reasonsOfNobody: ReadonlySet<RevocationReason> = new Set(['unspecified', 'certificateHold', 'removeFromCRL']);

const reasonsOfSubscribers: ReadonlySet<RevocationReason> = new Set([
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
]);

const forbiddenForDelegates: readonly (readonly [oid: string, name: string])[] = [
  [Oid.nameConstraints, 'nameConstraints'],
  [Oid.subjectAlternativeName, 'subjectAltName'],
  [Oid.certificatePolicies, 'certificatePolicies'],
  [Oid.crlDistributionPoints, 'crlDistributionPoints'],
];

/** A rule for the delegate's certificate, where a delegate has signed. */
function ofDelegate(rule: string, source: string, check: (certificate: Certificate) => string | undefined): LintRule {
  return error(rule, source, ({ signer }) => (signer?.kind === 'delegated' ? check(signer.certificate) : undefined));
}

interface SubscriberWindow {
  readonly text: string;
  readonly end: Date;
  /** Both ends counted, as BR 4.9.10 does. */
  readonly interval: number;
  readonly half: Date;
  /** When a newer answer has to be there: by half of a short window; 8 hours before the end of a long one, and within four days. */
  readonly due: Date;
}

/** The window of a subscriber certificate: BR 4.9.10 is only about those, and a serial number does not tell. */
function subscriberWindow({ certificate, statement }: LintSubject): SubscriberWindow | undefined {
  if (certificate?.isCa !== false || statement?.nextUpdate === undefined) return undefined;
  const { thisUpdate, nextUpdate: end } = statement;
  const interval = end.getTime() - thisUpdate.getTime() + second;
  const half = new Date((thisUpdate.getTime() + end.getTime()) / 2);
  const latest = new Date(Math.min(end.getTime() - 8 * hour, thisUpdate.getTime() + 4 * day));
  const text = `the time from ${formatTime(thisUpdate)} to ${formatTime(end)}`;
  return { text, end, interval, half, due: interval < 16 * hour ? half : latest };
}
