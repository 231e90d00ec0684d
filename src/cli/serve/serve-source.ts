import { OcspError, type Certificate } from '../../core/index.js';
import { readCrlSource, type CrlSource } from '../../source/crl-file.js';
import { readIndexSource } from '../../source/index-file.js';
import { narrowToIssued, readIssuedSerials } from '../../source/issued-serials.js';
import { createReloadingSource } from '../../source/reloading-source.js';
import type { StatusSource } from '../../source/status-source.js';
import type { Output } from '../output.js';
import type { ServeFlags } from './serve-flags.js';
import { definedOnly } from '../../core/defined-only.js';

/** A change of a file is seen within that. */
const checkEveryMilliseconds = 1000;

/** Reads the files that the flags name, for this CA, and warns of what is worth it. */
export type ReadServeSource = (issuer: Certificate, now: Date) => Promise<StatusSource>;

/** Reads --index or --crl, and --issued. Throws OcspError `usage` when no source of statuses was named. */
export function serveSourceReader(flags: ServeFlags, output: Pick<Output, 'warn'>): ReadServeSource {
  const readStatuses = statusReaderFrom(flags);
  if (readStatuses === undefined) {
    const hint = 'give --index FILE (index.txt of openssl ca) or --crl FILE';
    throw new OcspError('usage', 'no source of statuses was named', hint);
  }
  const { issued } = flags;
  return async (issuer, now) => {
    const statuses = readStatuses(issuer, now);
    // It answers for serial numbers, of which it cannot know whether the CRL reaches them.
    if (statuses.incomplete !== undefined) throw statuses.incomplete;
    const serials = issued === undefined ? undefined : await readIssuedSerials(issued, issuer);
    for (const warning of [...(statuses.warnings ?? []), ...(statuses.limits ?? []), ...(serials?.warnings ?? [])])
      output.warn(warning);
    return serials === undefined ? statuses : narrowToIssued(statuses, serials);
  };
}

type StatusReader = (
  issuer: Certificate,
  now: Date,
) => StatusSource & Partial<Pick<CrlSource, 'incomplete' | 'limits' | 'warnings'>>;

/** How to read the source that --index or --crl names; undefined where none is named. Reading throws OcspError. */
function statusReaderFrom({ index, crl, 'allow-stale-crl': allowStale }: ServeFlags): StatusReader | undefined {
  if (index !== undefined) return () => readIndexSource(index);
  return crl === undefined ? undefined : (issuer, now) => readCrlSource(crl, issuer, { now, allowStale });
}

/**
 * The source as it is now: read again when a file changes. A change that cannot be read is reported, and the previous
 * statuses stay in use. Throws OcspError for what cannot be read at the start.
 */
export async function openServeSource(
  flags: ServeFlags,
  read: ReadServeSource,
  issuer: Certificate,
  now: Date,
  output: Output,
): Promise<(now: Date) => Promise<StatusSource>> {
  const paths = [flags.index, flags.crl, flags.issued].filter((path) => path !== undefined);
  const files = await createReloadingSource(paths, (at) => read(issuer, at), {
    now,
    checkEveryMilliseconds,
    onReload: () => output.mention(`read ${paths.join(' and ')} again`),
    onError: (error) => {
      const why = error instanceof Error ? error.message : String(error);
      output.say(`${why}; the statuses read earlier are still served`);
      if (error instanceof OcspError) output.hint(error.hint);
    },
  });
  if (flags.crl !== undefined && flags.issued === undefined) {
    output.warn('every serial number that the CRL does not list is answered as good; --issued narrows that');
  }
  const current = (at: Date): Promise<StatusSource> => files.current(at);
  return flags['allow-stale-crl'] ? beyondItsEnd(current) : current;
}

/** A CRL that goes stale while it is served, where stale ones are allowed: its end then says nothing any more. */
function beyondItsEnd(current: (now: Date) => Promise<StatusSource>): (now: Date) => Promise<StatusSource> {
  const endless = new WeakMap<StatusSource, StatusSource>();
  return async (now) => {
    const source = await current(now);
    if (source.nextUpdate === undefined || source.nextUpdate > now) return source;
    const known = endless.get(source) ?? definedOnly({ ...source, nextUpdate: undefined });
    endless.set(source, known);
    return known;
  };
}
