import { NotHttpError } from './network-error.js';

/** What a body may be, and whom its reader tells. */
export interface ReadingRules {
  readonly maximumBodyBytes: number;
  /** The error for a larger body; `what` is what it does. */
  readonly tooLarge: (what: string) => Error;
  /** The final answer begins. */
  readonly begun?: () => void;
}

/** An answer by name: header names in lower case, several of one name with commas between them. */
export interface ReadAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** In what it breaks the rules of HTTP, in words. */
  readonly lapses: readonly string[];
}

/** As many octets as Node takes for headers too. */
const maximumHeadOctets = 16 * 1024;

/** Interim answers (RFC 9110 §15.2) before the one that counts. */
const maximumInterimAnswers = 8;

/** Octets that come in pieces, taken by lines and by counts. */
export class Intake {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private held: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterator<Uint8Array>) {
    this.pieces = pieces;
  }

  /** The octets before the next LF. Throws NotHttpError where there are more than `most`, or the octets end. */
  async line(most: number): Promise<string> {
    for (let looked = 0; ;) {
      const end = this.held.indexOf(0x0a, looked);
      if (Math.max(end, end < 0 ? this.held.length : 0) > most) throw new NotHttpError('its headers are too large');
      if (end >= 0) {
        const line = this.held.toString('latin1', 0, end);
        this.held = this.held.subarray(end + 1);
        return line;
      }
      looked = this.held.length;
      if (!(await this.receive())) throw new NotHttpError('it ends too soon');
    }
  }

  /** The next octets, at most so many; undefined at their end. */
  async some(most: number): Promise<Uint8Array | undefined> {
    while (this.held.length === 0) if (!(await this.receive())) return undefined;
    const taken = this.held.subarray(0, most);
    this.held = this.held.subarray(taken.length);
    return taken;
  }

  private async receive(): Promise<boolean> {
    const next = await this.pieces.next();
    if (next.done === true) return false;
    const piece = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length);
    this.held = this.held.length === 0 ? piece : Buffer.concat([this.held, piece]);
    return true;
  }
}

/**
 * Reads one answer as curl does: folded headers, lines that end in LF only, control characters in values, blanks around
 * a header's name or a chunk's size, the same Content-Length twice. What leaves the length of the body open is refused:
 * lengths that differ, and one beside chunked. Octets behind the answer stay in the intake.
 *
 * @throws NotHttpError, what `tooLarge` gives, and what the pieces throw
 */
export async function readResponse(intake: Intake, rules: ReadingRules): Promise<ReadAnswer> {
  const lapses = new Set<string>();
  const head = await readFinalHead(intake, lapses);
  rules.begun?.();
  const framing = framingOf(head, lapses);
  const body = await readBody(intake, framing, rules, lapses);
  return { status: head.status, headers: joined(head.fields), body, lapses: [...lapses] };
}

/** Reads the head of an answer that has no body of its own, as that to CONNECT (RFC 9110 §9.3.6); its status. */
export async function readStatus(intake: Intake): Promise<number> {
  return (await readFinalHead(intake, new Set())).status;
}

interface Field {
  readonly name: string;
  value: string;
}

interface Head {
  readonly status: number;
  readonly fields: readonly Field[];
}

type Lapses = Set<string>;

type ReadLine = () => Promise<string>;

async function readFinalHead(intake: Intake, lapses: Lapses): Promise<Head> {
  for (let interim = 0; interim <= maximumInterimAnswers; interim++) {
    const line = lineReader(intake, lapses);
    const status = await readStatusLine(line);
    const fields = await readFields(line, lapses);
    if (status >= 200) return { status, fields };
    if (status === 101) break;
  }
  throw new NotHttpError('it goes on without a final status');
}

/** Lines of one head or trailer, within a bound on all of them; the CR before an LF belongs to it. */
function lineReader(intake: Intake, lapses: Lapses): ReadLine {
  let left = maximumHeadOctets;
  return async () => {
    const line = await intake.line(left);
    left -= line.length + 1;
    if (left < 0) throw new NotHttpError('its headers are too large');
    if (!line.endsWith('\r')) lapses.add('lines end in LF without CR');
    return line.replace(/\r$/, '');
  };
}

async function readStatusLine(readLine: ReadLine): Promise<number> {
  let line = await readLine();
  // RFC 9112 §2.2 asks servers to ignore such a line; Node does too.
  while (line === '') line = await readLine();
  const status = /^HTTP\/(?:1\.[01]|2(?:\.0)?)[ \t]+(\d{3})(?:[ \t].*)?$/is.exec(line)?.[1];
  if (status === undefined || Number(status) < 100) throw new NotHttpError('it does not begin with a status line');
  return Number(status);
}

async function readFields(readLine: ReadLine, lapses: Lapses): Promise<Field[]> {
  const fields: Field[] = [];
  for (let line = await readLine(); line !== ''; line = await readLine()) {
    const text = withoutControls(line, lapses);
    if (/^[ \t]/.test(text)) {
      lapses.add('a header is folded');
      const last = fields.at(-1);
      // RFC 9112 §5.2: folds become a blank; §2.2: such a line before any header is ignored.
      if (last !== undefined) last.value = `${last.value} ${text.trim()}`.trim();
      continue;
    }
    const colon = text.indexOf(':');
    if (colon < 0) throw new NotHttpError('a line among its headers has no colon');
    const name = text.slice(0, colon);
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/i.test(name)) lapses.add('a header name has a blank or is none');
    fields.push({ name: name.trim().toLowerCase(), value: text.slice(colon + 1).trim() });
  }
  return fields;
}

