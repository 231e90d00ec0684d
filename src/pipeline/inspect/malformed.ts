import { DerError, OcspError } from '../../core/index.js';

const copyAgain = 'the bytes were cut short or altered: fetch or copy them again, as they are';

/** Bytes that are not DER where they should be: the error names the octet and the rule that was broken. */
export function malformedDer(
  what: string,
  { message, rule }: { readonly message: string; readonly rule?: string },
  cause?: unknown,
): OcspError {
  return new OcspError('malformed-der', `${what} is not valid DER: ${message}${named(rule)}`, copyAgain, { cause });
}

/** Runs a decoder of core; what it throws comes with the rule that was broken and a next step. */
export function namingTheRule<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof OcspError && error.cause instanceof DerError)) throw error;
    const { code, message, cause, hint } = error;
    throw new OcspError(code, message + named(cause.rule), hint === '' ? copyAgain : hint, { cause });
  }
}

function named(rule: string | undefined): string {
  return rule === undefined ? '' : ` (rule ${rule})`;
}
