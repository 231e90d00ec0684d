import { objectIdentifier, sequence, setOf, tagged } from './der-writer.js';

const attributeTypes = {
  CN: '2.5.4.3',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  serialNumber: '2.5.4.5',
  DC: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
} as const;

const stringTags = {
  utf8: 0x0c,
  numeric: 0x12,
  printable: 0x13,
  teletex: 0x14,
  ia5: 0x16,
  visible: 0x1a,
  universal: 0x1c,
  bmp: 0x1e,
} as const;

/** One attribute of a name. The text is written as it is: hostile text (escapes, newlines, NUL) is welcome. */
export interface NameAttribute {
  /** A short name from the list above, or a dotted OID. */
  readonly type: keyof typeof attributeTypes | `${number}.${string}`;
  /** Text, or the contents octets of the string. */
  readonly value: string | Uint8Array;
  readonly encoding?: keyof typeof stringTags;
}

/** A relative distinguished name: one attribute, or several in one SET. */
export type RelativeDistinguishedName = NameAttribute | readonly NameAttribute[];

/** Name (RFC 5280 §4.1.2.4), DER. */
export function distinguishedName(relativeNames: readonly RelativeDistinguishedName[]): Buffer {
  return sequence(
    ...relativeNames.map((relative) => {
      const attributes: readonly NameAttribute[] = 'type' in relative ? [relative] : relative;
      return setOf(...attributes.map(encodeAttribute));
    }),
  );
}

/** A Name of one commonName. */
export function commonName(text: string): Buffer {
  return distinguishedName([{ type: 'CN', value: text }]);
}

function encodeAttribute({ type, value, encoding = 'utf8' }: NameAttribute): Buffer {
  const identifier = type in attributeTypes ? attributeTypes[type as keyof typeof attributeTypes] : type;
  return sequence(objectIdentifier(identifier), tagged(stringTags[encoding], encodeText(value, encoding)));
}

function encodeText(value: string | Uint8Array, encoding: keyof typeof stringTags): Uint8Array {
  if (typeof value !== 'string') return value;
  if (encoding === 'universal') {
    return Buffer.concat(Array.from(value, (character) => unsigned32(character.codePointAt(0) ?? 0)));
  }
  if (encoding === 'bmp') return Buffer.from(value, 'utf16le').swap16();
  return Buffer.from(value, encoding === 'utf8' ? 'utf8' : 'latin1');
}

function unsigned32(number: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(number);
  return octets;
}
