import { folderOf, shownPath } from '../../core/file-path.js';
import { formatDuration } from '../../core/time.js';
import { lifeFindings } from '../../pipeline/certificate-life.js';
import { definedOnly } from '../../core/defined-only.js';
import { page, type PageGroup, type PageRow } from '../page/page.js';
import { byUrgency, inOneLine, timeLeft, type FleetMember } from './fleet.js';

/** Of a page about a fleet. */
export interface FleetPage {
  readonly members: readonly FleetMember[];
  /** What belongs to no certificate. */
  readonly problems: readonly string[];
  readonly now: Date;
  /** Who wrote it: `restaple` and its version. */
  readonly program: string;
  /** The server for which all of them were judged. */
  readonly server?: string;
}

/** The page of `verify --html`: the most urgent certificate first, under the folder that holds it. */
export function fleetPage({ members, problems, now, program, server }: FleetPage): Generator<string> {
  const urgent = [...members].sort(byUrgency(now));
  const title = server === undefined ? 'OCSP staples' : `OCSP staples, as ${server} takes them`;
  return page({ title, now, program, remarks: problems.map((text) => ({ text })), groups: groupsOf(urgent, now) });
}

/** By folder; folders of one certificate each, as clients like certbot keep them, by the folder above. */
function groupsOf(members: readonly FleetMember[], now: Date): PageGroup[] {
  const folders = members.map(({ path }) => shownPath(folderOf(path)));
  const above = (folder: string): string => shownPath(folderOf(folder));
  const sizes = countsOf(folders);
  const lonely = countsOf(folders.filter((folder) => sizes.get(folder) === 1).map(above));
  const isOneOfMany = (folder: string): boolean => sizes.get(folder) === 1 && (lonely.get(above(folder)) ?? 0) > 1;
  const groups = new Map<string, PageRow[]>();
  members.forEach((member, index) => {
    const folder = folders[index] ?? '';
    const title = isOneOfMany(folder) ? above(folder) : folder;
    const rows = groups.get(title) ?? [];
    groups.set(title, rows);
    rows.push(rowOf(member, title, now));
  });
  return [...groups].map(([title, rows]) => ({ title, rows }));
}

function countsOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function rowOf(member: FleetMember, folder: string, now: Date): PageRow {
  const { path, state, thisUpdate, validUntil, nextRefresh, alertFrom } = member;
  const name = shownPath(path);
  const left = timeLeft(member, now);
  const window =
    thisUpdate === undefined || validUntil === undefined
      ? undefined
      : definedOnly({ start: thisUpdate, end: validUntil, due: nextRefresh, alert: alertFrom });
  return {
    ...definedOnly({ window }),
    state,
    grade: gradeOf(member, now),
    name: name.startsWith(`${folder}/`) ? name.slice(folder.length + 1) : name,
    left: left === undefined ? '-' : `${left < 0 ? '-' : ''}${formatDuration(left)}`,
    notes: notesOf(member, now).map((text) => ({ text })),
  };
}

function gradeOf({ state, nextRefresh, life }: FleetMember, now: Date): PageRow['grade'] {
  if (state === 'no-responder') return 'quiet';
  if (state !== 'good') return 'bad';
  const isDue = nextRefresh !== undefined && nextRefresh <= now;
  return isDue || (life !== undefined && lifeFindings(life, now).length > 0) ? 'soon' : 'good';
}

function notesOf({ objection, trouble, unheard, life, nextRefresh, state }: FleetMember, now: Date): string[] {
  const notes = objection === undefined ? [] : [objection];
  for (const one of [trouble, unheard]) if (one !== undefined) notes.push(inOneLine(one));
  if (state === 'good' && nextRefresh !== undefined && nextRefresh <= now)
    notes.push('due: fetch would refresh it now');
  for (const { message } of life === undefined ? [] : lifeFindings(life, now)) notes.push(message);
  return notes;
}
