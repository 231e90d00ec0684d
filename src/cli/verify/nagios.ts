import { formatDuration, formatTime } from '../../core/time.js';
import { atMost } from '../../pipeline/certificate-life.js';
import { pathLabel } from '../../pipeline/fleet/path-label.js';
import { stapleStates, type StapleState } from '../../pipeline/fetch/staple-state.js';
import type { Trouble } from '../../pipeline/trouble.js';
import { pluginStates } from '../exit/exit-code.js';
import { escapeText } from '../render/escape-text.js';
import { byUrgency, inOneLine, timeLeft, type FleetMember } from './fleet.js';

type PluginState = keyof typeof pluginStates;

/** The worst first; what is known to be bad goes before what is not known. */
const byGravity: readonly PluginState[] = ['CRITICAL', 'WARNING', 'UNKNOWN', 'OK'];

/** What a check is about, in its words. */
export interface PluginSubject {
  readonly noun: string;
  /** The next step where it ends soon. */
  readonly advice: string;
  readonly command: string;
}

/** Responses that lie on disk or that a server sends. */
export const ofStaples: PluginSubject = {
  noun: 'staple',
  advice: 'find out why restaple fetch does not renew it',
  command: 'restaple verify',
};

export interface PluginLimits {
  readonly now: Date;
  readonly subject: PluginSubject;
  /** In milliseconds: a staple that ends sooner is a warning, or critical. */
  readonly warnMilliseconds: number;
  readonly criticalMilliseconds: number;
  /** The same for the end of the certificate itself, at most a third and a tenth of its life. */
  readonly ofCertificate: { readonly warnMilliseconds: number; readonly criticalMilliseconds: number };
}

export interface PluginResult {
  readonly exitCode: (typeof pluginStates)[PluginState];
  /** The status line with the performance data, then a line for each certificate with trouble. */
  readonly lines: readonly string[];
}

/** Monitoring systems cut what is longer than some kilobytes: so many certificates have figures, or lines of their own. */
const mostFigures = 50;
const mostLines = 20;
const mostNames = 3;

/** What --nagios says of these certificates; `unheard`: named sources that were for none of them. */
export function checkFleet(
  members: readonly FleetMember[],
  limits: PluginLimits,
  unheard: readonly Trouble[] = [],
): PluginResult {
  const sorted = [...members].sort(byUrgency(limits.now));
  const judged = sorted.map((member) => ({ member, ...judge(member, limits) }));
  const states = [...judged.map(({ state }) => state), ...unheard.map(() => 'UNKNOWN' as const)];
  const worst = byGravity.find((state) => states.includes(state)) ?? 'UNKNOWN';
  const apart = unheard.length === 0 ? '' : `${unheard.length} unusable CRL, `;
  const troubled = judged.filter(({ state }) => state !== 'OK');
  const figures = [...counts(members), ...remainingTimes(members, limits)];
  const more = troubled.length - mostLines;
  return {
    exitCode: pluginStates[worst],
    lines: [
      `OCSP ${worst} - ${apart}${clean(headline(judged, limits))} | ${figures.join(' ')}`,
      ...troubled
        .slice(0, mostLines)
        .map(({ state, member, why }) => clean(`${state} ${pathLabel(member.path)}: ${why}`)),
      ...unheard.map((trouble) => clean(`UNKNOWN ${inOneLine(trouble)}`)),
      ...(more > 0 ? [`and ${more} more: ${limits.subject.command} lists them all`] : []),
    ],
  };
}

/** What --nagios says when it could not check at all. */
export function failedCheck(message: string, hint: string): PluginResult {
  const lines = [`OCSP UNKNOWN - ${clean(message)}`, ...(hint === '' ? [] : [clean(`hint: ${hint}`)])];
  return { exitCode: pluginStates.UNKNOWN, lines };
}

interface Judged {
  readonly state: PluginState;
  /** A group of the headline: `revoked`, `missing`, `below 6h`. */
  readonly group: string;
  readonly why: string;
}

/** Staple and certificate, the worse of the two first. */
function judge(member: FleetMember, limits: PluginLimits): Judged {
  const ofStaple = judgeStaple(member, limits);
  const ofCertificate = judgeCertificate(member, limits);
  if (ofCertificate === undefined) return ofStaple;
  if (ofStaple.state === 'OK') return ofCertificate;
  const isWorse = byGravity.indexOf(ofCertificate.state) < byGravity.indexOf(ofStaple.state);
  const [first, second] = isWorse ? [ofCertificate, ofStaple] : [ofStaple, ofCertificate];
  return { ...first, why: `${first.why}; ${second.why}` };
}

/** Undefined where nothing is wrong with it, or it could not be read. */
function judgeCertificate({ life }: FleetMember, { now, ofCertificate }: PluginLimits): Judged | undefined {
  if (life === undefined) return undefined;
  const left = life.notAfter.getTime() - now.getTime();
  const end = formatTime(life.notAfter);
  if (left < 0) {
    return { state: 'CRITICAL', group: 'certificate expired', why: `the certificate expired at ${end}; renew it` };
  }
  const { warnMilliseconds: warn, criticalMilliseconds: critical } = ofCertificate;
  const limits = [
    ['CRITICAL', atMost(critical, life, 10)],
    ['WARNING', atMost(warn, life, 3)],
  ] as const;
  const found = limits.find(([, milliseconds]) => left < milliseconds);
  if (found === undefined) return undefined;
  const [state, limit] = found;
  const why = `the certificate expires at ${end}, in ${formatDuration(left)}; renew it`;
  return { state, group: `certificate below ${formatDuration(limit)}`, why };
}

