import { OcspError, type Certificate } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import type { FilePath } from '../../core/file-path.js';
import { describeStaleness, notYetValid, type CrlSourceOptions } from '../../source/crl-file.js';
import type { StatusSource } from '../../source/status-source.js';
import type { CrlHints, CrlSight, CrlTimes } from '../crl-check.js';
import { openCrlFiles, type FoundCrl } from '../crl-files.js';
import { judgeCrls } from '../crl-judge.js';
import type { Trouble } from '../trouble.js';

/** Several CRLs of a CA as one source: what they say of each certificate together (RFC 5280 §6.3.3), and from when until when. */
export interface CrlStatuses {
  /** What the reader should hear about the CRLs, one sentence each. */
  readonly warnings: readonly string[];
  /** The source for one certificate, which may not be at hand; the trouble where nothing follows for it. */
  sourceFor(serialNumber: string, certificate: Certificate | undefined): StatusSource | { readonly trouble: Trouble };
}

/**
 * Reads the CRLs in these files, deltas and those for some reasons among them; a file may have several.
 *
 * @throws OcspError as `readCrlSource`: for a file without a CRL of this CA, one that is not valid yet, and where all are stale
 */
export function readCrlStatuses(
  paths: readonly FilePath[],
  issuer: Certificate,
  { now, allowStale }: CrlSourceOptions,
): CrlStatuses {
  const files = openCrlFiles(paths);
  const usable = usableOf(files.look('00', issuer), paths.length);
  const early = usable.find(({ thisUpdate }) => thisUpdate > now);
  if (early !== undefined) throw notYetValid(early.name, early, now);
  const stale = usable.flatMap(({ name, nextUpdate }) =>
    nextUpdate !== undefined && nextUpdate <= now ? [describeStaleness(name, nextUpdate)] : [],
  );
  const [firstStale] = stale;
  if (!allowStale && firstStale !== undefined && stale.length === usable.length) throw staleness(firstStale);
  // Without nextUpdate a CRL holds until there is another.
  const times: CrlTimes = {
    now,
    skewMilliseconds: 0,
    maximumAgeMilliseconds: Infinity,
    ignoreTimes: false,
    allowStale,
  };
  return {
    warnings: allowStale ? stale : [],
    sourceFor(serialNumber, certificate) {
      const crls = files.look(serialNumber, issuer).map(({ sight }) => sight);
      const { report } = judgeCrls(crls, { certificate, times, hints });
      if (report.kind === 'unusable') return { trouble: report.trouble };
      const { source, thisUpdate, nextUpdate } = report.kind === 'revoked' ? report.newest : report;
      const isStale = nextUpdate !== undefined && nextUpdate <= now;
      if (isStale && !allowStale) throw staleness(describeStaleness(source, nextUpdate));
      const status =
        report.kind === 'good'
          ? ('good' as const)
          : definedOnly({ revokedAt: report.revocationTime, reason: report.revocationReason });
      return definedOnly({ statusOf: () => status, thisUpdate, nextUpdate: isStale ? undefined : nextUpdate });
    },
  };
}

/** Those of this CA. Throws why a file has none, or has one that cannot be used. */
function usableOf(found: readonly FoundCrl[], fileCount: number): CrlSight[] {
  return Array.from({ length: fileCount }, (_, file): CrlSight[] => {
    const sights = found.filter((one) => one.file === file).map(({ sight }) => sight);
    const usable = sights.filter((sight): sight is CrlSight => !(sight instanceof OcspError));
    const errors = sights.filter((sight): sight is OcspError => sight instanceof OcspError);
    const fault = errors.find(({ code }) => code !== 'crl-mismatch') ?? (usable.length === 0 ? errors[0] : undefined);
    if (fault !== undefined) throw fault;
    return usable;
  }).flat();
}

function staleness(message: string): OcspError {
  return new OcspError('crl-stale', message, staleHint);
}

const staleHint = 'get the current CRL, or give --allow-stale-crl';

const hints: CrlHints = {
  'crl-unsupported':
    'use the complete CRL of the CA that the certificate names as its own, or all of those that are complete together',
  'crl-stale': staleHint,
};
