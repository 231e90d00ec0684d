import type { Verdict } from '../../core/index.js';
import type { Outcome } from '../../pipeline/fetch/outcome.js';
import type { Trouble } from '../../pipeline/trouble.js';
import { exitCodeOfErrorKind, exitCodeOfFailure, exitCodes, type ExitCode } from './exit-code.js';

export function exitCodeOfTrouble(trouble: Trouble): ExitCode {
  switch (trouble.kind) {
    case 'failure':
      return exitCodeOfFailure(trouble.code);
    case 'error':
      return exitCodeOfErrorKind(trouble.errorKind);
    case 'status':
      return exitCodes[trouble.code];
    case 'bug':
      return exitCodes.bug;
  }
}

export function exitCodeOfVerdict(verdict: Verdict): ExitCode {
  switch (verdict.kind) {
    case 'good':
      return exitCodes.success;
    case 'revoked':
    case 'unknown':
      return exitCodes[verdict.kind];
    case 'refused':
    case 'invalid':
      return exitCodeOfFailure(verdict.failure.code);
  }
}

/** The code of one certificate's outcome; `strict` hears what was kept, `requireOcsp` a missing responder. */
export function exitCodeOfOutcome(outcome: Outcome, policy: { strict: boolean; requireOcsp: boolean }): ExitCode {
  const ofTrouble = outcome.trouble === undefined ? exitCodes.success : exitCodeOfTrouble(outcome.trouble);
  switch (outcome.outcome) {
    case 'updated':
    case 'fresh':
      return exitCodes.success;
    case 'kept':
      return policy.strict ? ofTrouble : exitCodes.success;
    case 'no-responder':
      return policy.requireOcsp || outcome.mustStaple ? exitCodes.noResponder : exitCodes.success;
    case 'revoked':
      return exitCodes.revoked;
    case 'unknown':
      return exitCodes.unknown;
    default:
      return ofTrouble;
  }
}
