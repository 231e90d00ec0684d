import type { FlagDefinitions } from '../flags/flag.js';
import { nearestWord } from '../flags/nearest-word.js';
import type { Problem } from './configuration-error.js';
import { knownKeys } from './schema.js';
import type { YamlFile } from './yaml-file.js';

/** The fields of a zod issue that this file reads. */
interface SchemaIssue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly SchemaIssue[])[];
}

/** A mistake of the file, and the place in it that is not to be read. */
interface PlacedProblem extends Problem {
  readonly path: readonly PropertyKey[];
}

/** Issues of the schema for these flags, with the lines that they are about. */
export function schemaProblems(
  issues: readonly SchemaIssue[],
  { lineOf, broken }: YamlFile,
  flags: FlagDefinitions,
): PlacedProblem[] {
  const isSaid = ({ path }: SchemaIssue): boolean => broken.some((place) => overlap(place, path));
  const found = issues.flatMap(innermost).filter((issue) => issue.keys !== undefined || !isSaid(issue));
  return found.flatMap(({ path, message, keys }) => {
    const names = path.filter((part) => typeof part === 'string');
    const problem = (place: readonly PropertyKey[], text: string): PlacedProblem => ({
      line: lineOf(place),
      text: names.length === 0 ? text : `${names.join('.')}: ${text}`,
      path: place,
    });
    if (keys === undefined) return [problem(path, message)];
    return keys.map((key) => problem([...path, key], unknownKey(key, flags, knownKeys(flags, names[0]))));
  });
}

/** Whether one of two places is in the other. */
export function overlap(one: readonly PropertyKey[], other: readonly PropertyKey[]): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.every((part, index) => part === long[index]);
}

/** Of a union, the member that takes the kind of value given; the union's own message if none does. */
function innermost(issue: SchemaIssue): readonly SchemaIssue[] {
  const meant = issue.errors?.find((errors) => !errors.some(isOtherKind));
  if (meant === undefined) return [issue];
  return meant.flatMap((one) => innermost({ ...one, path: [...issue.path, ...one.path] }));
}

/** Whether this part of the schema does not take the value at all. */
function isOtherKind({ path, code, errors }: SchemaIssue): boolean {
  if (path.length > 0) return false;
  return errors === undefined ? code === 'invalid_type' : errors.every((choice) => choice.some(isOtherKind));
}

function unknownKey(key: string, flags: FlagDefinitions, known: readonly string[]): string {
  if (Object.hasOwn(flags, key) && flags[key]?.isOfOneRun === true) {
    return `"${key}" belongs on the command line: it is about one run`;
  }
  const nearest = nearestWord(key, known);
  if (nearest !== undefined) return `there is no setting "${key}", expected perhaps ${nearest}`;
  // All flags of fetch would fill the screen.
  const expected = known.length > 16 ? 'the name of a flag (restaple fetch --help)' : `one of ${known.join(', ')}`;
  return `there is no setting "${key}", expected ${expected}`;
}
