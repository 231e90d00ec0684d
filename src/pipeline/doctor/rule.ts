import type { Gravity } from '../gravity.js';
import type { AdviceStep, DoctorFinding, DoctorState } from './doctor-report.js';
import type { Examination } from './examine-certificate.js';

/** A finding that decides the state of a certificate. */
export interface Decision extends DoctorFinding {
  readonly state: Exclude<DoctorState, 'must-staple-broken'>;
  readonly gravity: Gravity;
}

/** Whether something decides the state of a certificate; the first that does counts. */
export type Rule = (examined: Examination, now: Date) => Decision | undefined;

/** What clients do not get although they could. */
export function notServedFor(code: string, message: string, advice: readonly AdviceStep[]): Decision {
  return { state: 'not-served', gravity: 'reloadFailed', code, severity: 'error', message, advice };
}
