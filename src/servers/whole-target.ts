import type { ReloadCode, StapleToPush, TargetResult } from './reload-result.js';

/** What is wrong with a target itself, and the next step. */
export type TargetTrouble = NonNullable<TargetResult['error']>;

/** Thrown inside a driver, turned into a result before it leaves it. */
export class TargetFailure extends Error {
  readonly code: ReloadCode;
  readonly hint: string;

  constructor(code: ReloadCode, message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TargetFailure';
    this.code = code;
    this.hint = hint;
  }
}

/** A target that takes all staples at once or none, and was told. */
export function acceptedByTarget(target: string, staples: readonly StapleToPush[], milliseconds: number): TargetResult {
  const certificates = staples.map(({ certificatePath }) => ({ certificatePath, ok: true }));
  return { target, ok: true, certificates, milliseconds: Math.round(milliseconds) };
}

/** A target that could not be told: no staple arrived, each for the same reason. */
export function refusedByTarget(
  target: string,
  staples: readonly StapleToPush[],
  milliseconds: number,
  { code, message, hint }: TargetTrouble,
): TargetResult {
  const certificates = staples.map(({ certificatePath }) => ({ certificatePath, ok: false, code, message, hint }));
  return { target, ok: false, certificates, milliseconds: Math.round(milliseconds), error: { code, message, hint } };
}