/** With two sources asked for, one is not enough; a worse state stays worse. */
function judgeStaple(member: FleetMember, limits: PluginLimits): Judged {
  const judged = judgeState(member, limits);
  const { unheard } = member;
  if (unheard === undefined || judged.state !== 'OK') return judged;
  return { state: 'UNKNOWN', group: 'unjudged', why: inOneLine(unheard) };
}

function judgeState(member: FleetMember, limits: PluginLimits): Judged {
  const { state, trouble, objection } = member;
  if (state === 'good') return judgeTimeLeft(member, limits);
  if (state === 'no-responder') return { state: 'OK', group: 'without responder', why: '' };
  const why = objection ?? (trouble === undefined ? state : inOneLine(trouble));
  if (member.isUnreachable === true) return { state: 'CRITICAL', group: 'unreachable', why };
  return { state: state === 'unjudged' ? 'UNKNOWN' : 'CRITICAL', group: state, why };
}

function judgeTimeLeft(member: FleetMember, limits: PluginLimits): Judged {
  const { now, subject, warnMilliseconds, criticalMilliseconds } = limits;
  const left = timeLeft(member, now);
  if (left === undefined) {
    return {
      state: 'WARNING',
      group: 'without nextUpdate',
      why: `the ${subject.noun} has no nextUpdate: servers refuse it`,
    };
  }
  const below = (state: PluginState, limit: number): Judged => ({
    state,
    group: `below ${formatDuration(limit)}`,
    why: `the ${subject.noun} ${endsIn(left)}; ${subject.advice}`,
  });
  if (left < criticalMilliseconds) return below('CRITICAL', criticalMilliseconds);
  if (left < warnMilliseconds) return below('WARNING', warnMilliseconds);
  return { state: 'OK', group: 'good', why: '' };
}

function endsIn(left: number): string {
  return left < 0 ? `ended ${formatDuration(left)} ago` : `ends in ${formatDuration(left)}`;
}

function headline(
  judged: readonly (Judged & { readonly member: FleetMember })[],
  { now, subject: { noun } }: PluginLimits,
): string {
  const groups = new Map<string, { readonly state: PluginState; readonly names: string[] }>();
  for (const { state, group, member } of judged) {
    const found = groups.get(group) ?? { state, names: [] };
    groups.set(group, found);
    found.names.push(pathLabel(member.path));
  }
  const ordered = [...groups].sort(([, a], [, b]) => byGravity.indexOf(a.state) - byGravity.indexOf(b.state));
  const parts = ordered.map(([group, { state, names }]) => {
    const count =
      group === 'good' ? `${names.length} ${names.length === 1 ? noun : `${noun}s`} good` : `${names.length} ${group}`;
    const more = names.length > mostNames ? ', …' : '';
    return state === 'OK' ? count : `${count} (${names.slice(0, mostNames).join(', ')}${more})`;
  });
  const ends = judged.flatMap(({ member }) => (member.state === 'good' ? (timeLeft(member, now) ?? []) : []));
  const next = ends.length === 0 ? [] : [`next ${endsIn(ends.reduce((a, b) => Math.min(a, b)))}`];
  return [...parts, ...next].join(', ');
}

/** Counts by state; those that are always trouble with the range that alerts above zero. */
function counts(members: readonly FleetMember[]): string[] {
  const count = (state: StapleState): number => members.filter((member) => member.state === state).length;
  const total = `certificates=${members.length};;;0`;
  return [
    total,
    ...stapleStates.map((state) => `${state}=${count(state)};;${notAlwaysTrouble.includes(state) ? '' : '0'};0`),
  ];
}

const notAlwaysTrouble: readonly StapleState[] = ['good', 'no-responder', 'unjudged'];

/** Seconds left by certificate, alerting below the limits (`N:`); the nearest to their end where there are many. */
function remainingTimes(members: readonly FleetMember[], limits: PluginLimits): string[] {
  const { now, warnMilliseconds, criticalMilliseconds } = limits;
  const range = (milliseconds: number): string => `${Math.floor(milliseconds / 1000)}:`;
  const used = new Set<string>();
  return members
    .flatMap((member) => {
      const left = timeLeft(member, now);
      return left === undefined ? [] : [{ member, left }];
    })
    .sort((a, b) => a.left - b.left || byUrgency(now)(a.member, b.member))
    .slice(0, mostFigures)
    .map(({ member, left }) => {
      const label = figureLabel(member, used);
      return `'${label}'=${Math.floor(left / 1000)}s;${range(warnMilliseconds)};${range(criticalMilliseconds)}`;
    });
}

/** Labels know neither `=` nor, in most readers, a quote; a label that stands twice would hide a figure. */
function figureLabel({ path }: FleetMember, used: Set<string>): string {
  const plain = clean(pathLabel(path)).replace(/['=]/g, '_');
  let label = plain;
  for (let copy = 2; used.has(label); copy += 1) label = `${plain}#${copy}`;
  used.add(label);
  return label;
}

/** One line without the bar that begins the performance data. */
function clean(text: string): string {
  return escapeText(text).replaceAll('|', '/');
}
