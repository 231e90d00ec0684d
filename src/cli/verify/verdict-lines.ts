import { isBelieved, type Finding, type Statement, type Verdict } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import { shortened } from '../../core/shortened.js';
import { formatDuration, formatTime } from '../../core/time.js';
import { revokedHint, revokedSentence, revokedSince, unknownTrouble } from '../../pipeline/fetch/revocation.js';
import { lifeFindings } from '../../pipeline/certificate-life.js';
import type { ResponderExchange, VerifyReport, VerifyStapleOptions } from '../../pipeline/verify/verify-report.js';
import { escapeText } from '../render/escape-text.js';
import type { Output } from '../output.js';
import { crlFields, crlText } from './crl-lines.js';
import { errorRecord, responderRecord, sayTrouble, sayTroubleOf } from '../render/trouble.js';
import { shownHostAndPort } from '../../system/network/host-and-port.js';
import { definedOnly } from '../../core/defined-only.js';

/** The options of a verification that its text depends on. */
export interface ReadingOptions extends Pick<VerifyStapleOptions, 'now' | 'lint'> {
  /** What a command adds to a report of its own. */
  readonly addition?: ReportAddition;
}

/** Fields for JSON, and lines below those of the report. */
export interface ReportAddition {
  fields(report: VerifyReport): Readonly<Record<string, unknown>>;
  lines(report: VerifyReport): readonly string[];
}

/** Tells one verification: a line of JSON, or text, where the verdict is data and the reason and next step are talk. */
export function tellReport(output: Output, report: VerifyReport, options: ReadingOptions): void {
  if (output.json) output.record({ ...reportRecord(report, options.now), ...options.addition?.fields(report) });
  else if (output.isQuiet) sayObjection(output, report);
  else printReport(output, report, options);
  if (!output.json) for (const line of options.addition?.lines(report) ?? []) output.report(line);
  if (!output.json) sayReportTrouble(output, report);
  sayWarnings(output, report);
  const { place, fault, verdict, findings = [] } = report;
  if (!output.json && verdict === undefined) {
    for (const { message, source } of findings) output.warn(`${nameOf(report)}: ${message} (${source})`);
  }
  if (place !== undefined && fault !== undefined) sayTrouble(output, `${shownHostAndPort(place)}: `, fault);
}

/** What the reader should hear about the certificate's file. */
export function sayWarnings(output: Output, report: VerifyReport): void {
  for (const warning of report.warnings ?? []) output.warn(`${nameOf(report)}: ${warning}`);
}

/** Without the verdict on stdout, what the CA says against the certificate is to be heard all the same. */
function sayObjection(output: Output, report: VerifyReport): void {
  const { verdict, crl } = report;
  if (crl?.kind === 'revoked' || verdict === undefined) return;
  if (verdict.kind === 'unknown') sayTroubleOf(output, nameOf(report), unknownTrouble);
  if (verdict.kind !== 'revoked') return;
  const { statement } = verdict;
  sayTroubleOf(output, nameOf(report), { message: revokedSentence(statement), hint: revokedHint(statement) });
}

function reportRecord(report: VerifyReport, now: Date): Record<string, unknown> {
  const { certificate, subject, response, place, sent, verdict, noResponder, trouble, fault, crl, life, warnings } =
    report;
  const error = fault ?? (verdict === undefined ? trouble : undefined);
  return {
    certificate: certificate === undefined ? undefined : shownPath(certificate),
    subject,
    response: response === undefined ? undefined : shownPath(response),
    connection: place === undefined ? undefined : { host: place.host, port: place.port, ...sent },
    ...(verdict === undefined ? { verdict: null } : verdictRecord(verdict)),
    ...definedOnly({
      responder: askedRecord(report),
      findings: findingsRecord([
        ...(verdict?.findings ?? []),
        ...(report.findings ?? []),
        ...lifeFindingsOf(report, now),
      ]),
    }),
    certificateNotAfter: life?.notAfter,
    outcome: noResponder ? 'no-responder' : undefined,
    statements: report.statements?.map(verdictRecord),
    error: error === undefined ? undefined : errorRecord(error),
    warnings,
    ...(crl === undefined ? {} : crlFields(crl, now, verdict?.kind === 'revoked')),
  };
}

