import { type FailureCode, type OcspErrorKind } from '../../core/index.js';

/** The exit codes of the command contract. */
export const exitCodes = {
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
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The gravest first: a batch ends with the first of these that one of its certificates has. */
const byGravity: readonly ExitCode[] = [130, 143, 1, 2, 12, 3, 5, 4, 6, 9, 8, 10, 7, 11, 0];

/** The gravest of these codes; 0 where there are none. */
export function gravestExitCode(codes: Iterable<ExitCode>): ExitCode {
  let gravest: ExitCode = exitCodes.success;
  for (const code of codes) if (byGravity.indexOf(code) < byGravity.indexOf(gravest)) gravest = code;
  return gravest;
}

const codesByErrorKind: Readonly<Record<OcspErrorKind, ExitCode>> = {
  usage: exitCodes.usage,
  input: exitCodes.inputUnusable,
  unavailable: exitCodes.unavailable,
  store: exitCodes.storeFailed,
  locked: exitCodes.locked,
  'no-responder': exitCodes.noResponder,
  interrupted: exitCodes.interrupted,
};

export function exitCodeOfErrorKind(kind: OcspErrorKind): ExitCode {
  return codesByErrorKind[kind];
}

const outsideValidity: ReadonlySet<FailureCode> = new Set([
  'expired',
  'not-yet-valid',
  'no-next-update',
  'too-old',
  'too-short',
  'older-than-stored',
]);

/** 7 for a refusal, 6 for a response outside its validity, 5 for one that is not believed. */
export function exitCodeOfFailure(code: FailureCode): ExitCode {
  if (code === 'refused') return exitCodes.unavailable;
  return outsideValidity.has(code) ? exitCodes.outsideValidity : exitCodes.notBelieved;
}
