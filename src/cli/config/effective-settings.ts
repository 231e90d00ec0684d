import { definedOnly } from '../../core/defined-only.js';
import { shownPath } from '../../core/file-path.js';
import type { NamedSource } from '../../source/named-source.js';
import type { FlagDefinition, FlagDefinitions } from '../flags/flag.js';
import type { Configuration } from './configuration.js';
import { withoutPassword } from './mask-secret.js';
import type { Origin, Setting, Settings } from './settings.js';

/** One setting as it is shown: booleans and numbers as such, everything else as text, secrets masked. */
export interface ShownSetting {
  readonly value: boolean | number | string | readonly string[];
  readonly origin: Origin['kind'];
  /** Where the origin is the file. */
  readonly line?: number;
  /** Where the origin is the environment. */
  readonly variable?: string;
}

export type EffectiveSettings = Awaited<ReturnType<typeof effectiveSettings>>;

/** What `fetch` would do with this configuration, as plain data for a screen, each setting with its origin. */
export async function effectiveSettings(
  configuration: Configuration,
  settings: Settings,
  definitions: FlagDefinitions,
) {
  const shown: Record<string, ShownSetting> = {};
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.isOfOneRun === true) continue;
    // Without a setting the default is not a value but what `fetch` does then.
    const { origin, ...setting } = settings.get(name) ?? { value: undefined, origin: { kind: 'default' } as const };
    const value = await shownValue(definition, setting);
    const { kind, ...where } = origin;
    if (value !== undefined) shown[name] = { value, origin: kind, ...where };
  }
  return {
    config: configuration.file,
    certificates: configuration.sources.map(shownSource),
    responders: configuration.writtenResponders.map((one) => ({ ...one, url: withoutPassword(one.url) })),
    settings: shown,
  };
}

async function shownValue(
  { multiple, masked = (text) => text, defaultHelp }: FlagDefinition,
  { value, texts = [] }: Omit<Setting, 'origin'>,
): Promise<ShownSetting['value'] | undefined> {
  if (typeof value === 'boolean') return value;
  if (multiple === true) return texts.map(masked);
  // The default as help shows it: 10s for 10,000 milliseconds.
  const usual = await (defaultHelp as (() => Promise<string>) | undefined)?.();
  const text = texts[0] === undefined ? usual : masked(texts[0]);
  if (text !== undefined) return typeof value === 'number' && /^\d+$/.test(text) ? value : text;
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}

function shownSource(source: NamedSource): Record<string, string | readonly string[]> {
  const { out, reload, confirm } = source;
  if ('path' in source) return definedOnly({ path: shownPath(source.path), out, reload, confirm });
  const base = source.base === undefined ? undefined : shownPath(source.base);
  return definedOnly({ 'crt-list': shownPath(source.crtList), 'crt-base': base, out, reload, confirm });
}
