import { OcspError } from '../core/ocsp-error.js';

/** One header line as name and value. */
export type HeaderLine = readonly [name: string, value: string];

/** Headers that describe the connection or the framing: ours to set, a wrong one would split or hang the exchange. */
const reserved = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers that prove who asks: for responders that the operator named, never for those that a certificate names. */
const credentialNames: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** The lines that may go to a responder, by who named it. */
export function headersFor(lines: readonly HeaderLine[], origin: 'certificate' | 'operator'): readonly HeaderLine[] {
  return origin === 'operator' ? lines : lines.filter(([name]) => !credentialNames.has(name.toLowerCase()));
}

/** Throws OcspError `usage` for a header that RFC 9110 §5 does not allow or that is not the operator's to set. Values stay out of the message. */
export function assertHeaderLines(lines: readonly HeaderLine[]): void {
  for (const [name, value] of lines) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
      // A colon further on may be part of a secret.
      throw new OcspError('usage', 'the text before the colon is not a header name', "write --header 'Name: value'");
    }
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new OcspError(
        'usage',
        `the value of the header ${name} has a control character, or one outside Latin-1`,
        'a header value is one line of Latin-1 text',
      );
    }
    if (reserved.has(name.toLowerCase())) {
      throw new OcspError('usage', `the header ${name} is set by restaple itself`, 'leave this --header out');
    }
  }
}

/** The lines as a record by lower-case name, several lines of one name as a list. */
export function headerRecord(lines: readonly HeaderLine[]): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = {};
  for (const [name, value] of lines) {
    const key = name.toLowerCase();
    const before = record[key];
    record[key] = before === undefined ? value : [before, value].flat();
  }
  return record;
}

/** The value of Authorization or Proxy-Authorization for percent-encoded credentials of a URL (RFC 7617). */
export function basicAuthorization(user: string, password: string): string {
  const credentials = `${percentDecoded(user)}:${percentDecoded(password)}`;
  return `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`;
}

/** A part of a URL's credentials; a stray `%` is a character of it, no error. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