/** RFC 9110 §5.5: other control characters than NUL may become blanks. */
function withoutControls(line: string, lapses: Lapses): string {
  // eslint-disable-next-line no-control-regex -- exactly these
  const controls = /[\u0001-\u0008\u000b-\u001f\u007f]/g;
  if (line.includes('\0')) throw new NotHttpError('a header has a NUL');
  if (line.search(controls) < 0) return line;
  lapses.add('a header has a control character');
  return line.replace(controls, ' ');
}

type Framing = number | 'chunked' | 'until the end';

/** How the end of the body is told (RFC 9112 §6.3), where all that says something of it says the same. */
function framingOf({ status, fields }: Head, lapses: Lapses): Framing {
  const valuesOf = (name: string): string[] => fields.filter((field) => field.name === name).map(({ value }) => value);
  const written = valuesOf('content-length');
  const lengths = written.flatMap((value) => listOf(value));
  const codings = valuesOf('transfer-encoding').flatMap((value) => listOf(value.toLowerCase()));
  // Without a meaning since RFC 7230.
  const meant = codings.filter((coding) => coding !== 'identity');
  if (meant.length < codings.length) lapses.add('its Transfer-Encoding is identity');
  if (meant.length > 0 && written.length > 0)
    throw new NotHttpError('it has a Content-Length beside Transfer-Encoding');
  if (lengths.some((length) => !/^\d{1,15}$/.test(length)) || (written.length > 0 && lengths.length === 0)) {
    throw new NotHttpError('its Content-Length is not a number');
  }
  const [length, ...others] = new Set(lengths.map(Number));
  if (others.length > 0) throw new NotHttpError('its Content-Length headers differ');
  if (lengths.length > 1) lapses.add('its Content-Length is repeated');
  if (status === 204 || status === 304) return 0;
  if (meant.length === 0) return length ?? 'until the end';
  if (meant.length === 1 && meant[0] === 'chunked') return 'chunked';
  throw new NotHttpError('its Transfer-Encoding is not only chunked');
}

/** The members of a list (RFC 9110 §5.6.1): empty ones do not count. */
function listOf(value: string): string[] {
  return value
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

async function readBody(intake: Intake, framing: Framing, rules: ReadingRules, lapses: Lapses): Promise<Uint8Array> {
  const { maximumBodyBytes, tooLarge } = rules;
  const body = new Gathered();
  const take = async (count: number): Promise<void> => {
    for (let left = count; left > 0;) {
      const piece = await intake.some(left);
      if (piece === undefined) throw new NotHttpError('it ends too soon');
      body.add(piece);
      left -= piece.length;
    }
  };
  if (framing === 'until the end') {
    for (let piece = await intake.some(Infinity); piece !== undefined; piece = await intake.some(Infinity)) {
      if (body.length + piece.length > maximumBodyBytes) throw tooLarge('goes on');
      body.add(piece);
    }
  } else if (framing === 'chunked') {
    const readLine = lineReader(intake, lapses);
    for (;;) {
      // Its own bound for each, since there may be as many chunks as octets.
      const size = chunkSize(await lineReader(intake, lapses)(), lapses);
      if (body.length + size > maximumBodyBytes) throw tooLarge('goes on');
      if (size === 0) break;
      await take(size);
      if ((await lineReader(intake, lapses)()) !== '') throw new NotHttpError('a chunk is longer than it says');
    }
    // Trailers say nothing that is used.
    await readFields(readLine, lapses);
  } else {
    if (framing > maximumBodyBytes) throw tooLarge(`announces ${framing} bytes`);
    await take(framing);
  }
  return body.octets();
}

/** RFC 9112 §7.1; extensions are ignored. */
function chunkSize(line: string, lapses: Lapses): number {
  const [, size, padding = ''] = /^([0-9a-f]{1,16})([ \t]*)(?:;.*)?$/is.exec(line) ?? [];
  if (size === undefined) throw new NotHttpError('the size of a chunk is not a number');
  if (padding !== '') lapses.add('the size of a chunk is padded');
  return parseInt(size, 16);
}

/** Octets in one piece: a body may come in as many pieces as it has octets, and each of its own would cost a hundred. */
class Gathered {
  length = 0;
  private room = Buffer.alloc(0);

  add(piece: Uint8Array): void {
    const length = this.length + piece.length;
    if (length > this.room.length) this.room = Buffer.concat([this.room], Math.max(length, this.room.length * 2, 4096));
    this.room.set(piece, this.length);
    this.length = length;
  }

  octets(): Uint8Array {
    return this.room.subarray(0, this.length);
  }
}

/** As Node joins them: of a header that has one value the first counts. */
function joined(fields: readonly Field[]): Record<string, string> {
  const headers = new Map<string, string>();
  for (const { name, value } of fields) {
    const before = headers.get(name);
    if (before === undefined) headers.set(name, value);
    else if (name === 'cache-control' || name === 'content-encoding') headers.set(name, `${before}, ${value}`);
  }
  return Object.fromEntries(headers);
}
