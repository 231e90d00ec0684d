import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { shownPath } from '../../core/file-path.js';
import { placeText } from '../../pipeline/doctor/advice.js';
import type { DoctorRecord, DoctorReport } from '../../pipeline/doctor/doctor-report.js';
import { shellWord } from '../../system/shell-words.js';
import { escapeText, toJsonLine } from '../render/escape-text.js';

/** A source of the file: one certificate, its staple, and who is told. */
interface Source {
  readonly path: string;
  /** Absent where the staple is beside the certificate. */
  readonly out: string | undefined;
  readonly reload: Set<string>;
  readonly confirm: Set<string>;
  readonly comments: string[];
}

/** The text of a configuration for what doctor found, with a comment at each source. */
export function initialConfiguration({ certificates }: DoctorReport): string {
  const sources = new Map<string, Source>();
  const leftOut: string[] = [];
  for (const record of certificates) {
    const obstacle = obstacleOf(record);
    if (obstacle !== undefined) leftOut.push(`${nameOf(record)}: ${obstacle}`);
    else addSource(record, sources, leftOut);
  }
  return [
    '# What restaple fetch does on this host; made by: restaple config init',
    '# Check it with: restaple config check',
    sources.size === 0 ? 'certificates: []' : 'certificates:',
    ...[...sources.values()].flatMap(sourceLines),
    ...keyFileLines(certificates),
    ...(leftOut.length === 0 ? [] : ['', '# Left out:', ...leftOut.map((line) => `# - ${escapeText(line)}`)]),
    '',
  ].join('\n');
}

/** Why nothing is fetched for a certificate. */
function obstacleOf(record: DoctorRecord): string | undefined {
  const { certificate, state, reason, facts, staple, ownFetching, stranger } = record;
  if (stranger !== undefined) return `others than root can change its configuration: ${stranger}`;
  if (certificate === undefined) return 'nobody knows the configuration of its server';
  if (facts === undefined || state === 'needs-nothing') return reason;
  if (facts.ocspUris.length === 0) return 'it names no responder, so its staple is not fetched';
  if (ownFetching !== undefined && state === 'fine') return `its server fetches it: ${ownFetching.setting}`;
  if (ownFetching !== undefined && staple === undefined) return `its server is to fetch it: ${ownFetching.setting}`;
  return record.stapleFile === undefined ? 'doctor knows no file from which its server takes a staple' : undefined;
}

function addSource(record: DoctorRecord, sources: Map<string, Source>, leftOut: string[]): void {
  const path = shownPath(record.certificate ?? '');
  const staple = record.stapleFile ?? `${path}.ocsp`;
  const out = staple === `${path}.ocsp` ? undefined : staple;
  const known = sources.get(path);
  if (out !== undefined && /[{}]/.test(out)) {
    leftOut.push(`${nameOf(record)}: the name of its staple has braces, which stand for a template: ${out}`);
  } else if (out !== undefined && !existsSync(dirname(out))) {
    leftOut.push(
      `${nameOf(record)}: the folder of its staple is missing: mkdir -p ${shellWord(dirname(out))}, then have ${record.server} read ${out}`,
    );
  } else if (known !== undefined && known.out !== out) {
    leftOut.push(
      `${nameOf(record)}: its staple is ${known.out ?? `${path}.ocsp`} already; have ${record.server} read that file`,
    );
  } else {
    const source = known ?? { path, out, reload: new Set(), confirm: new Set(), comments: [] };
    sources.set(path, source);
    source.comments.push(commentOf(record), ...rivalsOf(record));
    if (record.target !== undefined) source.reload.add(record.target);
    for (const { place } of record.handshakes) if (place.starttls === undefined) source.confirm.add(placeText(place));
  }
}

/** The file has one key for all: that of the first dnsdist. */
function keyFileLines(records: readonly DoctorRecord[]): string[] {
  const file = records.find(({ keyFile }) => keyFile !== undefined)?.keyFile;
  return file === undefined ? [] : [`dnsdist-key-file: ${quoted(file)}`];
}

function commentOf({ server, position, configuration, state }: DoctorRecord): string {
  const where = position === undefined ? (configuration ?? '') : `${position.file}, line ${position.line}`;
  return `${server}, ${where}: ${state.replaceAll('-', ' ')} when this was made`;
}

/** Other tools that refresh the same staple. */
function rivalsOf({ refreshedBy }: DoctorRecord): string[] {
  return refreshedBy
    .filter(({ by, isAtRenewalOnly }) => by !== 'restaple' && isAtRenewalOnly !== true)
    .map(({ by, where }) => `${by} (${where}) refreshes it too: keep one of the two`);
}

function nameOf({ certificate, server, facts }: DoctorRecord): string {
  return certificate === undefined ? `${server} ${facts?.subject ?? ''}` : `${shownPath(certificate)} (${server})`;
}

function sourceLines({ path, out, reload, confirm, comments }: Source): string[] {
  return [
    ...comments.map((line) => `  # ${escapeText(line)}`),
    `  - path: ${quoted(path)}`,
    ...(out === undefined ? [] : [`    out: ${quoted(out)}`]),
    ...(reload.size === 0 ? [] : [`    reload: ${listOf(reload)}`]),
    ...(confirm.size === 0 ? [] : [`    confirm: ${listOf(confirm)}`]),
  ];
}

function listOf(texts: Iterable<string>): string {
  return `[${[...texts].map(quoted).join(', ')}]`;
}

/** YAML takes the strings of JSON (YAML 1.2, 1.3), and a terminal must not take what is in them; plain words need no quotes. */
function quoted(text: string): string {
  return /^[/\w][\w./-]*$/.test(text) ? text : toJsonLine(text);
}
