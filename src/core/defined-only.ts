/** Fields that may be undefined as optional ones, the others as they are. */
type DefinedOnly<Fields> = {
  [Name in keyof Fields as undefined extends Fields[Name] ? Name : never]?: Exclude<Fields[Name], undefined>;
} & { [Name in keyof Fields as undefined extends Fields[Name] ? never : Name]: Fields[Name] };

/** The record without the fields that are undefined: an optional field is there with a value, or not at all. */
export function definedOnly<const Fields extends object>(fields: Fields): DefinedOnly<Fields> {
  const defined: Record<string, unknown> = {};
  // A loop and not entries and a filter, which take ten times as long: a fleet calls this many times per certificate.
  for (const name in fields) if (fields[name] !== undefined) defined[name] = fields[name];
  return defined as DefinedOnly<Fields>;
}
