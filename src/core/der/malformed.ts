import { OcspError, type OcspErrorCode } from '../ocsp-error.js';
import { DerError } from './der-element.js';

/** What `read` returns; undefined where it meets bytes that break the rules of DER. */
export function unlessMalformed<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** What an error is of, in words; `tooLong` where a bound of ours was met, and no rule of DER broken. */
interface MalformedWords {
  readonly code: OcspErrorCode;
  readonly what: string;
  readonly tooLong?: string;
  readonly hint?: string;
}

/** What `read` returns; where it meets bytes that break the rules of DER, an OcspError that says so, its cause the DerError. */
export function orMalformed<Value>(
  { code, what, tooLong = what, hint = '' }: MalformedWords,
  read: () => Value,
): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new OcspError(code, `${error.rule === 'limit' ? tooLong : what}: ${error.message}`, hint, { cause: error });
  }
}
