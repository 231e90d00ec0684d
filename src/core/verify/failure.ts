import { shortened } from '../shortened.js';
import type { Failure, FailureCode } from './verdict.js';

/** A failure with the values that decided it. */
export function failure(code: FailureCode, message: string, values: Failure['values'] = {}): Failure {
  return { code, message: shortened(message), values };
}
