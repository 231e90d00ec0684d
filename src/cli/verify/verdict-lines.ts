import { isBelieved, type Finding, type Statement, type Verdict } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import { formatDuration, formatTime } from '../../core/time.js';
import type { Trouble } from '../../pipeline/trouble.js';
import type { VerifyReport, VerifyStapleOptions } from '../../pipeline/verify/verify-report.js';
import { escapeText } from '../render/escape-text.js';
import type { Output } from '../output.js';
import { crlFields, crlText, isRevokedByCrl, sayRevokedByCrl } from './crl-lines.js';
import { errorRecord } from '../render/trouble.js';
import { definedOnly } from '../../core/defined-only.js';

/** The JSON line of one verification. */
export function reportRecord(report: VerifyReport, now: Date): Record<string, unknown> {
  const { certificate, response, verdict, noResponder, trouble, statements, crl } = report;
  return definedOnly({
    certificate: certificate === undefined ? undefined : shownPath(certificate),
    response: response === undefined ? undefined : shownPath(response),
    ...(verdict === undefined ? { verdict: null } : verdictRecord(verdict)),
    ...(noResponder ? { outcome: 'no-responder' } : {}),
    statements: statements?.map(verdictRecord),
    ...(verdict !== undefined || trouble === undefined ? {} : { error: errorRecord(trouble) }),
    ...(crl === undefined ? {} : crlFields(crl, now, verdict?.kind === 'revoked')),
  });
}

function verdictRecord(verdict: Verdict): Record<string, unknown> {
  const { responseStatus, responder, producedAt, signatureAlgorithm, nonce, statement, findings } = verdict;
  return definedOnly({
    verdict: verdict.kind,
    ...('failure' in verdict
      ? { failure: { code: verdict.failure.code, message: verdict.failure.message, ...verdict.failure.values } }
      : {}),
    responseStatus,
    responder:
      responder === undefined ? undefined : { kind: responder.kind, name: responder.name, keyHash: responder.keyHash },
    certId: statement?.certId,
    producedAt: producedAt === undefined ? undefined : formatTime(producedAt),
    ...(statement === undefined ? {} : timesRecord(statement)),
    signatureAlgorithm,
    nonce,
    ...(findings.length === 0 ? {} : { findings }),
  });
}

function timesRecord({ thisUpdate, nextUpdate, revocationTime, revocationReason }: Statement): Record<string, unknown> {
  return definedOnly({
    thisUpdate: formatTime(thisUpdate),
    nextUpdate: nextUpdate === undefined ? null : formatTime(nextUpdate),
    revocationTime: revocationTime === undefined ? undefined : formatTime(revocationTime),
    revocationReason,
  });
}

/** What of a verification's options its text depends on. */
type ReadingOptions = Pick<VerifyStapleOptions, 'now' | 'lint'>;

/** Prints one verification as text: the verdict is data, the reason and next step are talk. */
export function printReport(output: Output, report: VerifyReport, options: ReadingOptions): void {
  const name = shownPath(report.certificate ?? report.response ?? '');
  const { verdict, trouble, noResponder, crl } = report;
  if (verdict !== undefined) {
    printVerdict(output, name, report, verdict, options);
    const { statements = [] } = report;
    for (const one of statements) {
      printStatement(output, one, options.now);
      if (statements.length > 1) printFindings(output, one);
    }
  } else if (noResponder || crl !== undefined) {
    const word = noResponder ? 'no responder' : 'no staple';
    output.data(
      `${escapeText(name)}: ${isRevokedByCrl(report) ? output.stdout.red('revoked') : output.stdout.yellow(word)}`,
    );
    if (noResponder) output.mention(trouble?.message ?? '');
  }
  if (crl !== undefined) printLine(output, 'crl', crlText(crl, options.now));
  sayReportTrouble(output, report);
}