/** The responder that was asked, and who signed; undefined where none was asked. */
function askedRecord({ asked, verdict }: VerifyReport): Record<string, unknown> | undefined {
  if (asked?.exchange === undefined) return undefined;
  return { ...(verdict?.responder === undefined ? {} : responderRecord(verdict.responder)), ...asked.exchange };
}

function withFindings(verdict: Verdict, more: readonly Finding[] = []): Verdict {
  return more.length === 0 ? verdict : { ...verdict, findings: [...verdict.findings, ...more] };
}

/** Without fields that are undefined: what a CRL adds comes after those that are there. */
function verdictRecord(verdict: Verdict): Record<string, unknown> {
  const { responseStatus, responder, producedAt, signatureAlgorithm, nonce, statement, findings } = verdict;
  return definedOnly({
    verdict: verdict.kind,
    failure:
      'failure' in verdict
        ? { code: verdict.failure.code, message: verdict.failure.message, ...verdict.failure.values }
        : undefined,
    responseStatus,
    responder: responder === undefined ? undefined : responderRecord(responder),
    certId: statement?.certId,
    producedAt,
    thisUpdate: statement?.thisUpdate,
    nextUpdate: statement === undefined ? undefined : (statement.nextUpdate ?? null),
    revocationTime: statement?.revocationTime,
    revocationReason: statement?.revocationReason,
    signatureAlgorithm,
    nonce,
    findings: findingsRecord(findings),
  });
}

function findingsRecord(findings: readonly Finding[]): readonly Finding[] | undefined {
  return findings.length === 0 ? undefined : findings;
}

function lifeFindingsOf({ life }: VerifyReport, now: Date): Finding[] {
  return life === undefined ? [] : lifeFindings(life, now);
}

function printReport(output: Output, report: VerifyReport, options: ReadingOptions): void {
  const name = nameOf(report);
  const { verdict, trouble, noResponder, statements = [], crl } = report;
  if (verdict !== undefined) {
    printVerdict(output, report, withFindings(verdict, report.findings), options);
    for (const one of statements) {
      printStatement(output, one, options.now);
      if (statements.length > 1) printFindings(output, one.findings);
    }
  } else if (noResponder || crl !== undefined || trouble?.kind === 'server' || isUnanswered(report)) {
    output.report(
      `${escapeText(name)}: ${crl?.kind === 'revoked' ? output.stdout.red('revoked') : output.stdout.yellow(wordFor(report))}`,
    );
    if (report.asked?.exchange !== undefined) printLine(output, 'asked', exchangeText(report.asked.exchange));
    if (noResponder) output.mention(trouble.message);
  }
  if (crl !== undefined) printLine(output, 'crl', crlText(crl, options.now));
  const findings = lifeFindingsOf(report, options.now);
  if (verdict !== undefined || noResponder || crl !== undefined) printFindings(output, findings);
  else for (const { message } of findings) output.warn(`${name}: ${message}`);
}

function wordFor({ noResponder, trouble, asked }: VerifyReport): string {
  if (noResponder) return 'no responder';
  if (trouble?.kind === 'server') return `not served (${trouble.code})`;
  return asked === undefined ? 'no staple' : `no answer (${trouble?.code ?? ''})`;
}

function isUnanswered({ asked, trouble }: VerifyReport): boolean {
  return asked !== undefined && trouble?.kind === 'error' && trouble.errorKind === 'unavailable';
}

/** `http://ocsp.example/ by POST (192.0.2.1), HTTP 200 in 35 ms` */
function exchangeText({ url, method, address, status, milliseconds }: ResponderExchange): string {
  const place = address === undefined ? '' : ` (${address})`;
  return `${url} by ${method.toUpperCase()}${place}, ${status === undefined ? 'no answer' : `HTTP ${status}`} in ${milliseconds} ms`;
}

