import type { ReloadCode } from '../reload-result.js';

/** Why haproxy could not be reached, or did not take a staple: turned into a result before it leaves the driver. */
export class HaproxyFailure extends Error {
  readonly code: ReloadCode;
  readonly hint: string;

  constructor(code: ReloadCode, message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'HaproxyFailure';
    this.code = code;
    this.hint = hint;
  }
}
