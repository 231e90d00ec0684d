import { OcspError } from './ocsp-error.js';

/** One block of a PEM text (RFC 7468): its label and what it encodes. */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

// UTF-8 byte order marks, read as Latin-1, may stand before the first line of each file that was put together.
const beginLine = /^(?:\u00ef\u00bb\u00bf)*-----BEGIN ([A-Z0-9][A-Z0-9 .#]*)-----[ \t]*$/;
const base64Line = /^[A-Za-z0-9+/]*={0,2}$/;

/** Labels whose contents are never decoded, so that a bundle's private key does not even pass through memory twice. */
function isKeyLabel(label: string): boolean {
  return label.endsWith('PRIVATE KEY') || label.endsWith('PARAMETERS');
}

const beginMark = '-----BEGIN ';
const byteOrderMark = Buffer.of(0xef, 0xbb, 0xbf);
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Whether these bytes look like PEM rather than DER: some line begins with `-----BEGIN `. */
export function looksLikePem(bytes: Uint8Array): boolean {
  const buffer = asBuffer(bytes);
  for (let at = buffer.indexOf(beginMark); at >= 0; at = buffer.indexOf(beginMark, at + 1)) {
    let start = at;
    while (buffer.subarray(Math.max(start - byteOrderMark.length, 0), start).equals(byteOrderMark)) start -= 3;
    const before = buffer[start - 1];
    if (start === 0 || before === lineFeed || before === carriageReturn) return true;
  }
  return false;
}

/** The labels of all blocks that begin in these bytes, whatever follows. */
export function pemLabelsIn(bytes: Uint8Array): string[] {
  // NUL between the letters: UTF-16.
  const text = asBuffer(bytes).toString('latin1').replaceAll('\0', '');
  return [...text.matchAll(/-----BEGIN ([^\r\n-]{1,64})-----/g)].map(([, label = '']) => label);
}

/**
 * The blocks of a PEM text in their order, text around them ignored; private keys are listed with empty contents and
 * never decoded (RFC 7468 §3, lax about line lengths). Where two files were put together and the first had no line feed at
 * its end, the end line of one block and the begin line of the next are one line.
 *
 * @throws OcspError `malformed-pem` for a block without its end line or with something other than base64 in it
 */
export function decodePem(bytes: Uint8Array): PemBlock[] {
  return decodeCommonPem(asBuffer(bytes)) ?? decodeAnyPem(bytes);
}

const dashes = '-----\n';

/** PEM as nearly every program writes it, read where it stands; undefined where a block is written in another way. */
function decodeCommonPem(bytes: Buffer): PemBlock[] | undefined {
  const blocks: PemBlock[] = [];
  for (let at = bytes.indexOf(beginMark); at >= 0;) {
    if (at > 0 && bytes[at - 1] !== lineFeed) return undefined;
    const labelEnd = bytes.indexOf(dashes, at + beginMark.length, 'latin1');
    if (labelEnd < 0) return undefined;
    const label = bytes.toString('latin1', at + beginMark.length, labelEnd);
    if (!/^[A-Z0-9][A-Z0-9 .#]*$/.test(label)) return undefined;
    const start = labelEnd + dashes.length;
    const endMark = `\n-----END ${label}-----`;
    const end = bytes.indexOf(endMark, start, 'latin1');
    const after = end + endMark.length;
    if (end < 0 || (after < bytes.length && bytes[after] !== lineFeed)) return undefined;
    const decode = blocks.length === 0 ? decodeCommonBody : decodeRepeatedBody;
    const der = isKeyLabel(label) ? new Uint8Array(0) : decode(bytes, start, end);
    if (der === undefined) return undefined;
    blocks.push({ label, der });
    at = bytes.indexOf(beginMark, after);
  }
  return blocks.length > 0 ? blocks : undefined;
}

let repeated: { readonly body: Buffer; readonly der: Uint8Array } | undefined;

/** What stands behind a certificate is mostly its issuer, and a fleet has the same one in every file. */
function decodeRepeatedBody(bytes: Buffer, start: number, end: number): Uint8Array | undefined {
  if (repeated !== undefined && bytes.compare(repeated.body, 0, undefined, start, end) === 0) return repeated.der;
  const der = decodeCommonBody(bytes, start, end);
  if (der !== undefined) repeated = { body: Buffer.from(bytes.subarray(start, end)), der };
  return der;
}

/** Undefined where it is not base64, or has other white space than line feeds. */
function decodeCommonBody(bytes: Buffer, start: number, end: number): Uint8Array | undefined {
  const body = bytes.toString('latin1', start, end);
  // The decoder takes the alphabet of base64url too, and ignores what is in neither: then octets are missing.
  if (body.includes('-') || body.includes('_')) return undefined;
  let digits = body.length - (body.endsWith('==') ? 2 : body.endsWith('=') ? 1 : 0);
  for (let at = body.indexOf('\n'); at >= 0; at = body.indexOf('\n', at + 1)) digits -= 1;
  if (digits === 0 || digits % 4 === 1) return undefined;
  const decoded = Buffer.from(body, 'base64');
  if (decoded.length !== Math.floor((digits * 3) / 4)) return undefined;
  return new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.length);
}

/** One block in PEM (RFC 7468 §2), lines of 64 characters, a line feed behind each. */
export function encodePem(label: string, der: Uint8Array): string {
  const lines =
    asBuffer(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function decodeAnyPem(bytes: Uint8Array): PemBlock[] {
  const blocks: PemBlock[] = [];
  const lines = asBuffer(bytes)
    .toString('latin1')
    .split(/\r\n|\n|\r/);
  for (let index = 0; index < lines.length; index += 1) {
    let label = labelOf(lines[index] ?? '');
    // More than once where the end line of one block goes on with the begin line of the next.
    while (label !== undefined) {
      const beginsAt = index + 1;
      const end = `-----END ${label}-----`;
      const body: string[] = [];
      let next: string | undefined;
      for (index += 1; index < lines.length; index += 1) {
        const line = lines[index] ?? '';
        const rest = line.startsWith(end) ? line.slice(end.length).trim() : undefined;
        next = rest === undefined ? undefined : labelOf(rest);
        if (rest === '' || next !== undefined) break;
        body.push(line);
      }
      if (index >= lines.length) {
        throw new OcspError(
          'malformed-pem',
          `the ${label} block that begins in line ${beginsAt} has no end line`,
          'the file was cut short: copy it again',
        );
      }
      blocks.push({ label, der: isKeyLabel(label) ? new Uint8Array(0) : decodeBody(body, label, beginsAt) });
      label = next;
    }
  }
  return blocks;
}

function labelOf(line: string): string | undefined {
  return beginLine.exec(line)?.[1];
}

function decodeBody(lines: readonly string[], label: string, beginsAt: number): Uint8Array {
  // RFC 1421 headers (`Proc-Type: …`) stand before an empty line; none of the blocks read here has any use for them.
  const afterHeaders = lines.some((line) => line.includes(':')) ? lines.indexOf('') + 1 : 0;
  const joined = (afterHeaders === 0 ? lines : lines.slice(afterHeaders)).join('');
  const text = /[ \t]/.test(joined) ? joined.replace(/[ \t]/g, '') : joined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const malformed = !base64Line.test(text) || (text.length - padding) % 4 === 1;
  if (malformed || text.length === 0) {
    throw new OcspError(
      'malformed-pem',
      `the ${label} block that begins in line ${beginsAt} is not base64`,
      'the file was damaged: copy it again',
    );
  }
  const bytes = Buffer.from(text, 'base64');
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
