import { OcspError } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';
import type { NamedSource } from '../source/named-source.js';
import type { Configuration } from './config/configuration.js';
import { noCertificate } from './config/fetch-settings.js';

/**
 * What a run fetches staples for: the paths of the command line, in place of the configuration's certificates.
 *
 * @param named the paths of the command line; undefined where there is none
 * @throws OcspError `usage` where nobody names a certificate
 */
export function namedSources(
  named: readonly FilePath[] | undefined,
  configuration: Configuration | undefined,
): readonly NamedSource[] {
  const sources = named === undefined ? (configuration?.sources ?? []) : named.map((path) => ({ path }));
  if (sources.length === 0) throw noCertificate(configuration);
  return sources;
}

/** The paths of these sources. Throws OcspError `usage` for a source that a run cannot take yet. */
export function pathsOfSources(sources: readonly NamedSource[], configuration: Configuration | undefined): FilePath[] {
  if (configuration !== undefined && configuration.responders.length > 0) throw notYet('responders');
  return sources.map((source) => {
    if ('crtList' in source) throw notYet('crt-list');
    if (source.out !== undefined) throw notYet('out of a certificate');
    return source.path;
  });
}

function notYet(what: string): OcspError {
  return new OcspError('usage', `${what} in the configuration file cannot be used yet`, 'leave it out');
}
