import { DerReader, Tag } from './der/der.js';
import { derElement } from './der/der-writer.js';
import { unlessMalformed } from './der/malformed.js';

/** ISO 8601 in UTC, to the second: `2026-03-01T12:00:00Z`. */
export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, -5)}Z`;
}

/** A length of time for people, in its two largest units: `3d 4h`, `59m 30s`; `0s` for less than a second. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return '0s';
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ');
}

/** A time as ASN.1 writes it, `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5); undefined when it is none. */
export function parseAsn1Time(text: string): Date | undefined {
  const contents = Buffer.from(text, 'latin1');
  const tag = contents.length === 13 ? Tag.utcTime : Tag.generalizedTime;
  return unlessMalformed(() => new DerReader(derElement(tag, contents)).time('time'));
}
