import type { Outcome } from '../../pipeline/fetch/outcome.js';
import { gravityOfOutcome, gravityOfReport, gravityOfTrouble, type OutcomePolicy } from '../../pipeline/gravity.js';
import type { Trouble } from '../../pipeline/trouble.js';
import type { VerifyReport } from '../../pipeline/verify/verify-report.js';
import { exitCodes, type ExitCode } from './exit-code.js';

export function exitCodeOfTrouble(trouble: Trouble): ExitCode {
  return exitCodes[gravityOfTrouble(trouble)];
}

export function exitCodeOfReport(report: VerifyReport): ExitCode {
  return exitCodes[gravityOfReport(report)];
}

/** The code of one certificate's outcome; `strict` counts what was kept, `requireOcsp` a missing responder. */
export function exitCodeOfOutcome(outcome: Outcome, policy: OutcomePolicy): ExitCode {
  return exitCodes[gravityOfOutcome(outcome, policy)];
}
