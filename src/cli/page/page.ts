import { createHash } from 'node:crypto';

import { formatTime } from '../../core/time.js';
import { beginningOfPages } from '../../store/written-kind.js';
import { markup, Markup } from './markup.js';
import { script, style } from './look.js';

/** From when to when a staple can be used, with the instants that its bar marks. */
export interface PageWindow {
  readonly start: Date;
  readonly end: Date;
  readonly due?: Date;
  /** From when a failed refresh is reported. */
  readonly alert?: Date;
}

/** Something to say. */
export interface PageNote {
  readonly text: string;
  /** What to do about it: lines to paste. */
  readonly lines?: readonly string[];
}

/** One certificate. All text may come from anywhere. */
export interface PageRow {
  readonly state: string;
  /** How its state is coloured. */
  readonly grade: 'bad' | 'soon' | 'good' | 'quiet';
  readonly name: string;
  /** How long the staple still lasts. */
  readonly left: string;
  readonly window?: PageWindow;
  readonly notes: readonly PageNote[];
}

/** Rows under one heading. */
export interface PageGroup {
  readonly title: string;
  readonly rows: readonly PageRow[];
}

/** What a page shows, in this order. */
export interface PageContents {
  readonly title: string;
  readonly now: Date;
  /** Who wrote it: `restaple` and its version. */
  readonly program: string;
  /** What belongs to no row. */
  readonly remarks: readonly PageNote[];
  readonly groups: readonly PageGroup[];
}

/** A page that needs no other file and no network, piece by piece. */
export function* page({ title, now, program, remarks, groups }: PageContents): Generator<string> {
  const rows = groups.flatMap((group) => group.rows);
  yield `${beginningOfPages}\n`;
  yield markup`<html lang="en">
<meta charset="utf-8">
<meta name="generator" content="${program}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<title>${title}</title>
<style>${ours(style)}</style>
<main>
<h1>${title}</h1>
<p class="soft">As of <time datetime="${formatTime(now)}">${shownTime(now)}</time>, by ${program}. Times are in UTC.</p>
${remarks.length === 0 ? '' : markup`<ul class="remarks">${remarks.map((one) => markup`<li>${noteOf(one)}`)}</ul>`}
${rows.length === 0 ? '' : [filterForm(rows), legend]}
`.text;
  for (const group of groups) yield* section(group, now);
  yield markup`</main>
<script>${ours(script)}</script>
</html>
`.text;
}

/** Nothing is loaded, and no script runs but this one, whatever a name holds. The places of bars are attributes. */
const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src 'sha256-${sha256(script)}'`,
  `style-src-elem 'sha256-${sha256(style)}'`,
  "style-src-attr 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
].join(';');

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

/** Style and script, which hold nothing from outside. */
function ours(text: string): Markup {
  return new Markup(text);
}

const legend = markup`<p class="legend">
<span><i role="img" aria-label="Example of a bar" style="--n:40;--d:55;--a:75"></i>the time in which a staple can be used</span>
<span>filled part: has passed; wide line: now; thin line: due</span>
<span>coloured end: a failed refresh is reported</span>
</p>`;

/** Hidden until the script runs: without it the filter would do nothing. */
function filterForm(rows: readonly PageRow[]): Markup {
  const counts = new Map<string, number>();
  for (const { state } of rows.toSorted(byGrade)) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = [...counts].map(
    ([state, count]) =>
      markup`<label><input type="checkbox" name="state" value="${state}" checked> ${state} (${count})</label>`,
  );
  return markup`<form hidden>
<label>Filter <input type="search" name="text" autocomplete="off"></label>
<fieldset><legend>States</legend>${states}</fieldset>
<output role="status"></output>
</form>`;
}

/** The gravest first, as they are in each group. */
function byGrade(one: PageRow, other: PageRow): number {
  const grades = ['bad', 'soon', 'good', 'quiet'];
  return grades.indexOf(one.grade) - grades.indexOf(other.grade);
}

/** End tags that HTML lets one leave out are left out: a page of thousands of rows stays small. */
function* section({ title, rows }: PageGroup, now: Date): Generator<string> {
  yield markup`<section>
<h2>${title}</h2>
<div class="table" role="region" aria-label="${title}" tabindex="0"><table>
<thead><tr><th scope="col">State<th scope="col">Left<th scope="col">Window<th scope="col">Certificate<th scope="col">What to know</thead>
<tbody>
`.text;
  for (const row of rows) yield rowOf(row, now).text;
  yield '</tbody></table></div>\n</section>\n';
}

function rowOf({ state, grade, left, window, name, notes }: PageRow, now: Date): Markup {
  const bar = window === undefined ? '' : barOf(window, now);
  return markup`<tr class="${grade}"><td>${state}<td>${left}<td>${bar}<th scope="row">${breakable(name)}<td>${notes.map(noteOf)}
`;
}

function noteOf({ text, lines = [] }: PageNote): Markup {
  const own = lines.map((line, index) => markup`${index === 0 ? '' : ours('\n')}${line}`);
  return markup`<p>${text}${own.length === 0 ? '' : markup`<pre>${own}</pre>`}`;
}

/** A path may be broken after a slash. */
function breakable(name: string): readonly Markup[] {
  return name.split(/(?<=\/)/).map((part, index) => markup`${index === 0 ? '' : ours('<wbr>')}${part}`);
}

function barOf({ start, end, due, alert }: PageWindow, now: Date): Markup {
  const length = end.getTime() - start.getTime();
  // A mark that is not there lies where the end of the bar is.
  const place = (time: Date | undefined): number => {
    const part = time === undefined || length <= 0 ? 1 : (time.getTime() - start.getTime()) / length;
    return Math.round(Math.min(1, Math.max(0, part)) * 1000) / 10;
  };
  const times = [`from ${shownTime(start)}`, `to ${shownTime(end)}`];
  if (due !== undefined) times.push(`due ${shownTime(due)}`);
  if (alert !== undefined) times.push(`alert ${shownTime(alert)}`);
  const label = times.join(', ');
  return markup`<i role="img" aria-label="${label}" style="--n:${place(now)};--d:${place(due)};--a:${place(alert)}"></i>`;
}

/** To the minute, which is what a person reads. */
function shownTime(time: Date): string {
  return formatTime(time).slice(0, 16).replace('T', ' ');
}
