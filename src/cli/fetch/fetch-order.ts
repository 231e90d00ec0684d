import { resolve } from 'node:path';
import { OcspError } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import type { ResponderOverride } from '../../pipeline/fetch/responder-override.js';
import type { NamedSource } from '../../source/named-source.js';
import { defaultConfigurationPlace, fetchSettings, type ParsedCommandLine } from '../config/fetch-settings.js';
import type { Setting } from '../config/settings.js';
import type { FlagDefinitions } from '../flags/flag.js';
import type { FetchFlags } from './fetch-flags.js';

/** What a run of `fetch` is asked to do, by command line, environment and configuration file together. */
export interface FetchOrder<Flags extends FetchFlags = FetchFlags> {
  readonly sources: readonly NamedSource[];
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
  const sources = named.length === 0 ? configured.map((source) => withoutLists(source, isOfCommandLine)) : named;
  if (sources.length === 0) throw noCertificate(file);
  return {
    ...definedOnly({ configurationFile: file }),
    sources,
    flags,
    responders,
    isReloadOfFile: settings.get('reload')?.origin.kind === 'file',
    mayWarnOfIssuers:
      flags.shard === undefined && (named.length === 0 || settings.get('issuer')?.origin.kind !== 'file'),
    confirmFor: (certificates) => confirmOfRun(flags.confirm, settings.get('confirm'), certificates),
  };
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
  if (setting?.origin.kind !== 'file') return texts;
  let names: ReadonlyMap<string, string> | undefined;
  return texts.flatMap((text) => {
    const equals = text.split('#', 1)[0]?.lastIndexOf('=') ?? -1;
    if (equals < 0) return [text];
    names ??= new Map(certificates().map((path) => [resolve(shownPath(path)), shownPath(path)]));
    const name = names.get(resolve(text.slice(0, equals)));
    return name === undefined ? [] : [name + text.slice(equals)];
  });
}
