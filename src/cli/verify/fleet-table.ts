import { pathLabel } from '../../pipeline/fleet/path-label.js';
import { formatDuration } from '../../core/time.js';
import { cutToWidth, displayWidth, padToWidth } from '../render/display-width.js';
import { byUrgency, timeLeft, type FleetMember } from './fleet.js';
import type { Paint } from '../render/paint.js';

export interface TableOptions {
  readonly now: Date;
  /** Columns of the terminal. */
  readonly width: number;
  readonly paint: Paint;
}

const stateWidth = 'no-responder'.length;
const leftWidth = '-364d 23h'.length;
const widestBar = 20;
const narrowestBar = 6;
const gap = 2;
/** Below this width a name is useless, and the bar is left out. */
const narrowestName = 24;

/**
 * The fleet as lines of at most the given width: state, time left, a bar of the staple's window, certificate and failure
 * code; what is most urgent at the top. In the bar `=` has passed, `>` is now and `|` the time of the next refresh.
 */
export function fleetTable(members: readonly FleetMember[], options: TableOptions): string[] {
  const layout = layoutFor(members, options.width);
  const { paint, now } = options;
  const header =
    front('STATE', 'LEFT', 'WINDOW', layout) + back('CERTIFICATE', layout.code > 0 ? 'FAILURE' : '', layout);
  return [paint.dim(header), ...[...members].sort(byUrgency(now)).map((member) => memberRow(member, layout, options))];
}

interface Layout {
  /** 0: there is no room for a bar. */
  readonly bar: number;
  readonly name: number;
  /** 0: nothing failed. */
  readonly code: number;
}

function layoutFor(members: readonly FleetMember[], width: number): Layout {
  const widest = (texts: readonly string[]): number =>
    texts.reduce((most, text) => Math.max(most, displayWidth(text)), 0);
  const codes = widest(members.map(codeOf));
  const code = codes === 0 ? 0 : Math.max(codes, 'FAILURE'.length);
  const fixed = stateWidth + gap + leftWidth + gap + (code === 0 ? 0 : gap + code);
  const room = Math.max(narrowestName, width - fixed);
  const names = Math.max('CERTIFICATE'.length, widest(members.map(({ path }) => pathLabel(path))));
  const bar = Math.min(widestBar, room - gap - Math.min(names, Math.max(narrowestName, Math.floor(room / 2))));
  if (bar < narrowestBar) return { bar: 0, name: Math.min(names, room), code };
  return { bar, name: Math.min(names, room - gap - bar), code };
}

function memberRow(member: FleetMember, layout: Layout, { now, paint }: TableOptions): string {
  const left = timeLeft(member, now);
  const time = left === undefined ? '-' : `${left < 0 ? '-' : ''}${formatDuration(left)}`;
  const bar = layout.bar === 0 ? '' : windowBar(member, now, layout.bar);
  const painted = inColour(front(member.state, time, bar, layout), member, now, paint);
  return painted + back(cutToWidth(pathLabel(member.path), layout.name), codeOf(member), layout);
}

/** The columns that are coloured, with the gap after them. */
function front(state: string, left: string, bar: string, layout: Layout): string {
  const cells = [padToWidth(state, stateWidth), padToWidth(left, leftWidth)];
  if (layout.bar > 0) cells.push(padToWidth(cutToWidth(bar, layout.bar), layout.bar));
  return cells.map((cell) => cell + ' '.repeat(gap)).join('');
}

/** The columns from outside, in the terminal's own colour. */
function back(name: string, code: string, layout: Layout): string {
  return code === '' ? name : padToWidth(name, layout.name + gap) + code;
}

function inColour(text: string, { state, nextRefresh }: FleetMember, now: Date, paint: Paint): string {
  if (state === 'no-responder') return paint.dim(text);
  if (state !== 'good') return paint.red(text);
  return nextRefresh !== undefined && nextRefresh <= now ? paint.yellow(text) : paint.green(text);
}

function codeOf({ trouble, state, unheard }: FleetMember): string {
  const own = state === 'no-responder' ? undefined : trouble;
  return (own ?? unheard)?.code ?? '';
}

/** `[====>---|--]`: how much of the window has passed, and where the refresh is due. Empty without a window. */
function windowBar({ thisUpdate, validUntil, nextRefresh }: FleetMember, now: Date, width: number): string {
  if (thisUpdate === undefined || validUntil === undefined) return '';
  const cells = width - 2;
  const length = validUntil.getTime() - thisUpdate.getTime();
  const place = (time: Date): number => {
    const fraction = length <= 0 ? 1 : (time.getTime() - thisUpdate.getTime()) / length;
    return Math.min(cells - 1, Math.max(0, Math.floor(fraction * cells)));
  };
  const current = place(now);
  const refresh = nextRefresh === undefined ? -1 : place(nextRefresh);
  const marks = Array.from({ length: cells }, (_, cell) => {
    if (cell === current) return '>';
    if (cell === refresh) return '|';
    return cell < current ? '=' : '-';
  });
  return `[${marks.join('')}]`;
}
