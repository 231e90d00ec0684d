import { OcspError } from '../../core/index.js';
import { flagValue, type FlagDefinitions } from '../flags/flag.js';
import type { Problem } from './configuration-error.js';
import type { IsBroken } from './configured-sources.js';
import { flagPlaces } from './schema.js';
import { contradictions, type Setting, type Settings } from './settings.js';
import type { YamlFile } from './yaml-file.js';

/**
 * The flags that a file sets, parsed as on the command line, with the texts of the file, paths made absolute; what is
 * wrong with them is added to `problems`.
 */
export async function configuredFlags(
  { value: file, lineOf }: YamlFile,
  flags: FlagDefinitions,
  folder: string,
  isBroken: IsBroken,
  problems: Problem[],
): Promise<Settings> {
  const found = new Map<string, Setting>();
  const lines = new Map<string, number>();
  for (const [name, flag, path] of flagPlaces(flags)) {
    const written = path.reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], file);
    if (written === undefined || isBroken(path)) continue;
    const place = path.join('.');
    const line = lineOf(path);
    const before = lines.get(name);
    if (before !== undefined) {
      problems.push({ line, text: `${place} is already set in line ${before}, expected in one place` });
      continue;
    }
    lines.set(name, line);
    const values: unknown[] = [];
    const texts: string[] = [];
    const itsLines: number[] = [];
    // The schema has made sure of texts.
    for (const [index, item] of ([written].flat() as string[]).entries()) {
      try {
        const text = flag.inFolder?.(folder, item) ?? item;
        values.push(await flagValue(name, flag, text));
        texts.push(text);
        itsLines.push(lineOf([...path, index]));
      } catch (error) {
        if (!(error instanceof OcspError)) throw error;
        problems.push({ line: lineOf([...path, index]), text: `${place}: ${error.message}` });
      }
    }
    const value = flag.multiple === true ? values : values[0];
    found.set(name, { value, origin: { kind: 'file', line }, texts, written: { place, lines: itsLines } });
  }
  for (const [name, partner] of contradictions(flags, found)) {
    const [line, other] = [lines.get(name) ?? 0, lines.get(partner) ?? 0];
    const [first, second] = line < other ? [name, partner] : [partner, name];
    problems.push({ line: Math.max(line, other), text: `${second} contradicts ${first}, expected one of them` });
  }
  return found;
}
