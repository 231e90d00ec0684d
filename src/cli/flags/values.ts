import type { RefreshPolicy } from '../../core/schedule.js';

/** Flag values as people write them. Each parser returns undefined for what it does not understand. */

const unitMilliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `90s`, `5m`, `12h`, `3d` (and `250ms`) in milliseconds. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text.trim());
  const unit = unitMilliseconds[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}

/** ISO 8601 (a date without a time is midnight UTC, a time without a zone is UTC) or unix seconds. */
export function parseTime(text: string): Date | undefined {
  const trimmed = text.trim();
  if (/^\d{1,11}$/.test(trimmed)) return new Date(Number(trimmed) * 1000);
  const match = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:?\d{2})?)?$/.exec(trimmed);
  if (match === null) return undefined;
  // Date takes the 30th of February for the 2nd of March.
  const day = new Date(trimmed.slice(0, 10));
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(trimmed.slice(0, 10))) return undefined;
  const hasTime = trimmed.length > 10;
  const time = new Date(hasTime && match[1] === undefined ? `${trimmed}Z` : trimmed);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** `50%` as a fraction, or a duration in milliseconds. */
export function parseRefreshPolicy(text: string): RefreshPolicy | undefined {
  const percent = /^(\d{1,3})%$/.exec(text.trim());
  if (percent !== null) {
    const fraction = Number(percent[1]) / 100;
    return fraction <= 1 ? { fraction } : undefined;
  }
  const milliseconds = parseDuration(text);
  return milliseconds === undefined ? undefined : { beforeEndMilliseconds: milliseconds };
}

/** `20/s`, `100/m`, `500/h` as a number per second, above zero; a bare number is per second. */
export function parseRate(text: string): number | undefined {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)(?:\/(s|m|h))?$/.exec(text.trim());
  const perSecond = Number(match?.[1]) / ((unitMilliseconds[match?.[2] ?? 's'] ?? 1000) / 1000);
  return match === null || perSecond === 0 ? undefined : perSecond;
}

/** `K: V` as a pair. */
export function parseHeader(text: string): readonly [string, string] | undefined {
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}
