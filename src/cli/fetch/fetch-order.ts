import { resolve } from 'node:path';
import { OcspError } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import type { ResponderOverride } from '../../pipeline/fetch/responder-override.js';
import { listCertificates, pathsOf, withTraitsOf, type CertificateList } from '../../source/certificate-list.js';
import type { NamedSource } from '../../source/named-source.js';
import { defaultConfigurationPlace, fetchSettings, type ParsedCommandLine } from '../config/fetch-settings.js';
import type { Setting } from '../config/settings.js';
import { knownHaproxyConfiguration, placesByConfiguration } from '../flags/haproxy-configuration.js';
import type { FlagDefinitions } from '../flags/flag.js';
import type { OwnLists } from '../reload/reload-outcome.js';
import type { FetchFlags } from './fetch-flags.js';

/** What a run of `fetch` is asked to do, by command line, environment and configuration file together. */
export interface FetchOrder<Flags extends FetchFlags = FetchFlags> {
  readonly sources: readonly NamedSource[];
  /** Sources of the configuration whose own `out`, `reload` and `confirm` hold for a certificate of theirs that the command line names. */
  readonly traitSources: readonly NamedSource[];
  /** Certificates whose staples haproxy reads from elsewhere than beside them, by --haproxy-config. */
  readonly stapleSources: readonly NamedSource[];
  readonly flags: Flags;
  readonly responders: readonly ResponderOverride[];
  /** The configuration file; undefined where none was read. */
  readonly configurationFile?: string;
  /** Whether --reload is the file's, for all its certificates. */
  readonly isReloadOfFile: boolean;
  /** Whether an issuer that is of no use is a mistake: a file names those of all certificates of the machine, a run may be for one of them. */
  readonly mayWarnOfIssuers: boolean;
  /** The words of --confirm for a run over these certificates. */
  confirmFor(certificates: () => readonly FilePath[]): readonly string[];
}

/**
 * Reads the order; a watch reads it again on SIGHUP. Certificates of the command line replace those of the
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
  const { file, sources: configured = [], responders = [] } = configuration ?? {};
  const isOfCommandLine = (flag: string): boolean => settings.get(flag)?.origin.kind === 'flag';
  const ofFile = configured.map((source) => withoutLists(source, isOfCommandLine));
  const sources = named.length === 0 ? ofFile : named;
  if (sources.length === 0) throw noCertificate(file);
  return {
    ...definedOnly({ configurationFile: file }),
    sources,
    traitSources: named.length > 0 ? traitSourcesOf(ofFile, isOfCommandLine('out')) : [],
    stapleSources: flags.out === undefined ? haproxyPlaces(flags['haproxy-config']) : [],
    flags,
    responders,
    isReloadOfFile: settings.get('reload')?.origin.kind === 'file',
    mayWarnOfIssuers:
      flags.shard === undefined && (named.length === 0 || settings.get('issuer')?.origin.kind !== 'file'),
    confirmFor: (certificates) => confirmOfRun(flags.confirm, settings.get('confirm'), certificates),
  };
}

function haproxyPlaces(files: readonly string[]): readonly NamedSource[] {
  const configuration = knownHaproxyConfiguration(files);
  return configuration === undefined ? [] : placesByConfiguration(configuration);
}

/** What the command line says of all certificates, a source of the file cannot say otherwise. */
function withoutLists(source: NamedSource, isGiven: (flag: string) => boolean): NamedSource {
  const { reload, confirm, ...others } = source;
  return {
    ...others,
    ...(reload === undefined || isGiven('reload') ? {} : { reload }),
    ...(confirm === undefined || isGiven('confirm') ? {} : { confirm }),
  };
}

/** None where no source says anything of its own: then nobody has to look which certificates it has. */
function traitSourcesOf(configured: readonly NamedSource[], isOutGiven: boolean): readonly NamedSource[] {
  const sources = configured.map(({ out, ...others }) =>
    isOutGiven || out === undefined ? others : { ...others, out },
  );
  const isSpeaking = sources.some((source) => ['out', 'reload', 'confirm'].some((trait) => trait in source));
  return isSpeaking ? sources : [];
}

/** The certificates of a run as they are now, and what their sources say of servers. */
export async function listOrder({
  sources,
  traitSources,
  stapleSources,
}: Pick<FetchOrder, 'sources' | 'traitSources' | 'stapleSources'>): Promise<{
  list: CertificateList;
  lists: readonly OwnLists[];
}> {
  const found = await listCertificates(sources);
  // A place that a source names for its own certificates counts before haproxy's.
  const list = stapleSources.length === 0 || found.hasOwnPlaces ? found : await withTraitsOf(found, stapleSources);
  if (traitSources.length === 0) return { list, lists: sources };
  const placed = traitSources.map(({ confirm, ...others }) =>
    confirm === undefined ? others : { ...others, confirm: placesOfRun(confirm, () => pathsOf(list)) },
  );
  const told = await withTraitsOf(list, placed);
  const lists = new Map<unknown, OwnLists>();
  for (let index = 0; index < told.length; index += 1) {
    const { reload, confirm } = told.at(index);
    lists.set(JSON.stringify([reload, confirm]), definedOnly({ reload, confirm }));
  }
  return { list: told, lists: [...lists.values()] };
}

/** The error for a run without any certificate. */
function noCertificate(configurationFile: string | undefined): OcspError {
  return configurationFile === undefined
    ? new OcspError(
        'usage',
        'no certificate was named',
        `name certificate files, a folder of them, - to read paths from stdin, or a configuration with --config (there is no ${defaultConfigurationPlace})`,
      )
    : new OcspError(
        'usage',
        `the configuration file ${configurationFile} names no certificate`,
        'list them there under certificates, or name them on the command line',
      );
}

/**
 * The places of --confirm that are about certificates of this run. On the command line another certificate is a mistake, reported later. A file speaks of all certificates of the machine:
 * a run for one of them, as from a deploy hook, proves only that one, by whatever name it has on the command line.
 *
 * @param certificates of the run; not asked where no place is about one of them
 */
export function confirmOfRun(
  texts: readonly string[],
  setting: Setting | undefined,
  certificates: () => readonly FilePath[],
): readonly string[] {
  return setting?.origin.kind === 'file' ? placesOfRun(texts, certificates) : texts;
}

/** Those of a file's places that are about a certificate of this run, by its name there, or about no single one. */
function placesOfRun(texts: readonly string[], certificates: () => readonly FilePath[]): readonly string[] {
  let names: ReadonlyMap<string, string> | undefined;
  return texts.flatMap((text) => {
    const equals = text.split('#', 1)[0]?.lastIndexOf('=') ?? -1;
    if (equals < 0) return [text];
    names ??= new Map(certificates().map((path) => [resolve(shownPath(path)), shownPath(path)]));
    const name = names.get(resolve(text.slice(0, equals)));
    return name === undefined ? [] : [name + text.slice(equals)];
  });
}
