/** Fields that may be undefined as optional ones, the others as they are. */
type DefinedOnly<Fields> = {
  [Name in keyof Fields as undefined extends Fields[Name] ? Name : never]?: Exclude<Fields[Name], undefined>;
} & { [Name in keyof Fields as undefined extends Fields[Name] ? never : Name]: Fields[Name] };

/** The record without the fields that are undefined: an optional field is there with a value, or not at all. */
export function definedOnly<const Fields extends object>(fields: Fields): DefinedOnly<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as DefinedOnly<Fields>;
}
