import type { Gravity } from '../gravity.js';
import type { DoctorFinding, DoctorState } from './doctor-report.js';
import type { Examination } from './examine-certificate.js';

/** A finding that decides the state of a certificate. */
export interface Decision extends DoctorFinding {
  readonly state: Exclude<DoctorState, 'must-staple-broken'>;
  readonly gravity: Gravity;
}

/** Whether something decides the state of a certificate; the first that does counts. */
export type Rule = (examined: Examination, now: Date) => Decision | undefined;
