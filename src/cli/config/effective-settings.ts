import { shownPath } from '../../core/file-path.js';
import type { NamedSource } from '../../source/named-source.js';
import type { FlagDefinition, FlagDefinitions } from '../flags/environment-flags.js';
import type { Configuration } from './configuration.js';
import type { WrittenResponder } from './configured-sources.js';
import { withoutPassword, withoutSecret } from './mask-secret.js';
import type { Origin, Setting } from './merge-settings.js';
import { isCommandLineFlag } from './schema.js';

/** One setting as it is shown: booleans and numbers as such, everything else as text, secrets masked. */
export interface ShownSetting {
  readonly value: boolean | number | string | readonly string[];
  readonly origin: Origin['kind'];
  /** Where the origin is the file. */
  readonly line?: number;
  /** Where the origin is the environment. */
  readonly variable?: string;
}

/** What `fetch` would do with this configuration, as plain data for a screen. */
export interface EffectiveSettings {
  readonly config: string;
  readonly certificates: readonly Readonly<Record<string, string>>[];
  readonly responders: readonly WrittenResponder[];
  readonly settings: Readonly<Record<string, ShownSetting>>;
}

/** The settings as they take effect, with their origins. */
export async function effectiveSettings(
  configuration: Configuration,
  settings: ReadonlyMap<string, Setting>,
  definitions: FlagDefinitions,
): Promise<EffectiveSettings> {
  const shown: Record<string, ShownSetting> = {};
  for (const [name, definition] of Object.entries(definitions)) {
    if (isCommandLineFlag(name)) continue;
    const setting = settings.get(name) ?? unset;
    const value = await shownValue(name, definition, setting);
    if (value !== undefined) shown[name] = { value, ...originOf(setting.origin) };
  }
  return {
    config: configuration.file,
    certificates: configuration.sources.map(shownSource),
    responders: configuration.writtenResponders.map((one) => ({ ...one, url: withoutPassword(one.url) })),
    settings: shown,
  };
}

/** Of a flag whose default is not a value but what `fetch` does then. */
const unset: Setting = { value: undefined, origin: { kind: 'default' } };

async function shownValue(
  name: string,
  definition: FlagDefinition,
  { value, texts }: Setting,
): Promise<ShownSetting['value'] | undefined> {
  if (typeof value === 'boolean') return value;
  if (definition.multiple === true) return (texts ?? []).map((text) => withoutSecret(name, text));
  const written = texts?.[0];
  const text = written === undefined ? await helpOf(definition) : withoutSecret(name, written);
  if (text !== undefined) return typeof value === 'number' && /^\d+$/.test(text) ? value : text;
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}

/** The default as help shows it: 10s for 10,000 milliseconds. */
async function helpOf({ defaultHelp }: FlagDefinition): Promise<string | undefined> {
  const text: unknown = typeof defaultHelp === 'function' ? await (defaultHelp as () => unknown)() : defaultHelp;
  return typeof text === 'string' ? text : undefined;
}

function originOf(origin: Origin): Omit<ShownSetting, 'value'> {
  const { kind, ...where } = origin;
  return { origin: kind, ...where };
}

function shownSource(source: NamedSource): Record<string, string> {
  const out = source.out === undefined ? {} : { out: source.out };
  if ('path' in source) return { path: shownPath(source.path), ...out };
  const base = source.base === undefined ? {} : { 'crt-base': shownPath(source.base) };
  return { 'crt-list': shownPath(source.crtList), ...base, ...out };
}
