import { OcspError, type Failure, type FailureCode, type OcspErrorCode, type OcspErrorKind } from '../core/index.js';

/**
 * Why an attempt did not end well, for one certificate: a failure of the response or a thrown error, as one value with
 * a stable code, a sentence for people and the next step.
 */
export type Trouble = { readonly message: string; readonly hint: string } & (
  | { readonly kind: 'failure'; readonly code: FailureCode }
  | { readonly kind: 'error'; readonly errorKind: OcspErrorKind; readonly code: OcspErrorCode }
  | { readonly kind: 'status'; readonly code: 'revoked' | 'unknown' }
  | { readonly kind: 'server'; readonly code: ServerTroubleCode }
  | { readonly kind: 'bug'; readonly code: 'bug' }
);

/** Why a server would not serve a response that is good: stable for scripts. */
export type ServerTroubleCode = 'too-large' | 'issuer-missing' | 'issuer-stale' | 'gone-with-reload';

/** The next step for each failure of a response; empty where the message says it all. */
const failureHints: Readonly<Record<FailureCode, string>> = {
  'malformed-response': 'the responder or a proxy in between sends something else; look at it with: restaple inspect',
  'unsupported-response-type': 'only id-pkix-ocsp-basic is defined for stapling; ask the CA',
  'cert-id-mismatch':
    'the responder answered for another certificate: check that the issuer is the right one, and check --url',
  'cert-id-hash-differs':
    'fetch with the hash that the server takes: restaple fetch --hash sha1; tell the CA if its responder ignores it',
  'several-responses': 'servers take exactly one SingleResponse; ask the CA for one answer per request',
  'responder-not-found': 'if this signer is yours, trust it with --trusted-responder FILE',
  'responder-not-authorized':
    'the CA must issue the responder a certificate for OCSP signing, or trust it with --trusted-responder FILE',
  'issuer-not-anchored': 'name the root with --ca and intermediates with --untrusted',
  'signature-invalid': 'the response was altered or signed with another key: do not use it; tell the CA',
  'unsupported-algorithm': 'docs/verification.md lists the supported algorithms',
  'weak-algorithm': 'MD2, MD5 and RSA below 1024 bits are never accepted; tell the CA',
  'critical-extension': 'the response asks for processing that is not known here; ask the CA what it is for',
  'nonce-mismatch': 'the answer may be a replay or come from a cache that ignores nonces: fetch without --nonce',
  'nonce-missing': 'many responders answer from a cache without nonces: leave out --nonce or --strict',
  'request-mismatch': 'the response belongs to another request',
  expired: 'the responder hands out an old response: tell the CA; check the clock of this machine',
  'not-yet-valid': 'check the clock of this machine (timedatectl), then that of the responder',
  'no-next-update': 'ask the CA to set nextUpdate; servers refuse such a response',
  'too-old': 'fetch a newer one: restaple fetch --force',
  'too-short': 'ask the CA for a longer validity, or run more often',
  'older-than-stored': 'the responder or a cache in front of it lags behind; the stored one is kept',
  refused: 'the responder does not serve this certificate or is out of order; check the issuer and --url',
};

const refusalHints: Readonly<Record<string, string>> = {
  malformedRequest: 'the responder did not understand the request; try --method get or post, without --nonce',
  internalError: 'the responder has an internal problem; try again later',
  tryLater: 'the responder is busy; try again later',
  sigRequired: 'the responder requires signed requests; sign them with --sign-with FILE',
  unauthorized:
    'the responder does not know this certificate: issued minutes ago, expired, or of another CA; check --url',
};

/** A failure of a response as trouble, with its hint. */
export function troubleOfFailure({ code, message, values }: Failure): Trouble {
  const refusal = typeof values['responseStatus'] === 'string' ? refusalHints[values['responseStatus']] : undefined;
  return { kind: 'failure', code, message, hint: refusal ?? failureHints[code] };
}

/** A thrown error as trouble. What is not an OcspError is a bug of ours; its stack stays with the cause. */
export function troubleOfError(error: unknown): Trouble {
  if (error instanceof OcspError) {
    return { kind: 'error', errorKind: error.kind, code: error.code, message: error.message, hint: error.hint };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'bug', code: 'bug', message: text, hint: 'this is a bug in restaple: please report it' };
}

/** The same for what ends the work on one certificate only; rethrows `interrupted` and `usage`, which end the run. */
export function troubleOfOne(error: unknown): Trouble {
  const trouble = troubleOfError(error);
  if (trouble.kind === 'error' && (trouble.errorKind === 'interrupted' || trouble.errorKind === 'usage')) throw error;
  return trouble;
}
