import type { AdviceStep, DoctorRecord, DoctorReport, DoctorState } from '../../pipeline/doctor/doctor-report.js';
import { refreshAdvice } from '../../pipeline/doctor/refresh-advice.js';
import { wrap } from '../help/wrap.js';
import type { Output } from '../output.js';
import { cutToWidth, displayWidth, padToWidth } from '../render/display-width.js';
import { escapeText } from '../render/escape-text.js';
import type { Paint } from '../render/paint.js';
import { commandLines, editWords, nothingFound, recordName, stateWords, timeLeft } from './report-words.js';

/** Where stdout is not a terminal, so wide. */
const usualWidth = 80;
/** From here on the table has room for the reason. */
const wideFrom = 120;

/** The report for people: a line for each certificate, then what to do. */
export function tellReport(report: DoctorReport, output: Output, now: Date): void {
  const width = output.stdoutColumns ?? usualWidth;
  for (const line of reportLines(report, { width, now, paint: output.stdout })) output.report(line);
}

interface ReportOptions {
  readonly width: number;
  readonly now: Date;
  readonly paint: Paint;
}

/** Lines of at most this width, but for words and commands that cannot be broken. */
export function reportLines(report: DoctorReport, options: ReportOptions): string[] {
  const { certificates } = report;
  const remarks = remarkLines(report, options);
  if (certificates.length === 0) {
    return [nothingFound(report), ...remarks];
  }
  const advised = certificates.filter(({ findings }) => findings.length > 0);
  const host = refreshAdvice(report);
  return [
    ...table(certificates, options),
    ...advised.flatMap((record, index) => findingLines(record, index + 1, options)),
    ...(host.length === 0
      ? []
      : ['', options.paint.bold('To have staples refreshed:'), ...host.flatMap((step) => stepLines(step, options))]),
    ...remarks,
  ];
}

const gap = '  ';

function table(records: readonly DoctorRecord[], { width, now, paint }: ReportOptions): string[] {
  const rows = records.map((record) => ({
    record,
    cells: [stateWords(record.state), timeLeft(record, now), escapeText(record.server)],
    name: escapeText(recordName(record)),
  }));
  const titles = ['STATE', 'LEFT', 'SERVER'];
  const widths = titles.map((title, column) =>
    rows.reduce((widest, { cells }) => Math.max(widest, displayWidth(cells[column] ?? '')), title.length),
  );
  const fixed = widths.reduce((sum, one) => sum + one + gap.length, 0);
  const room = Math.max(16, width - fixed);
  const widest = rows.reduce((most, { name }) => Math.max(most, displayWidth(name)), 'CERTIFICATE'.length);
  const nameWidth = width >= wideFrom ? Math.min(widest, Math.floor(room / 2)) : Math.min(widest, room);
  const reasonWidth = width >= wideFrom ? room - nameWidth - gap.length : 0;
  const line = (cells: readonly string[], name: string, reason: string): [string, string] => [
    cells.map((cell, column) => padToWidth(cell, widths[column] ?? 0) + gap).join(''),
    reasonWidth > 0
      ? `${padToWidth(cutToWidth(name, nameWidth), nameWidth)}${gap}${cutToEnd(reason, reasonWidth)}`.trimEnd()
      : cutToWidth(name, nameWidth),
  ];
  const [front, back] = line(titles, 'CERTIFICATE', 'REASON');
  return [
    paint.dim(front + back),
    ...rows.map(({ record, cells, name }) => {
      const [start, end] = line(cells, name, escapeText(record.reason));
      return inColour(start, record.state, paint) + end;
    }),
  ];
}

/** Of a sentence the beginning tells most. */
function cutToEnd(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const characters = Array.from(text);
  while (displayWidth(characters.join('')) > width - 1) characters.pop();
  return `${characters.join('')}…`;
}

function inColour(text: string, state: DoctorState, paint: Paint): string {
  if (state === 'fine') return paint.green(text);
  if (state === 'needs-nothing') return paint.dim(text);
  return state === 'unrefreshed' ? paint.yellow(text) : paint.red(text);
}

function findingLines(record: DoctorRecord, number: number, options: ReportOptions): string[] {
  const { width, paint } = options;
  const title = `${escapeText(recordName(record))} (${escapeText(record.server)}): ${stateWords(record.state)}`;
  return [
    '',
    ...hanging(`${number}. `, title, width).map((line) => paint.bold(line)),
    ...record.findings.flatMap(({ severity, message, advice }) => [
      ...indented(`${severity === 'error' ? '' : `${severity}: `}${escapeText(message)}`, 3, width),
      ...advice.flatMap((step) => stepLines(step, options)),
    ]),
  ];
}

function stepLines(step: AdviceStep, { width, paint }: ReportOptions): string[] {
  const indent = '     ';
  if (step.do === 'run') return commandLines(step.command, width - indent.length).map((line) => indent + line);
  const comment = wrap(escapeText(editWords(step)), width - indent.length - 2);
  return [
    ...comment.map((line) => indent + paint.dim(`# ${line}`)),
    ...step.text
      .split('\n')
      .filter(Boolean)
      .map((line) => indent + paint.dim(`#   ${escapeText(line)}`)),
  ];
}

function remarkLines({ remarks }: DoctorReport, { width, paint }: ReportOptions): string[] {
  if (remarks.length === 0) return [];
  const lines = remarks.flatMap(({ message, hint }) => [
    ...hanging('  - ', escapeText(message), width),
    ...(hint === undefined ? [] : indented(`hint: ${escapeText(hint)}`, 4, width)),
  ]);
  return ['', paint.bold('What was not seen, and other remarks:'), ...lines];
}

function indented(text: string, columns: number, width: number): string[] {
  return hanging(' '.repeat(columns), text, width);
}

/** The first line after this lead, the others below it. */
function hanging(lead: string, text: string, width: number): string[] {
  return wrap(text, width - lead.length).map((line, index) => (index === 0 ? lead : ' '.repeat(lead.length)) + line);
}
