import type { FilePath } from '../../core/file-path.js';
import type { Finding, Verdict } from '../../core/index.js';
import type { Trouble } from '../trouble.js';

/** How the work on one certificate ended. */
export type OutcomeName =
  | 'updated'
  | 'fresh'
  | 'kept'
  | 'no-responder'
  | 'revoked'
  | 'unknown'
  | 'invalid'
  | 'unavailable'
  | 'input-error'
  | 'store-error';

export const outcomeNames: readonly OutcomeName[] = [
  'updated',
  'fresh',
  'kept',
  'no-responder',
  'revoked',
  'unknown',
  'invalid',
  'unavailable',
  'input-error',
  'store-error',
];

/** The exchange that decided: the responder's URL as it is named (no request in it, no credentials), the method, and what all attempts took together. */
export interface ResponderContact {
  readonly url: string;
  readonly method: 'get' | 'post';
  readonly milliseconds: number;
  readonly attempts: number;
}

/** What `fetchStaple` found and did for one certificate. */
export interface Outcome {
  readonly certificate: FilePath;
  readonly outcome: OutcomeName;
  /** Undefined where the certificate could not even be read. */
  readonly staple?: FilePath;
  readonly written: boolean;
  readonly responder?: ResponderContact;
  /** The verdict on the staple that is on disk afterwards; undefined where there is none or it could not be judged. */
  readonly verdict?: Verdict;
  /** When the staple on disk is due. */
  readonly nextRefresh?: Date;
  /** Why the attempt did not end well. */
  readonly trouble?: Trouble;
  /** The certificate is Must-Staple. */
  readonly mustStaple: boolean;
  /** When and why a certificate was revoked, from the signed answer. */
  readonly revocation?: { readonly time: Date; readonly reason?: string };
  /** Sentences worth a line on stderr although the outcome stands. */
  readonly warnings: readonly string[];
  readonly findings: readonly Finding[];
  /** A responder of it was not even asked, since others had no answer from it: worth another try when all are through. */
  readonly wasSuspended?: boolean;
  /** How long its responder asks to be left alone, in milliseconds. */
  readonly retryAfterMilliseconds?: number;
}
