import type { Certificate } from '../certificate.js';
import { findExtension } from '../extension.js';
import { Oid } from '../oid.js';
import type { RevocationReason } from '../response.js';
import { formatTime } from '../time.js';
import { day, hour, second, type LintRule, type LintSubject } from './rule.js';

/** What a publicly trusted CA has to keep: the TLS Baseline Requirements (BR) and Microsoft's root program. */
export const webRules: readonly LintRule[] = [
  {
    rule: 'window-under-8-hours',
    severity: 'error',
    profile: 'web',
    source: 'CA/Browser Forum BR 4.9.10',
    check(subject) {
      const interval = intervalOfSubscriber(subject);
      return interval === undefined || interval >= 8 * hour
        ? undefined
        : `${windowText(subject)} is less than 8 hours, both ends counted`;
    },
  },
  {
    rule: 'window-over-10-days',
    severity: 'error',
    profile: 'web',
    source: 'CA/Browser Forum BR 4.9.10',
    check(subject) {
      const interval = intervalOfSubscriber(subject);
      return interval === undefined || interval <= 10 * day
        ? undefined
        : `${windowText(subject)} is more than 10 days, both ends counted`;
    },
  },
  {
    rule: 'window-over-7-days',
    severity: 'warning',
    profile: 'web',
    source: 'Microsoft Trusted Root Program 3.2.2',
    check(subject) {
      const interval = intervalOfSubscriber(subject);
      // What is longer than 10 days has been said already.
      if (interval === undefined || interval - second <= 7 * day || interval > 10 * day) return undefined;
      return `${windowText(subject)} is more than the 7 days that Microsoft allows`;
    },
  },
  {
    rule: 'newer-answer-overdue',
    severity: 'warning',
    profile: 'web',
    source: 'CA/Browser Forum BR 4.9.10',
    check(subject) {
      const due = newerAnswerDue(subject);
      const nextUpdate = subject.statement?.nextUpdate;
      if (due === undefined || nextUpdate === undefined || subject.now <= due || subject.now > nextUpdate)
        return undefined;
      return `the CA had to have newer information by ${formatTime(due)}: fetch it again`;
    },
  },
  {
    rule: 'newer-answer-due-at-half',
    severity: 'info',
    profile: 'web',
    source: 'Microsoft Trusted Root Program 3.2.2',
    check(subject) {
      const { thisUpdate, nextUpdate } = subject.statement ?? {};
      const interval = intervalOfSubscriber(subject);
      const due = newerAnswerDue(subject);
      if (interval === undefined || due === undefined || thisUpdate === undefined || nextUpdate === undefined)
        return undefined;
      const half = new Date((thisUpdate.getTime() + nextUpdate.getTime()) / 2);
      const isBetween = subject.now > half && subject.now <= due;
      if (interval - second <= 16 * hour || !isBetween) return undefined;
      return `half of its time was over at ${formatTime(half)}: by then a newer answer had to be there`;
    },
  },
  {
    rule: 'reason-code-extension',
    severity: 'error',
    profile: 'web',
    source: 'CA/Browser Forum BR 7.3.2',
    check: ({ basic: { responses } }) =>
      responses.some(({ extensions }) => findExtension(extensions, Oid.reasonCode) !== undefined)
        ? 'a statement has the extension reasonCode, which belongs to CRLs; the reason has its own field'
        : undefined,
  },
  {
    rule: 'ca-revoked-without-reason',
    severity: 'error',
    profile: 'web',
    source: 'CA/Browser Forum BR 7.3',
    check: ({ certificate, statement }) =>
      certificate?.isCa === true && statement?.status === 'revoked' && statement.revocationReason === undefined
        ? 'a CA certificate is revoked without a reason'
        : undefined,
  },
  {
    rule: 'revocation-reason-not-allowed',
    severity: 'error',
    profile: 'web',
    source: 'CA/Browser Forum BR 7.3, 7.2.2',
    check({ statement, certificate }) {
      const reason = statement?.revocationReason;
      if (reason === undefined) return undefined;
      const isAllowed = certificate?.isCa === false ? reasonsOfSubscribers.has(reason) : !reasonsOfNobody.has(reason);
      return !isAllowed ? `the reason ${reason} is not allowed for a revoked certificate` : undefined;
    },
  },
  {
    rule: 'delegate-extended-key-usage',
    severity: 'error',
    profile: 'web',
    source: 'CA/Browser Forum BR 7.1.2.8.5, Microsoft Trusted Root Program 3.1.18',
    check: ofDelegate(({ extendedKeyUsage }) =>
      extendedKeyUsage?.length === 1 ? undefined : 'the certificate of the delegate is for more than OCSP signing',
    ),
  },
  {
    rule: 'delegate-key-usage',
    severity: 'error',
    profile: 'web',
    source: 'CA/Browser Forum BR 7.1.2.8.7',
    check: ofDelegate(({ keyUsage, extensions }) => {
      const isCritical = findExtension(extensions, Oid.keyUsage)?.critical === true;
      if (keyUsage?.size === 1 && keyUsage.has('digitalSignature') && isCritical) return undefined;
      return 'the certificate of the delegate needs a critical key usage of digitalSignature alone';
    }),
  },
  {
    rule: 'delegate-is-ca',
    severity: 'error',
    profile: 'web',
    source: 'CA/Browser Forum BR 7.1.2.8.4',
    check: ofDelegate(({ isCa }) => (isCa ? 'the certificate of the delegate is a CA certificate' : undefined)),
  },
  {
    rule: 'delegate-forbidden-extension',
    severity: 'error',
    profile: 'web',
    source: 'CA/Browser Forum BR 7.1.2.8.2',
    check: ofDelegate(({ extensions }) => {
      const found = forbiddenForDelegates.filter(([oid]) => findExtension(extensions, oid) !== undefined);
      if (found.length === 0) return undefined;
      const names = found.map(([, name]) => name).join(', ');
      return `the certificate of the delegate has an extension that it must not have: ${names}`;
    }),
  },
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

/** A check of the delegate's certificate, where a delegate has signed. */
function ofDelegate(check: (certificate: Certificate) => string | undefined): LintRule['check'] {
  return ({ signer }) => (signer?.kind === 'delegated' ? check(signer.certificate) : undefined);
}

/** BR 4.9.10 counts both ends, and speaks of subscriber certificates: of a serial number alone nobody knows. */
function intervalOfSubscriber({ certificate, statement }: LintSubject): number | undefined {
  if (certificate?.isCa !== false || statement?.nextUpdate === undefined) return undefined;
  return statement.nextUpdate.getTime() - statement.thisUpdate.getTime() + second;
}

function windowText({ statement }: LintSubject): string {
  const { thisUpdate, nextUpdate } = statement ?? {};
  if (thisUpdate === undefined || nextUpdate === undefined) return 'its window';
  return `the time from ${formatTime(thisUpdate)} to ${formatTime(nextUpdate)}`;
}

/** BR 4.9.10 (3) and (4): by half of a short window; 8 hours before the end of a long one, and within four days. */
function newerAnswerDue(subject: LintSubject): Date | undefined {
  const interval = intervalOfSubscriber(subject);
  const { thisUpdate, nextUpdate } = subject.statement ?? {};
  if (interval === undefined || thisUpdate === undefined || nextUpdate === undefined) return undefined;
  if (interval < 16 * hour) return new Date((thisUpdate.getTime() + nextUpdate.getTime()) / 2);
  return new Date(Math.min(nextUpdate.getTime() - 8 * hour, thisUpdate.getTime() + 4 * day));
}
