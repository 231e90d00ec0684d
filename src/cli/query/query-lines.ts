import { shortened } from '../../core/shortened.js';
import { formatTime } from '../../core/time.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import type { ResponderProbe } from '../../pipeline/query/probe-findings.js';
import type { QueryReport } from '../../pipeline/query/query-certificate.js';
import type { Trouble } from '../../pipeline/trouble.js';
import { padToWidth, displayWidth } from '../render/display-width.js';
import { escapeText } from '../render/escape-text.js';
import { errorRecord, responderRecord } from '../render/trouble.js';
import type { ReportAddition } from '../verify/verdict-lines.js';

/** A report with what the run did with it. */
export type ToldReport = QueryReport & {
  /** Where the response was kept. */
  readonly out?: FilePath;
  /** Why it could not be kept. */
  readonly outTrouble?: Trouble;
};

/** What a query adds to the report of a verification. */
export const queryAddition: ReportAddition = {
  fields: ({ out, outTrouble, probes }: ToldReport) => ({
    ...(out === undefined ? {} : { out: shownPath(out) }),
    ...(outTrouble === undefined ? {} : { error: errorRecord(outTrouble) }),
    ...(probes === undefined ? {} : { probes: probes.map(probeRecord) }),
  }),
  lines: ({ probes }: ToldReport) => (probes === undefined ? [] : probeTable(probes)),
};

function probeRecord({ url, method, hash, isNonceSent, exchange, verdict, trouble }: ResponderProbe) {
  const { statement, responder } = verdict ?? {};
  return {
    url,
    method,
    hash,
    nonceSent: isNonceSent,
    nonceEchoed: isNonceSent && statement !== undefined ? verdict?.nonce !== undefined : undefined,
    ...exchange,
    verdict: verdict?.kind ?? null,
    thisUpdate: statement?.thisUpdate,
    nextUpdate: statement === undefined ? undefined : (statement.nextUpdate ?? null),
    signer: responder === undefined ? undefined : { ...responderRecord(responder), notAfter: responder.notAfter },
    error: trouble === undefined ? undefined : errorRecord(trouble),
  };
}

const headings = ['ASKED', 'CERTID', 'NONCE', 'HTTP', 'TIME', 'VERDICT', 'THIS UPDATE', 'NEXT UPDATE'] as const;

/** A table for each responder, with below it what its answers have in common and where they differ. */
function probeTable(probes: readonly ResponderProbe[]): string[] {
  return [...new Set(probes.map(({ url }) => url))].flatMap((url) => {
    const own = probes.filter((probe) => probe.url === url);
    return [`  ${escapeText(url)}`, ...tableLines([headings, ...own.map(cellsOf)]), ...factLines(own)];
  });
}

function cellsOf({ method, hash, isNonceSent, exchange, verdict, trouble }: ResponderProbe): readonly string[] {
  const { statement } = verdict ?? {};
  const nonce = !isNonceSent
    ? '-'
    : verdict?.nonce !== undefined
      ? 'echoed'
      : statement === undefined
        ? 'sent'
        : 'lost';
  const failure = trouble === undefined ? '' : trouble.code;
  return [
    method.toUpperCase(),
    hash,
    nonce,
    exchange?.status === undefined ? '-' : String(exchange.status),
    exchange === undefined ? '-' : `${exchange.milliseconds} ms`,
    failure === '' ? (verdict?.kind ?? '-') : failure,
    statement === undefined ? '-' : formatTime(statement.thisUpdate),
    statement?.nextUpdate === undefined ? '-' : formatTime(statement.nextUpdate),
  ];
}

function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => displayWidth(row[column] ?? ''))));
  return rows.map((row) =>
    `    ${row.map((cell, column) => padToWidth(cell, widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

/** Address, content type, caching headers and signer: a line for each that is seen, with its ways where there are several. */
function factLines(probes: readonly ResponderProbe[]): string[] {
  const answered = probes.filter(({ exchange }) => exchange?.status !== undefined);
  const facts: readonly (readonly [string, (probe: ResponderProbe) => string])[] = [
    ['address', ({ exchange }) => exchange?.address ?? 'behind a proxy'],
    ['type', ({ exchange }) => exchange?.contentType ?? 'none'],
    ['caching', cachingText],
    ['signer', signerText],
  ];
  return facts.flatMap(([label, textOf]) => {
    const found = new Map<string, ResponderProbe[]>();
    for (const probe of answered) {
      const text = textOf(probe);
      if (text !== '') found.set(text, [...(found.get(text) ?? []), probe]);
    }
    return [...found].map(([text, own]) => {
      const ways = found.size === 1 ? '' : ` (${own.map(wayOf).join(', ')})`;
      return `    ${label.padEnd(8)} ${escapeText(shortened(text + ways))}`;
    });
  });
}

function wayOf({ method, hash, isNonceSent }: ResponderProbe): string {
  return `${method.toUpperCase()} ${hash}${isNonceSent ? ' nonce' : ''}`;
}

function cachingText({ exchange }: ResponderProbe): string {
  const { cacheControl, expires, etag } = exchange ?? {};
  const parts = [
    ...(cacheControl === undefined ? [] : [cacheControl]),
    ...(expires === undefined ? [] : [`expires ${expires}`]),
    ...(etag === undefined ? [] : [`etag ${etag}`]),
  ];
  return parts.length === 0 ? 'none' : parts.join('; ');
}

function signerText({ verdict }: ResponderProbe): string {
  const { responder } = verdict ?? {};
  return responder === undefined
    ? ''
    : `${responder.name} (${responder.kind}), until ${formatTime(responder.notAfter)}`;
}
