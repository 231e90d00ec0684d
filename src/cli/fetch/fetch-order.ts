import type { FilePath } from '../../core/file-path.js';
import type { Configuration } from '../config/configuration.js';
import { confirmOfRun } from '../config/confirm-of-run.js';
import { fetchSettings, noCertificate, type ParsedCommandLine } from '../config/fetch-settings.js';
import type { Setting } from '../config/merge-settings.js';
import type { FlagDefinitions } from '../flags/environment-flags.js';
import type { FetchFlags } from './fetch-flags.js';
import type { NamedSource } from '../../source/named-source.js';
import type { ResponderOverride } from '../../pipeline/fetch/responder-override.js';
import { definedOnly } from '../../core/defined-only.js';

/** What a run of `fetch` is asked to do, by command line, environment and configuration file together. */
export interface FetchOrder<Flags extends FetchFlags = FetchFlags> {
  readonly sources: readonly NamedSource[];
  readonly flags: Flags;
  readonly responders: readonly ResponderOverride[];
  /** The configuration file; undefined where none was read. */
  readonly configurationFile?: string;
  /** The words of --confirm for a run over these certificates. */
  confirmFor(certificates: () => readonly FilePath[]): readonly string[];
}

/**
 * Reads the order; a watch reads it again on SIGHUP. Certificates of the command line stand in place of those of the
 * configuration, which is looked for in its default place only where the command line names none.
 *
 * @param paths the certificates of the command line, what stdin lists included
 * @throws OcspError `usage` where nobody names a certificate, and what reading the settings can throw
 */
export async function fetchOrderFrom<Flags extends FetchFlags>(
  parsed: ParsedCommandLine<Flags>,
  definitions: FlagDefinitions,
  paths: readonly FilePath[],
): Promise<FetchOrder<Flags>> {
  const named = [...paths.map((path) => ({ path })), ...parsed.flags['crt-list'].map((crtList) => ({ crtList }))];
  const useDefaultPlace = named.length === 0;
  const { flags, settings, configuration } = await fetchSettings(parsed, definitions, process, { useDefaultPlace });
  return {
    ...definedOnly({ configurationFile: configuration?.file }),
    sources: sourcesOf(named, configuration),
    flags,
    responders: configuration?.responders ?? [],
    confirmFor: (certificates) => confirmPlaces(flags.confirm, settings.get('confirm'), certificates),
  };
}

function sourcesOf(named: readonly NamedSource[], configuration: Configuration | undefined): readonly NamedSource[] {
  const sources = named.length === 0 ? (configuration?.sources ?? []) : named;
  if (sources.length === 0) throw noCertificate(configuration);
  return sources;
}

/** All certificates are named only where a place is about one of them. */
function confirmPlaces(
  texts: readonly string[],
  setting: Setting | undefined,
  certificates: () => readonly FilePath[],
): readonly string[] {
  return texts.length === 0 ? texts : confirmOfRun(texts, setting, certificates());
}
