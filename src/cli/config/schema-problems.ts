import type { Problem } from './configuration-error.js';
import type { LocatedValue } from './located-value.js';
import { nearestWord } from '../flags/nearest-word.js';
import { isCommandLineFlag } from './schema.js';

/** What this file reads of an issue of zod. */
export interface SchemaIssue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly SchemaIssue[])[];
}

/** Issues of the schema with the lines they are about; `known` lists the keys that a section may have. */
export function schemaProblems(
  issues: readonly SchemaIssue[],
  file: LocatedValue,
  known: (section: readonly string[]) => readonly string[],
): Problem[] {
  return issues.flatMap(innermost).flatMap((issue) => {
    const names = issue.path.filter((part) => typeof part === 'string');
    if (issue.keys === undefined) return [{ line: lineAt(file, issue.path), text: withPlace(names, issue.message) }];
    return issue.keys.map((key) => ({
      line: lineAt(file, [...issue.path, key]),
      text: withPlace(names, unknownKey(key, known(names))),
    }));
  });
}

/** Of a choice, the one whose kind of value was given; the choice's own words where it was none of them. */
function innermost(issue: SchemaIssue): readonly SchemaIssue[] {
  if (issue.errors === undefined) return [issue];
  const meant = issue.errors.find((errors) => !errors.some((one) => one.path.length === 0 && isOtherKind(one)));
  if (meant === undefined) return [issue];
  return meant.flatMap((one) => innermost({ ...one, path: [...issue.path, ...one.path] }));
}

function isOtherKind(issue: SchemaIssue): boolean {
  if (issue.errors !== undefined)
    return issue.errors.every((errors) => errors.some((one) => one.path.length === 0 && isOtherKind(one)));
  return issue.code === 'invalid_type';
}

function withPlace(names: readonly string[], text: string): string {
  return names.length === 0 ? text : `${names.join('.')}: ${text}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  if (isCommandLineFlag(key)) return `"${key}" belongs on the command line: it is about one run`;
  const nearest = nearestWord(key, known);
  if (nearest !== undefined) return `there is no setting "${key}", expected perhaps ${nearest}`;
  // All flags of fetch would fill the screen.
  const expected = known.length > 16 ? 'the name of a flag (restaple fetch --help)' : `one of ${known.join(', ')}`;
  return `there is no setting "${key}", expected ${expected}`;
}

/** The line of what this path leads to, or of the last thing on the way that is there. */
export function lineAt(file: LocatedValue, path: readonly PropertyKey[]): number {
  let value = file;
  let { line } = file;
  for (const part of path) {
    if (value.kind === 'mapping') {
      const entry = value.entries.get(String(part));
      if (entry === undefined) return line;
      ({ line, value } = entry);
    } else {
      const item = value.kind === 'list' ? value.items[Number(part)] : undefined;
      if (item === undefined) return line;
      ({ line } = value = item);
    }
  }
  return line;
}
