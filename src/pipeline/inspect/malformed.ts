import { DerError, OcspError } from '../../core/index.js';

const copyAgain = 'the bytes were cut short or altered: fetch or copy them again, as they are';
const timeForm = 'whoever made it must write times as YYYYMMDDHHMMSSZ (RFC 5280 §4.1.2.5): tell the CA';
const otherRules = 'whoever made it broke a rule of DER or of its syntax: tell the CA; or the bytes were altered';

/** Octets that are missing or left over are a matter of copying; most of the rest was written so. */
const hints: Partial<Record<string, string>> = {
  truncated: copyAgain,
  'trailing-data': copyAgain,
  'length-too-large': copyAgain,
  'time-syntax': timeForm,
};

function hintFor(rule: string | undefined, message: string): string {
  if (message.includes('is a UTCTime instead of')) return timeForm;
  return rule === undefined ? copyAgain : (hints[rule] ?? otherRules);
}

/** Bytes that are not DER where they should be: the error names the octet and the rule that was broken. */
export function malformedDer(
  what: string,
  { message, rule }: { readonly message: string; readonly rule?: string },
  cause?: unknown,
): OcspError {
  return new OcspError('malformed-der', `${what} is not valid DER: ${message}${named(rule)}`, hintFor(rule, message), {
    cause,
  });
}

/** Runs a decoder of core; what it throws comes with the rule that was broken and a next step. */
export function namingTheRule<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof OcspError && error.cause instanceof DerError)) throw error;
    const { code, message, cause, hint } = error;
    const isOwn = hint === '' || cause.rule === 'time-syntax';
    throw new OcspError(code, message + named(cause.rule), isOwn ? hintFor(cause.rule, message) : hint, { cause });
  }
}

function named(rule: string | undefined): string {
  return rule === undefined ? '' : ` (rule ${rule})`;
}
