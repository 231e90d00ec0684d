import type { FilePath } from '../../core/file-path.js';
import type { Finding, Verdict } from '../../core/index.js';
import type { Trouble } from '../trouble.js';

/** How the work on one certificate may end. */
const outcomeNames = [
  'updated',
  'fresh',
  'kept',
  'no-responder',
  'revoked',
  'unknown',
  'invalid',
  'unavailable',
  'withdrawn',
  'input-error',
  'store-error',
] as const;

export type OutcomeName = (typeof outcomeNames)[number];

/** Counts outcomes by name. */
export class OutcomeTally {
  private readonly counts = new Map<OutcomeName, number>(outcomeNames.map((name) => [name, 0]));
  total = 0;

  count(name: OutcomeName): void {
    this.total += 1;
    this.counts.set(name, this.of(name) + 1);
  }

  of(name: OutcomeName): number {
    return this.counts.get(name) ?? 0;
  }

  /** In the order of the names, those without any too. */
  all(): [OutcomeName, number][] {
    return [...this.counts];
  }

  /** Those that there are, as `20 updated, 2 unavailable`: in the order of the names, or the most first. */
  text(order: 'by name' | 'most first'): string {
    const counted = this.all().filter(([, count]) => count > 0);
    if (order === 'most first') counted.sort(([, a], [, b]) => b - a);
    return counted.map(([name, count]) => `${count} ${name}`).join(', ');
  }
}

/** The exchange that decided: the responder's URL as it is named (no request in it, no credentials), the method, and what all attempts took together. */
export interface ResponderContact {
  readonly url: string;
  readonly method: 'get' | 'post';
  readonly milliseconds: number;
  readonly attempts: number;
}

/** What is known of a certificate in the end, however it ended. */
export interface CertificateFacts {
  readonly certificate: FilePath;
  /** Undefined where the certificate could not even be read. */
  readonly staple?: FilePath | undefined;
  /** The staple on disk is a new one. */
  readonly written: boolean;
  readonly responder?: ResponderContact | undefined;
  /** The verdict on the staple that is on disk afterwards; undefined where there is none or it could not be judged. */
  readonly verdict?: Verdict | undefined;
  /** In a dry run, the answer that would have been acted on. */
  readonly answer?: Verdict;
  /** When the staple on disk is due; in a dry run, when the one that would have been written is. */
  readonly nextRefresh?: Date | undefined;
  /** Undefined where the certificate could not even be read. */
  readonly certificateNotAfter?: Date;
  /** The certificate is Must-Staple. */
  readonly mustStaple: boolean;
  /** Sentences worth a line on stderr although the outcome stands. */
  readonly warnings: readonly string[];
  readonly findings: readonly Finding[];
}

/** An attempt that did not end well: the trouble of asking, or of what was heard. */
export interface FailedAttempt {
  /** Why it did not. */
  readonly trouble: Trouble;
  /** One of its responders was not even asked, since requests for other certificates went unanswered: worth another try at the end. */
  readonly wasSuspended?: true;
  /** How long its responder asks not to be contacted, in milliseconds. */
  readonly retryAfterMilliseconds?: number;
}

/** When and why a certificate was revoked, from the signed answer. */
export interface Revocation {
  readonly revocation?: { readonly time: Date; readonly reason?: string };
}

export type FailedName = Exclude<OutcomeName, 'updated' | 'fresh' | 'revoked'>;

/** How the work ended, and what only such an end has. */
export type Ending =
  | { readonly outcome: 'updated' | 'fresh' }
  | ({ readonly outcome: FailedName } & FailedAttempt)
  | ({ readonly outcome: 'revoked' } & Revocation & FailedAttempt);

/** What `fetchStaple` found and did for one certificate. */
export type Outcome = CertificateFacts & Ending;

export type FailedOutcome = Extract<Outcome, FailedAttempt>;
