import { isBelieved, type Certificate, type LintProfile, type OcspRequest, type Verdict } from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import type { CrlCheck, CrlReport } from './crl-check.js';
import type { StaplingServer } from './server-rules.js';
import { troubleOfError, troubleOfFailure, type Trouble } from '../trouble.js';

/** The settings of a verification; durations in milliseconds. */
export interface VerifyStapleOptions {
  /** The response to judge; the certificate's staple when absent. */
  readonly response?: FilePath;
  readonly out?: string;
  readonly now: Date;
  readonly skewMilliseconds: number;
  readonly maximumAgeMilliseconds?: number;
  readonly ignoreTimes: boolean;
  /** Lower-case hex; a response without it fails. */
  readonly nonce?: string;
  readonly request?: OcspRequest;
  readonly trustedResponders: readonly Certificate[];
  /** Anchors for the chain above the issuer; the issuer is trusted as it is when there are none. */
  readonly anchors: readonly Certificate[];
  readonly untrusted: readonly Certificate[];
  /** Would this server take it, and serve it? */
  readonly server?: StaplingServer;
  /** Whose rules, beyond those of belief, the response is held to; none when absent. */
  readonly lint?: LintProfile;
  /** A second source of the status, beside the response. */
  readonly crl?: CrlCheck;
}

/** What was found about one certificate and its response. */
export interface VerifyReport {
  readonly certificate?: FilePath;
  readonly response?: FilePath;
  /** Undefined where there is none: no staple is needed, or an error came first. */
  readonly verdict?: Verdict;
  readonly noResponder: boolean;
  /** When fetch would refresh the staple by its default policy. */
  readonly nextRefresh?: Date;
  readonly trouble?: Trouble;
  /** One verdict for each statement, where no single one was asked about. */
  readonly statements?: readonly Verdict[];
  /** What the CRL says, where one was asked; the verdict is that of the response alone. */
  readonly crl?: CrlReport;
}

/** A verdict as part of a report, with the trouble that it means. */
export function reported(verdict: Verdict): Pick<VerifyReport, 'verdict' | 'trouble'> {
  return isBelieved(verdict) ? { verdict } : { verdict, trouble: troubleOfFailure(verdict.failure) };
}

/** The report of what ended a verification. Throws the error on where it is the caller's (`usage`). */
export function reportOfError(error: unknown, paths: Pick<VerifyReport, 'certificate' | 'response'>): VerifyReport {
  const trouble = troubleOfError(error);
  if (trouble.kind === 'error' && trouble.errorKind === 'usage') throw error;
  return { ...paths, noResponder: false, trouble };
}
