import { escapeText, toJsonLine } from '../render/escape-text.js';
import type { EffectiveSettings, ShownSetting } from './effective-settings.js';

/** The settings as lines of YAML that a configuration file takes, each with its origin in a comment. */
export function settingsLines({ config, certificates, responders, settings }: EffectiveSettings): string[] {
  return [
    `# what takes effect: restaple fetch --config ${escapeText(config)}`,
    ...listLines('certificates', certificates),
    ...listLines('responders', responders),
    'defaults:',
    ...Object.entries(settings).flatMap(([name, setting]) => settingLines(name, setting)),
  ];
}

function listLines(section: string, entries: readonly object[]): string[] {
  if (entries.length === 0) return [`${section}: []`];
  const lines = entries.flatMap((entry) =>
    Object.entries(entry as Record<string, string | readonly string[]>).map(
      ([key, value], index) => `${index === 0 ? '  - ' : '    '}${key}: ${flowText(value)}`,
    ),
  );
  return [`${section}: # file`, ...lines];
}

/** A list stands on one line, each text quoted as in JSON. */
function flowText(value: string | readonly string[]): string {
  return typeof value === 'string' ? scalar(value) : `[${value.map((text) => toJsonLine(text)).join(', ')}]`;
}

function settingLines(name: string, setting: ShownSetting): string[] {
  const { value } = setting;
  const origin = originText(setting);
  if (typeof value !== 'object') return [`  ${name}: ${scalar(value)} # ${origin}`];
  if (value.length === 0) return [`  ${name}: [] # ${origin}`];
  return [`  ${name}: # ${origin}`, ...value.map((one) => `    - ${scalar(one)}`)];
}

function originText({ origin, line, variable }: ShownSetting): string {
  if (line !== undefined) return `file, line ${line}`;
  return variable === undefined ? origin : `environment, ${variable}`;
}

/** Plain where nothing in it means anything to YAML, else quoted as in JSON, which YAML takes. */
function scalar(value: boolean | number | string): string {
  if (typeof value !== 'string') return String(value);
  const isPlain =
    /^[A-Za-z0-9/_.][A-Za-z0-9/_.%+@=,-]*$/.test(value) && !/^(?:true|false|yes|no|on|off|null)$/i.test(value);
  return isPlain ? value : toJsonLine(value);
}
