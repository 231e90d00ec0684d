import { DerError, Tag, readWhole, type DerReader } from '../der/der.js';

/** One extension as it stands: `value` is the contents of extnValue (RFC 5280 §4.1.2.9). */
export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/**
 * Reads a SEQUENCE OF Extension. An explicit `critical FALSE` is accepted, since deployed CAs write it; the same
 * extension twice is refused where `unique` is set (RFC 5280 §4.2).
 */
export function readExtensions(list: DerReader, what: string, options: { unique: boolean }): Extension[] {
  const whole = `extension of ${what}`;
  const type = `extension type of ${what}`;
  const criticality = `critical of ${what}`;
  const contents = `extension value of ${what}`;
  const extensions: Extension[] = [];
  const seen = new Set<string>();
  while (!list.isAtEnd) {
    const offset = list.offset;
    const reader = list.sequence(whole);
    const oid = reader.objectIdentifier(type);
    const critical = reader.peekTag() === Tag.boolean ? reader.boolean(criticality) : false;
    const value = reader.octetString(contents);
    reader.end(whole);
    if (options.unique && seen.has(oid)) {
      throw new DerError('duplicate', `${what} has the extension ${oid} twice`, offset);
    }
    seen.add(oid);
    extensions.push({ oid, critical, value });
  }
  return extensions;
}

/** The extensions in an explicit tag, whose list has this name in messages; none where the tag is not there. */
export function readExplicitExtensions(
  explicit: DerReader | undefined,
  name: string,
  what: string,
  options: { unique: boolean },
): Extension[] {
  if (explicit === undefined) return [];
  const extensions = readExtensions(explicit.sequence(name), what, options);
  explicit.end(name);
  return extensions;
}

/** The extension of this type, if there is one. */
export function findExtension(extensions: readonly Extension[], oid: string): Extension | undefined {
  for (const extension of extensions) if (extension.oid === oid) return extension;
  return undefined;
}

/** A reader over the SEQUENCE in the extension of this type, if there is one. */
export function enterExtension(extensions: readonly Extension[], oid: string, what: string): DerReader | undefined {
  const extension = findExtension(extensions, oid);
  return extension === undefined ? undefined : readWhole(extension.value, Tag.sequence, what);
}

/** The types of the critical extensions that are not among those known (RFC 5280 §4.2). */
export function unknownCritical(extensions: readonly Extension[], known: ReadonlySet<string>): string[] {
  const unknown: string[] = [];
  for (const { oid, critical } of extensions) if (critical && !known.has(oid)) unknown.push(oid);
  return unknown;
}
