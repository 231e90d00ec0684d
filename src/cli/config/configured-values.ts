import { OcspError } from '../../core/index.js';
import type { FlagDefinition, FlagDefinitions } from '../flags/environment-flags.js';
import type { Problem } from './configuration-error.js';
import { exclusivePairs } from '../flags/exclusive-flags.js';
import { flagTextInFolder, isPathFlag } from './file-folder.js';
import { flagValue } from '../flags/flag-value.js';
import type { LocatedText, LocatedValue } from './located-value.js';
import { flagPlaces } from './schema.js';

/** The values that a file gives a flag: several for a repeatable one. */
export interface FileValue {
  /** As their flag's parser returns them. */
  readonly values: readonly unknown[];
  /** As the file has them, paths made absolute. */
  readonly texts: readonly string[];
  /** Of the key, from 1. */
  readonly line: number;
}

/** The flags that a file sets, parsed as on the command line; what is wrong with them is added to `problems`. */
export async function configuredValues(
  file: LocatedValue,
  flags: FlagDefinitions,
  folder: string,
  problems: Problem[],
): Promise<Map<string, FileValue>> {
  const found = new Map<string, FileValue>();
  for (const { flag: name, path } of flagPlaces(flags)) {
    const definition = flags[name];
    const entry = entryAt(file, path);
    if (definition === undefined || entry === undefined) continue;
    const { line, value } = entry;
    const before = found.get(name);
    if (before === undefined) {
      const parsed = await parseAll(name, definition, value, { place: path.join('.'), folder, problems });
      found.set(name, { ...parsed, line });
    } else {
      const text = `${path.join('.')} was set in line ${before.line} already, expected in one place`;
      problems.push({ line, text });
    }
  }
  for (const [name, partner] of exclusivePairs(flags)) {
    const [one, other] = [found.get(name), found.get(partner)];
    if (one?.values[0] !== true || other?.values[0] !== true) continue;
    const [first, second] = one.line < other.line ? [name, partner] : [partner, name];
    const text = `${second} contradicts ${first}, expected one of them`;
    problems.push({ line: Math.max(one.line, other.line), text });
  }
  return found;
}

function entryAt(
  file: LocatedValue,
  path: readonly string[],
): { readonly line: number; readonly value: LocatedValue } | undefined {
  let entry: { readonly line: number; readonly value: LocatedValue } | undefined = { line: file.line, value: file };
  for (const key of path) entry = entry?.value.kind === 'mapping' ? entry.value.entries.get(key) : undefined;
  return entry;
}

interface ParseContext {
  readonly place: string;
  readonly folder: string;
  readonly problems: Problem[];
}

async function parseAll(
  name: string,
  flag: FlagDefinition,
  located: LocatedValue,
  { place, folder, problems }: ParseContext,
): Promise<Omit<FileValue, 'line'>> {
  const items = (located.kind === 'list' ? located.items : [located]).filter((item) => item.kind === 'text');
  const values: unknown[] = [];
  const texts: string[] = [];
  for (const item of items) {
    try {
      refuseEmptyPath(flag, item);
      const text = flagTextInFolder(folder, name, flag, item.text);
      values.push(await flagValue(name, flag, text));
      texts.push(text);
    } catch (error) {
      if (!(error instanceof OcspError)) throw error;
      problems.push({ line: item.line, text: `${place}: ${error.message}` });
    }
  }
  return { values, texts };
}

function refuseEmptyPath(flag: FlagDefinition, { text }: LocatedText): void {
  if (text === '' && isPathFlag(flag)) throw new OcspError('usage', 'is empty, expected a path');
}
