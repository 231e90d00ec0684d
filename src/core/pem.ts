import { OcspError } from './ocsp-error.js';

/** One block of a PEM text (RFC 7468): its label and what it encodes. */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

// A UTF-8 byte order mark, read as Latin-1, may stand before the first line.
const anyBeginLine = /(?:^|^\u00ef\u00bb\u00bf|[\r\n])-----BEGIN /;
const beginLine = /^(?:\u00ef\u00bb\u00bf)?-----BEGIN ([A-Z0-9][A-Z0-9 .#]*)-----[ \t]*$/;
const base64Line = /^[A-Za-z0-9+/]*={0,2}$/;

/** Labels whose contents are never decoded, so that a bundle's private key does not even pass through memory twice. */
function isKeyLabel(label: string): boolean {
  return label.endsWith('PRIVATE KEY') || label.endsWith('PARAMETERS');
}

/** Whether these bytes look like PEM rather than DER: some line begins with `-----BEGIN `. */
export function looksLikePem(bytes: Uint8Array): boolean {
  return anyBeginLine.test(asBuffer(bytes).toString('latin1'));
}

/**
 * The blocks of a PEM text in their order, text around them ignored; private keys are listed with empty contents and
 * never decoded (RFC 7468 §3, lax about line lengths).
 *
 * @throws OcspError `malformed-pem` for a block without its end line or with something else than base64 in it
 */
export function decodePem(bytes: Uint8Array): PemBlock[] {
  const blocks: PemBlock[] = [];
  const lines = asBuffer(bytes)
    .toString('latin1')
    .split(/\r\n|\n|\r/);
  for (let index = 0; index < lines.length; index += 1) {
    const label = beginLine.exec(lines[index] ?? '')?.[1];
    if (label === undefined) continue;
    const beginsAt = index + 1;
    const end = `-----END ${label}-----`;
    const body: string[] = [];
    for (index += 1; (lines[index] ?? end).trimEnd() !== end; index += 1) body.push(lines[index] ?? '');
    if (index >= lines.length) {
      throw new OcspError(
        'malformed-pem',
        `the ${label} block that begins in line ${beginsAt} has no end line`,
        'the file was cut short: copy it again',
      );
    }
    blocks.push({ label, der: isKeyLabel(label) ? new Uint8Array(0) : decodeBody(body, label, beginsAt) });
  }
  return blocks;
}

function decodeBody(lines: readonly string[], label: string, beginsAt: number): Uint8Array {
  // RFC 1421 headers (`Proc-Type: …`) stand before an empty line; none of the blocks read here has any use for them.
  const afterHeaders = lines.some((line) => line.includes(':')) ? lines.indexOf('') + 1 : 0;
  const text = lines.slice(afterHeaders).join('').replace(/[ \t]/g, '');
  const malformed = !base64Line.test(text) || text.replace(/=+$/, '').length % 4 === 1;
  if (malformed || text.length === 0) {
    throw new OcspError(
      'malformed-pem',
      `the ${label} block that begins in line ${beginsAt} is not base64`,
      'the file was damaged: copy it again',
    );
  }
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
