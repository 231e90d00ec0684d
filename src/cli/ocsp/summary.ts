import { certIdsEqual, type BasicResponse, type SingleResponse } from '../../core/index.js';
import { exitCodes, gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import { errorQueueLine } from './failure.js';
import type { Sink } from './files.js';
import { timeText } from './text/values.js';
import type { LabelledCertId } from './request.js';

/** How far clocks may differ, and how long ago thisUpdate may be, in seconds. */
export interface StatusTimes {
  readonly now: Date;
  readonly skewSeconds: number;
  readonly ageSeconds: number | undefined;
}

/** What the summary comes to: openssl's own exit code, and restaple's. */
export interface SummaryResult {
  readonly hasAll: boolean;
  readonly exitCode: ExitCode;
}

/** Prints what the response says of each CertID that was asked for, under its label. */
export function printSummary(
  out: Sink,
  basic: BasicResponse,
  asked: readonly LabelledCertId[],
  times: StatusTimes,
): SummaryResult {
  const codes = asked.map(({ label, certId }): ExitCode => {
    const statements = basic.responses.filter((one) => certIdsEqual(one.certId, certId));
    const [statement] = statements;
    if (statement === undefined) {
      out.write(`${label}: ERROR: No Status found.\n`);
      return exitCodes.notBelieved;
    }
    const problems = timeProblems(statement, times);
    const warning = problems.map((reason) => `${errorQueueLine('OCSP_check_validity', reason)}\n`).join('');
    out.write(`${label}: ${problems.length === 0 ? '' : `WARNING: Status times invalid.\n${warning}`}`);
    out.write(
      statementLines(statement)
        .map((line) => `${line}\n`)
        .join(''),
    );
    // openssl prints the first of several statements; the gravest counts.
    return gravestExitCode(statements.map((one) => exitCodeOf(one, times)));
  });
  return { hasAll: !codes.includes(exitCodes.notBelieved), exitCode: gravestExitCode(codes) };
}

function exitCodeOf(statement: SingleResponse, times: StatusTimes): ExitCode {
  if (statement.status === 'revoked') return exitCodes.revoked;
  if (statement.status === 'unknown') return exitCodes.unknown;
  return timeProblems(statement, times).length === 0 ? exitCodes.success : exitCodes.outsideValidity;
}

function statementLines({
  status,
  thisUpdate,
  nextUpdate,
  revocationTime,
  revocationReason,
}: SingleResponse): string[] {
  return [
    status,
    `\tThis Update: ${timeText(thisUpdate)}`,
    ...(nextUpdate === undefined ? [] : [`\tNext Update: ${timeText(nextUpdate)}`]),
    ...(revocationReason === undefined ? [] : [`\tReason: ${revocationReason}`]),
    ...(revocationTime === undefined ? [] : [`\tRevocation Time: ${timeText(revocationTime)}`]),
  ];
}

/** Every rule of openssl that the times break, in its words. */
function timeProblems(
  { thisUpdate, nextUpdate }: SingleResponse,
  { now, skewSeconds, ageSeconds }: StatusTimes,
): string[] {
  const seconds = Math.floor(now.getTime() / 1000);
  const start = thisUpdate.getTime() / 1000;
  const end = nextUpdate === undefined ? undefined : nextUpdate.getTime() / 1000;
  return [
    ...(start > seconds + skewSeconds ? ['status not yet valid'] : []),
    ...(ageSeconds !== undefined && start < seconds - ageSeconds ? ['status too old'] : []),
    ...(end !== undefined && end < seconds - skewSeconds ? ['status expired'] : []),
    ...(end !== undefined && end < start ? ['nextupdate before thisupdate'] : []),
  ];
}