/** The trouble of one verification on stderr, with the next step; nothing where there is none. */
export function sayReportTrouble(output: Output, report: VerifyReport): void {
  const { trouble, noResponder, crl } = report;
  const name = nameOf(report);
  if (crl?.kind === 'revoked') {
    const message = `${revokedSentence(crl)} by the CRL ${crl.source}`;
    sayTrouble(output, `${name}: `, { message, hint: 'replace the certificate now' });
  } else if (trouble !== undefined && !noResponder) sayTroubleOf(output, name, trouble);
  if (crl?.kind !== 'unusable') return;
  for (const one of [crl.trouble, ...(crl.more ?? [])]) {
    if (one.message !== trouble?.message) sayTroubleOf(output, name, one);
  }
}

/** What the report is about. */
function nameOf({ certificate, subject, response, place }: VerifyReport): string {
  const path = certificate ?? response;
  const name = path !== undefined ? shownPath(path) : place === undefined ? '' : shownHostAndPort(place);
  return subject === undefined ? name : `${name} (${subject})`;
}

function printVerdict(output: Output, report: VerifyReport, verdict: Verdict, { now, lint }: ReadingOptions): void {
  const paint = output.stdout;
  const kind = report.crl?.kind === 'revoked' ? 'revoked' : verdict.kind;
  const word = kind === 'good' ? paint.green(kind) : paint.red(kind);
  const code = 'failure' in verdict && kind === verdict.kind ? ` (${verdict.failure.code})` : '';
  output.report(`${escapeText(nameOf(report))}: ${word}${code}`);
  const { responder, statement, producedAt, signatureAlgorithm, nonce } = verdict;
  const line = (label: string, value: string | undefined): void => {
    if (value !== undefined) printLine(output, label, value);
  };
  if (report.response !== undefined && report.certificate !== undefined) line('response', shownPath(report.response));
  if (report.asked?.exchange !== undefined) line('asked', exchangeText(report.asked.exchange));
  if (responder !== undefined) line('responder', `${responder.name} (${responder.kind})`);
  if (statement !== undefined) {
    const { certId, revocationTime, thisUpdate } = statement;
    line('serial', `${certId.serialNumber} (CertID ${certId.hashAlgorithm})`);
    if (revocationTime !== undefined) line('revoked', revokedSince(statement));
    if (producedAt !== undefined) line('produced at', formatTime(producedAt));
    line('this update', formatTime(thisUpdate));
    line('next update', nextUpdateText(statement, now));
  }
  line('signature', signatureAlgorithm);
  line('nonce', nonce);
  const { statements = [verdict] } = report;
  if (lint !== undefined) line('lint', `${lint}: ${lintText(verdict, statements)}`);
  // Of several statements each has its own below.
  if (statements.length === 1) printFindings(output, verdict.findings);
}

function printFindings(output: Output, findings: readonly Finding[]): void {
  for (const { severity, message, source } of findings) printLine(output, severity, `${message} (${source})`);
}

function lintText(verdict: Verdict, statements: readonly Verdict[]): string {
  const isReadable = !('failure' in verdict) || !unreadable.has(verdict.failure.code);
  return isReadable ? countsText(statements.flatMap(({ findings }) => findings)) : 'not applied to what cannot be read';
}

const unreadable: ReadonlySet<string> = new Set(['malformed-response', 'unsupported-response-type']);

function printLine(output: Output, label: string, value: string): void {
  output.report(`  ${label.padEnd(12)} ${escapeText(shortened(value))}`);
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
  output.report(escapeText(`  statement    ${serial}: ${what}${until}`));
}

function nextUpdateText({ nextUpdate }: Statement, now: Date): string {
  if (nextUpdate === undefined) return 'none';
  const left = nextUpdate.getTime() - now.getTime();
  return `${formatTime(nextUpdate)} (${left < 0 ? `${formatDuration(left)} ago` : `in ${formatDuration(left)}`})`;
}
