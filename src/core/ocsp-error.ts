import { shortened } from './shortened.js';

/**
 * Every code that a thrown {@link OcspError} can carry, by the kind of trouble.
 * A verdict is not an error: see `verify/verdict.ts` for what a response can be found to be.
 */
export const ocspErrorKinds = {
  usage: 'usage',
  'listen-failed': 'usage',
  'lock-unusable': 'usage',

  'file-not-found': 'input',
  'file-unreadable': 'input',
  'file-empty': 'input',
  'file-too-large': 'input',
  'malformed-pem': 'input',
  'malformed-der': 'input',
  'malformed-certificate': 'input',
  'no-certificate': 'input',
  'issuer-not-found': 'input',
  'issuer-mismatch': 'input',
  'issuer-unsupported': 'input',
  'response-missing': 'input',
  'staple-path-taken': 'input',
  'key-mismatch': 'input',
  'signer-unusable': 'input',
  'validity-empty': 'input',
  'key-unsupported': 'input',
  'key-unreadable': 'input',
  'key-passphrase': 'input',
  'no-crl': 'input',
  'malformed-crl': 'input',
  'crl-unsupported': 'input',
  'crl-mismatch': 'input',
  'crl-stale': 'input',
  'crl-not-yet-valid': 'input',
  'malformed-index': 'input',
  'malformed-serial-list': 'input',
  'malformed-crt-list': 'input',

  'unsupported-scheme': 'unavailable',
  'malformed-uri': 'unavailable',
  'address-blocked': 'unavailable',
  'name-not-resolved': 'unavailable',
  'connection-failed': 'unavailable',
  'tls-failed': 'unavailable',
  'starttls-failed': 'unavailable',
  'proxy-failed': 'unavailable',
  timeout: 'unavailable',
  'http-status': 'unavailable',
  'too-many-redirects': 'unavailable',
  'body-too-large': 'unavailable',
  'retry-after-too-long': 'unavailable',
  'responder-suspended': 'unavailable',

  'staple-unwritable': 'store',
  'staple-unsafe': 'store',
  'staple-locked': 'store',
  'overwrite-refused': 'store',
  'metrics-unwritable': 'store',
  'page-unwritable': 'store',
  'output-unwritable': 'store',

  'run-locked': 'locked',

  'no-responder': 'no-responder',

  interrupted: 'interrupted',
} as const;

/** A stable code of an {@link OcspError}. */
export type OcspErrorCode = keyof typeof ocspErrorKinds;

/** The kind of trouble behind a code: which exit code it leads to, and whether a good staple on disk makes it a mere note. */
export type OcspErrorKind = (typeof ocspErrorKinds)[OcspErrorCode];

/** Bad input, a file or network that failed: what happened, why, and the next step. Messages are for people, codes are stable. */
export class OcspError extends Error {
  readonly code: OcspErrorCode;
  /** The next step for the reader, one sentence without a full stop; empty where there is none. */
  readonly hint: string;

  constructor(code: OcspErrorCode, message: string, hint = '', options?: { cause?: unknown }) {
    super(shortened(message), options);
    this.name = 'OcspError';
    this.code = code;
    this.hint = hint;
  }

  get kind(): OcspErrorKind {
    return ocspErrorKinds[this.code];
  }
}

/** The same error with what it is about before its message; what is no {@link OcspError} comes back as it is. */
export function naming(name: string, error: unknown): unknown {
  if (!(error instanceof OcspError)) return error;
  return new OcspError(error.code, `${name}: ${error.message}`, error.hint, { cause: error });
}

/** What the work returns; undefined where it throws an {@link OcspError}. Other errors pass through. */
export function unlessOcspError<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof OcspError) return undefined;
    throw error;
  }
}
