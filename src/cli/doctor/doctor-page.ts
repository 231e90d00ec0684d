import { definedOnly } from '../../core/defined-only.js';
import type { AdviceStep, DoctorFinding, DoctorRecord, DoctorReport } from '../../pipeline/doctor/doctor-report.js';
import { refreshAdvice } from '../../pipeline/doctor/refresh-advice.js';
import { page, type PageGroup, type PageNote, type PageRow, type PageWindow } from '../page/page.js';
import {
  commandLines,
  editWords,
  nothingFound,
  recordName,
  stapleTimes,
  stateWords,
  timeLeft,
} from './report-words.js';

/** Where and when a report was made. */
export interface DoctorPageOptions {
  /** The name of this host. */
  readonly host: string;
  readonly now: Date;
  /** Who wrote it: `restaple` and its version. */
  readonly program: string;
}

/** The page of `doctor --html`: by server, the gravest certificate first. */
export function doctorPage(report: DoctorReport, { host, now, program }: DoctorPageOptions): Generator<string> {
  const { certificates } = report;
  const found = certificates.length === 0 ? [{ text: nothingFound(report) }] : [];
  const advice = refreshAdvice(report);
  const refresh = advice.length === 0 ? [] : stepNotes('To have staples refreshed:', advice);
  const others = report.remarks.map(({ message, hint }) => ({
    text: hint === undefined ? message : `${message}; ${hint}`,
  }));
  const remarks = [...found, ...refresh, ...others];
  return page({ title: `OCSP staples of ${host}`, now, program, remarks, groups: groupsOf(certificates, now) });
}

/** The records come with the gravest first, and so do the servers. */
function groupsOf(records: readonly DoctorRecord[], now: Date): PageGroup[] {
  const groups = new Map<string, PageRow[]>();
  const advice = adviceFor(records);
  for (const record of records) {
    const { server, pid, configuration } = record;
    const process = pid === undefined ? undefined : `process ${pid}`;
    const title = [server, process, configuration].filter((part) => part !== undefined).join(', ');
    const rows = groups.get(title) ?? [];
    groups.set(title, rows);
    rows.push(rowOf(record, advice, now));
  }
  return [...groups].map(([title, rows]) => ({ title, rows }));
}

function rowOf(record: DoctorRecord, advice: AdviceNotes, now: Date): PageRow {
  const { state, reason, findings } = record;
  // The first finding decides the state, where one does, and begins with the reason.
  const said = findings[0]?.message.startsWith(reason) === true ? [] : [{ text: reason }];
  return {
    ...definedOnly({ window: windowOf(record) }),
    state: stateWords(state),
    grade: gradeOf(record),
    name: recordName(record),
    left: timeLeft(record, now),
    notes: [...said, ...findings.flatMap((finding) => advice(finding, record.server))],
  };
}

function gradeOf({ state, findings }: DoctorRecord): PageRow['grade'] {
  if (state === 'needs-nothing') return 'quiet';
  if (state !== 'fine' && state !== 'unrefreshed') return 'bad';
  return findings.some(({ severity }) => severity !== 'info') ? 'soon' : 'good';
}

function windowOf(record: DoctorRecord): PageWindow | undefined {
  const { thisUpdate, validUntil, nextRefresh, alertFrom } = stapleTimes(record);
  if (thisUpdate === undefined || validUntil === undefined) return undefined;
  return definedOnly({ start: thisUpdate, end: validUntil, due: nextRefresh, alert: alertFrom });
}

type AdviceNotes = (finding: DoctorFinding, server: string) => PageNote[];

/** A page is still to be opened, and sent by mail, where thousands need something. */
const mostOctets = 950_000;
/** Of a row without its name and what is said. */
const octetsOfRow = 260;

/** The advice as far as the page has room for it: those that come first, the gravest, have it. */
function adviceFor(records: readonly DoctorRecord[]): AdviceNotes {
  const octetsOf = (record: DoctorRecord): number =>
    record.findings.reduce((sum, { message }) => sum + message.length, octetsOfRow + recordName(record).length);
  let room = records.reduce((left, record) => left - octetsOf(record), mostOctets);
  return ({ severity, message, advice }, server) => {
    const text = severity === 'error' ? message : `${severity}: ${message}`;
    const notes = stepNotes(text, advice);
    if (advice.length === 0) return notes;
    room -= JSON.stringify(notes).length;
    return room > 0 ? notes : [{ text }, { text: `what to do: restaple doctor ${server}` }];
  };
}

/** The column for what to do has room for so much on most screens. */
const commandWidth = 52;

/** The text with what to do: commands that follow one another can be pasted at once, an edit stands by itself. */
function stepNotes(text: string, steps: readonly AdviceStep[]): PageNote[] {
  let commands: string[] | undefined = [];
  const notes: PageNote[] = [{ text, lines: commands }];
  for (const step of steps) {
    if (step.do === 'edit') {
      notes.push({ text: editWords(step), lines: step.text.split('\n').filter(Boolean) });
      commands = undefined;
    } else if (commands === undefined) {
      commands = commandLines(step.command, commandWidth);
      notes.push({ text: 'then', lines: commands });
    } else commands.push(...commandLines(step.command, commandWidth));
  }
  return notes;
}