/** The trouble of one verification on stderr, with the next step; nothing where there is none. */
export function sayReportTrouble(output: Output, report: VerifyReport): void {
  const { certificate, response, trouble, noResponder, crl } = report;
  const name = shownPath(certificate ?? response ?? '');
  const say = ({ message, hint }: Trouble): void => {
    output.say(message.startsWith(name) ? message : `${name}: ${message}`);
    output.hint(hint);
  };
  if (crl?.kind === 'revoked') sayRevokedByCrl(output, name, crl);
  // A revoked certificate needs no staple.
  else if (trouble !== undefined && !noResponder) say(trouble);
  if (crl?.kind !== 'unusable') return;
  for (const one of [crl.trouble, ...(crl.more ?? [])]) if (one.message !== trouble?.message) say(one);
}

function printVerdict(
  output: Output,
  name: string,
  report: VerifyReport,
  verdict: Verdict,
  { now, lint }: ReadingOptions,
): void {
  const paint = output.stdout;
  const kind = isRevokedByCrl(report) ? 'revoked' : verdict.kind;
  const word = kind === 'good' ? paint.green(kind) : paint.red(kind);
  const code = 'failure' in verdict ? ` (${verdict.failure.code})` : '';
  output.data(`${escapeText(name)}: ${word}${kind === verdict.kind ? code : ''}`);
  const { responder, statement, producedAt, signatureAlgorithm, nonce } = verdict;
  const line = (label: string, value: string): void => printLine(output, label, value);
  if (report.response !== undefined && report.certificate !== undefined) line('response', shownPath(report.response));
  if (responder !== undefined) line('responder', `${responder.name} (${responder.kind})`);
  if (statement !== undefined) {
    const { certId } = statement;
    line('serial', `${certId.serialNumber} (CertID ${certId.hashAlgorithm})`);
    if (statement.revocationTime !== undefined) line('revoked', revocationText(statement));
    if (producedAt !== undefined) line('produced at', formatTime(producedAt));
    line('this update', formatTime(statement.thisUpdate));
    line('next update', nextUpdateText(statement, now));
  }
  if (signatureAlgorithm !== undefined) line('signature', signatureAlgorithm);
  if (nonce !== undefined) line('nonce', nonce);
  const statements = report.statements ?? [verdict];
  if (lint !== undefined) line('lint', `${lint}: ${lintText(verdict, statements)}`);
  // Of several statements each has its own below.
  if (statements.length === 1) printFindings(output, verdict);
}

function printFindings(output: Output, { findings }: Verdict): void {
  for (const { severity, message, source } of findings) printLine(output, severity, `${message} (${source})`);
}

function lintText(verdict: Verdict, statements: readonly Verdict[]): string {
  const isReadable = !('failure' in verdict) || !unreadable.has(verdict.failure.code);
  return isReadable ? countsText(statements.flatMap(({ findings }) => findings)) : 'not applied to what cannot be read';
}

const unreadable: ReadonlySet<string> = new Set(['malformed-response', 'unsupported-response-type']);

function printLine(output: Output, label: string, value: string): void {
  output.data(`  ${label.padEnd(12)} ${escapeText(value)}`);
}

function countsText(findings: readonly Finding[]): string {
  const counts = (['error', 'warning', 'info'] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}`];
  });
  return counts.length === 0 ? 'nothing found' : counts.join(', ');
}

function printStatement(output: Output, verdict: Verdict, now: Date): void {
  const { statement } = verdict;
  const what = 'failure' in verdict ? `${verdict.kind} (${verdict.failure.code})` : verdict.kind;
  const until = isBelieved(verdict) ? `, next update ${nextUpdateText(verdict.statement, now)}` : '';
  const serial = statement?.certId.serialNumber ?? ('failure' in verdict ? verdict.failure.message : '');
  output.data(escapeText(`  statement    ${serial}: ${what}${until}`));
}

function revocationText({ revocationTime, revocationReason }: Statement): string {
  const time = revocationTime === undefined ? '' : formatTime(revocationTime);
  return revocationReason === undefined ? time : `${time} (${revocationReason})`;
}

function nextUpdateText({ nextUpdate }: Statement, now: Date): string {
  if (nextUpdate === undefined) return 'none';
  const left = nextUpdate.getTime() - now.getTime();
  return `${formatTime(nextUpdate)} (${left < 0 ? `${formatDuration(left)} ago` : `in ${formatDuration(left)}`})`;
}
