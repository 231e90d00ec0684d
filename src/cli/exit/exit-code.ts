import type { OcspErrorKind } from '../../core/index.js';
import { gravities, gravityOfErrorKind, type Gravity } from '../../pipeline/gravity.js';

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
} as const satisfies Record<Gravity, number>;

export type ExitCode = (typeof exitCodes)[Gravity];

/** The gravest of these codes, with which a batch ends; 0 where there are none. */
export function gravestExitCode(codes: Iterable<ExitCode>): ExitCode {
  const found = new Set(codes);
  return exitCodes[gravities.find((gravity) => found.has(exitCodes[gravity])) ?? 'success'];
}

export function exitCodeOfErrorKind(kind: OcspErrorKind): ExitCode {
  return exitCodes[gravityOfErrorKind[kind]];
}

/** The exit codes of a monitoring plugin (Monitoring Plugins Development Guidelines, "Plugin Return Codes"). */
export const pluginStates = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const;
