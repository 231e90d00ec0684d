import { describe, expect, it } from 'vitest';

import { exitCodeOfOutcome, exitCodeOfTrouble } from '../../src/cli/exit/exit-code-of.js';
import { exitCodeOfErrorKind, exitCodes, gravestExitCode, type ExitCode } from '../../src/cli/exit/exit-code.js';
import { gravityOfFailure } from '../../src/pipeline/gravity.js';
import { failedOutcome, freshOutcome, revokedOutcome, unknownOutcome, updatedOutcome } from '../support/outcomes.js';

/** The table of the command contract. */
const table = {
  success: 0,
  bug: 1,
  usage: 2,
  revoked: 3,
  unknown: 4,
  notBelieved: 5,
  outsideValidity: 6,
  unavailable: 7,
  inputUnusable: 8,
  storeFailed: 9,
  reloadFailed: 10,
  noResponder: 11,
  locked: 12,
  interrupted: 130,
  terminated: 143,
};

const gravestFirst: readonly ExitCode[] = [130, 143, 1, 2, 12, 3, 5, 4, 6, 9, 8, 10, 7, 11, 0];

describe('exit codes', () => {
  it('are those of the contract', () => {
    expect(exitCodes).toEqual(table);
  });

  it('of a batch are the gravest of its certificates, whatever their order', () => {
    expect([...gravestFirst].sort()).toEqual(Object.values(table).sort());
    for (const [index, graver] of gravestFirst.entries()) {
      for (const milder of gravestFirst.slice(index)) {
        expect(gravestExitCode([graver, milder])).toBe(graver);
        expect(gravestExitCode([milder, graver])).toBe(graver);
      }
    }
    expect(gravestExitCode([])).toBe(0);
    expect(gravestExitCode([0, 11, 7, 10, 8, 9])).toBe(9);
  });

  it('tell six failures about time, a refusal, and everything that is not believed apart', () => {
    for (const code of [
      'expired',
      'not-yet-valid',
      'no-next-update',
      'too-old',
      'too-short',
      'older-than-stored',
    ] as const) {
      expect(exitCodes[gravityOfFailure(code)], code).toBe(6);
    }
    expect(exitCodes[gravityOfFailure('refused')]).toBe(7);
    for (const code of [
      'malformed-response',
      'unsupported-response-type',
      'cert-id-mismatch',
      'cert-id-hash-differs',
      'several-responses',
      'responder-not-found',
      'responder-not-authorized',
      'issuer-not-anchored',
      'signature-invalid',
      'unsupported-algorithm',
      'weak-algorithm',
      'critical-extension',
      'nonce-mismatch',
      'nonce-missing',
      'request-mismatch',
    ] as const) {
      expect(exitCodes[gravityOfFailure(code)], code).toBe(5);
    }
  });

  it('of a fetched certificate follow from its outcome and its error, which --strict alone hears of a kept staple', () => {
    const texts = { message: '', hint: '' };
    const troubles = [
      ...(['expired', 'too-short', 'older-than-stored', 'refused', 'malformed-response'] as const).map(
        (code) => ({ kind: 'failure', code, ...texts }) as const,
      ),
      ...(['usage', 'input', 'unavailable', 'store', 'no-responder', 'interrupted'] as const).map(
        (errorKind) => ({ kind: 'error', errorKind, code: 'timeout', ...texts }) as const,
      ),
      { kind: 'status', code: 'unknown', ...texts } as const,
      { kind: 'bug', code: 'bug', ...texts } as const,
    ];
    const codes = [6, 6, 6, 7, 5, 2, 8, 7, 9, 11, 130, 4, 1];
    expect(troubles.map(exitCodeOfTrouble)).toEqual(codes);
    const policy = { strict: false, requireOcsp: false };
    for (const [index, trouble] of troubles.entries()) {
      for (const outcome of ['unavailable', 'invalid', 'input-error', 'store-error'] as const) {
        expect(exitCodeOfOutcome(failedOutcome('site.pem', outcome, { trouble }), policy)).toBe(codes[index]);
      }
      const kept = failedOutcome('site.pem', 'kept', { trouble });
      expect(exitCodeOfOutcome(kept, policy)).toBe(0);
      expect(exitCodeOfOutcome(kept, { ...policy, strict: true })).toBe(codes[index]);
    }
    expect(exitCodeOfOutcome(revokedOutcome('site.pem'), policy)).toBe(3);
    expect(exitCodeOfOutcome(unknownOutcome('site.pem'), policy)).toBe(4);
    expect(exitCodeOfOutcome(updatedOutcome('site.pem'), policy)).toBe(0);
    expect(exitCodeOfOutcome(freshOutcome('site.pem'), policy)).toBe(0);
    const noResponder = failedOutcome('site.pem', 'no-responder');
    expect(exitCodeOfOutcome(noResponder, policy)).toBe(0);
    expect(exitCodeOfOutcome(noResponder, { ...policy, requireOcsp: true })).toBe(11);
    expect(exitCodeOfOutcome({ ...noResponder, mustStaple: true }, policy)).toBe(11);
  });

  it('tell input, network, store and the run lock apart', () => {
    expect(exitCodeOfErrorKind('usage')).toBe(2);
    expect(exitCodeOfErrorKind('input')).toBe(8);
    expect(exitCodeOfErrorKind('unavailable')).toBe(7);
    expect(exitCodeOfErrorKind('store')).toBe(9);
    expect(exitCodeOfErrorKind('locked')).toBe(12);
    expect(exitCodeOfErrorKind('no-responder')).toBe(11);
    expect(exitCodeOfErrorKind('interrupted')).toBe(130);
  });
});
