import type { FailureCode, OcspErrorKind, Verdict } from '../core/index.js';
import type { Outcome } from './fetch/outcome.js';
import type { Trouble } from './trouble.js';
import type { VerifyReport } from './verify/verify-report.js';

/** How something can end, the gravest first. Of several ends the gravest counts. */
export const gravities = [
  'interrupted',
  'terminated',
  'bug',
  'usage',
  'locked',
  'revoked',
  'notBelieved',
  'unknown',
  'outsideValidity',
  'storeFailed',
  'inputUnusable',
  'reloadFailed',
  'unavailable',
  'noResponder',
  'success',
] as const;

export type Gravity = (typeof gravities)[number];

/** Below zero where `a` is graver. */
export function byGravity(a: Gravity, b: Gravity): number {
  return gravities.indexOf(a) - gravities.indexOf(b);
}

const gravestOf = (all: readonly Gravity[]): Gravity => all.toSorted(byGravity)[0] ?? 'success';

export const gravityOfErrorKind: Readonly<Record<OcspErrorKind, Gravity>> = {
  usage: 'usage',
  input: 'inputUnusable',
  unavailable: 'unavailable',
  store: 'storeFailed',
  locked: 'locked',
  'no-responder': 'noResponder',
  interrupted: 'interrupted',
};

const gravitiesOfFailures: Readonly<Partial<Record<FailureCode, Gravity>>> = {
  expired: 'outsideValidity',
  'not-yet-valid': 'outsideValidity',
  'no-next-update': 'outsideValidity',
  'too-old': 'outsideValidity',
  'too-short': 'outsideValidity',
  'older-than-stored': 'outsideValidity',
  refused: 'unavailable',
};

/** A response that is not believed, but for a refusal and one that is outside its validity. */
export function gravityOfFailure(code: FailureCode): Gravity {
  return gravitiesOfFailures[code] ?? 'notBelieved';
}

export function gravityOfTrouble(trouble: Trouble): Gravity {
  if (trouble.kind === 'failure') return gravityOfFailure(trouble.code);
  if (trouble.kind === 'server') return 'reloadFailed';
  return trouble.kind === 'error' ? gravityOfErrorKind[trouble.errorKind] : trouble.code;
}

export function gravityOfVerdict(verdict: Verdict): Gravity {
  if ('failure' in verdict) return gravityOfFailure(verdict.failure.code);
  return verdict.kind === 'good' ? 'success' : verdict.kind;
}

/** Of one certificate's staple, the CRL and the handshake: the gravest. */
export function gravityOfReport({ verdict, noResponder, trouble, crl, fault }: VerifyReport): Gravity {
  const ofStaple = trouble === undefined || noResponder ? 'success' : gravityOfTrouble(trouble);
  return gravestOf([
    verdict === undefined ? ofStaple : gravityOfVerdict(verdict),
    crl?.kind === 'revoked' ? 'revoked' : crl?.kind === 'unusable' ? gravityOfTrouble(crl.trouble) : 'success',
    fault === undefined ? 'success' : 'reloadFailed',
  ]);
}

/** What else counts as trouble: with `strict` what was kept, with `requireOcsp` a missing responder. */
export interface OutcomePolicy {
  readonly strict: boolean;
  readonly requireOcsp: boolean;
}

export function gravityOfOutcome(outcome: Outcome, policy: OutcomePolicy): Gravity {
  if (!('trouble' in outcome) || (outcome.outcome === 'kept' && !policy.strict)) return 'success';
  if (outcome.outcome === 'revoked' || outcome.outcome === 'unknown') return outcome.outcome;
  if (outcome.outcome === 'withdrawn') return gravityOfWithdrawal(outcome.trouble);
  if (outcome.outcome !== 'no-responder') return gravityOfTrouble(outcome.trouble);
  return policy.requireOcsp || outcome.mustStaple ? 'noResponder' : 'success';
}

/** What a staple that stays would soften counts as a responder that was not there; what is never softened keeps its own. */
function gravityOfWithdrawal(trouble: Trouble): Gravity {
  const own = gravityOfTrouble(trouble);
  return own === 'outsideValidity' ? 'unavailable' : gravestOf([own, 'unavailable']);
}

/** Of the troubles with several responders the one to report: what one of them answered is graver than none; the later of equals. */
export function graverTrouble(a: Trouble, b: Trouble): Trouble {
  return byGravity(gravityAmongResponders(a), gravityAmongResponders(b)) < 0 ? a : b;
}

function gravityAmongResponders(trouble: Trouble): Gravity {
  return trouble.kind === 'failure' || trouble.kind === 'bug' ? gravityOfTrouble(trouble) : 'unavailable';
}
