import { OcspError, type Certificate, type StatementStatus } from '../../core/index.js';
import { readCrlSource } from '../../source/crl-file.js';
import { readIndexSource } from '../../source/index-file.js';
import { narrowToIssued, readIssuedSerials } from '../../source/issued-serials.js';
import { createReloadingSource } from '../../source/reloading-source.js';
import type { StatusSource } from '../../source/status-source.js';
import type { Output } from '../output.js';
import type { ServeFlags } from './serve-flags.js';
import { definedOnly } from '../../core/defined-only.js';

/** A change of a file is seen within that. */
const checkEveryMilliseconds = 1000;

/** What was read at one time, and what the reader should hear of it. */
interface ReadSource {
  readonly source: StatusSource;
  readonly warnings: readonly string[];
}

/** Reads the files that the flags name, for this CA. */
export type ReadServeSource = (issuer: Certificate, now: Date) => Promise<ReadSource>;

/** Reads --index or --crl, and --issued. Throws OcspError `usage` when nothing says what the statuses are. */
export function serveSourceReader(flags: ServeFlags): ReadServeSource {
  const readStatuses = statusReader(flags);
  const { issued } = flags;
  return async (issuer, now) => {
    const { source, warnings } = readStatuses(issuer, now);
    if (issued === undefined) return { source, warnings };
    const serials = await readIssuedSerials(issued, issuer);
    return { source: narrowToIssued(source, serials), warnings: [...warnings, ...serials.warnings] };
  };
}

function statusReader(flags: ServeFlags): (issuer: Certificate, now: Date) => ReadSource {
  const { index, crl, 'allow-stale-crl': allowStale } = flags;
  if (index !== undefined) return () => ({ source: readIndexSource(index), warnings: [] });
  if (crl !== undefined) {
    return (issuer, now) => {
      const source = readCrlSource(crl, issuer, { now, allowStale });
      return { source, warnings: source.warnings };
    };
  }
  throw new OcspError(
    'usage',
    'nothing says what the statuses are',
    'give --index FILE (index.txt of openssl ca) or --crl FILE',
  );
}

/**
 * The source as it is now: read again when a file changes. A change that cannot be read is told, and the statuses of
 * before go on. Throws OcspError for what cannot be read at the start.
 */
export async function openServeSource(
  flags: ServeFlags,
  read: ReadServeSource,
  issuer: Certificate,
  now: Date,
  output: Output,
): Promise<(now: Date) => Promise<StatusSource>> {
  const paths = [flags.index, flags.crl, flags.issued].filter((path) => path !== undefined);
  const readAndWarn = async (at: Date): Promise<StatusSource> => {
    const { source, warnings } = await read(issuer, at);
    for (const warning of warnings) output.warn(warning);
    return source;
  };
  const files = await createReloadingSource(paths, readAndWarn, {
    now,
    checkEveryMilliseconds,
    onReload: () => output.mention(`read ${paths.join(' and ')} again`),
    onError: (error) => {
      output.say(
        `${error instanceof Error ? error.message : String(error)}; the statuses read before are still served`,
      );
      if (error instanceof OcspError) output.hint(error.hint);
    },
  });
  if (flags.crl !== undefined && flags.issued === undefined) {
    output.warn('every serial number that the CRL does not list is answered as good; --issued narrows that');
  }
  return flags['allow-stale-crl'] ? beyondItsEnd((at) => files.current(at)) : (at) => files.current(at);
}

/** A CRL that goes stale while it is served, where stale ones are allowed: its end then says nothing any more. */
function beyondItsEnd(current: (now: Date) => Promise<StatusSource>): (now: Date) => Promise<StatusSource> {
  let ended: { readonly of: StatusSource; readonly endless: StatusSource } | undefined;
  return async (now) => {
    const source = await current(now);
    const { thisUpdate, nextUpdate } = source;
    if (nextUpdate === undefined || nextUpdate > now) return source;
    if (ended?.of !== source) {
      const statusOf = (serialNumber: string): StatementStatus => source.statusOf(serialNumber);
      ended = { of: source, endless: definedOnly({ statusOf, thisUpdate }) };
    }
    return ended.endless;
  };
}
