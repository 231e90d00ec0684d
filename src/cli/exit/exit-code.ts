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

/** The same in a few words, for help; docs/errors.md has them in full. */
export const exitMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'all is well, or nothing is needed',
  1: 'a bug in restaple',
  2: 'wrong usage or configuration',
  3: 'revoked',
  4: 'unknown to the responder',
  5: 'the response is not believed',
  6: 'the response is outside its validity',
  7: 'the responder is unavailable or refuses',
  8: 'an input file is missing or unusable',
  9: 'a file or other output could not be written',
  10: 'a server could not be reloaded, or staples something else',
  11: 'no responder, but one is required',
  12: 'another run holds the lock',
  130: 'interrupted (SIGINT)',
  143: 'terminated (SIGTERM)',
};

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
