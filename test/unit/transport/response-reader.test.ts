import { describe, expect, it } from 'vitest';
import { Intake, readResponse, readStatus } from '../../../src/transport/response-reader.js';

const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;

function intakeOf(text: string, pieceLength = text.length): Intake {
  const bytes = Buffer.from(text, 'latin1');
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceLength) {
      yield await Promise.resolve(bytes.subarray(at, at + pieceLength));
    }
  }
  return new Intake(pieces());
}

async function read(intake: Intake, maximumBodyBytes = 100) {
  const tooLarge = (what: string): Error => new Error(`too large: ${what}`);
  const { body, ...answer } = await readResponse(intake, { maximumBodyBytes, tooLarge });
  return { ...answer, body: Buffer.from(body).toString('latin1') };
}

describe('an answer that curl reads too', () => {
  it.each<[string, string, string?]>([
    ['nothing odd', `${ok}Content-Length: 4\r\n\r\nDER!`],
    ['a folded header', `${ok}X: a\r\n b\r\n\tc\r\nContent-Length: 4\r\n\r\nDER!`, 'a header is folded'],
    ['a folded length', `${ok}Content-Length:\r\n 4\r\n\r\nDER!`, 'a header is folded'],
    ['a fold before any header', `${ok} X: y\r\nContent-Length: 4\r\n\r\nDER!`, 'a header is folded'],
    ['LF alone', `HTTP/1.1 200 OK\nContent-Length: 4\n\nDER!`, 'lines end in LF without CR'],
    ['a length twice', `${ok}Content-Length: 4\r\ncontent-length: 4\r\n\r\nDER!`, 'its Content-Length is repeated'],
    ['a length as a list', `${ok}Content-Length: 4, 4\r\n\r\nDER!`, 'its Content-Length is repeated'],
    ['a blank before a colon', `${ok}Content-Length : 4\r\n\r\nDER!`, 'a header name has a blank or is none'],
    ['a tab before a colon', `${ok}Content-Length\t:4\r\n\r\nDER!`, 'a header name has a blank or is none'],
    [
      'blanks in a name',
      `${ok}X Powered By: me\r\nContent-Length: 4\r\n\r\nDER!`,
      'a header name has a blank or is none',
    ],
    [
      'a control character',
      `${ok}X: a\u0001\u007fb\r\nContent-Length: 4\r\n\r\nDER!`,
      'a header has a control character',
    ],
    ['a CR in a value', `${ok}X: a\rb\r\nContent-Length: 4\r\n\r\nDER!`, 'a header has a control character'],
    ['a padded chunk size', `${chunked}4   \r\nDER!\r\n0\r\n\r\n`, 'the size of a chunk is padded'],
    ['a padded last chunk', `${chunked}04\r\nDER!\r\n0  ;x=y\r\n\r\n`, 'the size of a chunk is padded'],
    ['chunks with LF alone', `${chunked}2\nDE\n2\nR!\n0\n\n`, 'lines end in LF without CR'],
    ['a folded trailer', `${chunked}4\r\nDER!\r\n0\r\nX: a\r\n b\r\n\r\n`, 'a header is folded'],
    [
      'identity',
      `${ok}Transfer-Encoding: identity\r\nContent-Length: 4\r\n\r\nDER!`,
      'its Transfer-Encoding is identity',
    ],
    ['no length', `${ok}\r\nDER!`],
    ['no reason', `HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nDER!`],
    ['two blanks', `http/1.0  200  OK\r\nContent-Length: 4\r\n\r\nDER!`],
    [
      'interim answers',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n${ok}Content-Length: 4\r\n\r\nDER!`,
    ],
    ['octets behind it', `${ok}Content-Length: 4\r\n\r\nDER!HTTP/1.1 500`],
    ['chunks with extensions', `${chunked}4;a="b"\r\nDER!\r\n0\r\nX: y\r\n\r\n`],
  ])('%s', async (_title, text, lapse) => {
    const expected = { status: 200, body: 'DER!', lapses: lapse === undefined ? [] : [lapse] };
    expect(await read(intakeOf(text))).toMatchObject(expected);
    expect(await read(intakeOf(text, 1))).toMatchObject(expected);
  });

  it('has no body with 204 and 304', async () => {
    for (const status of [204, 304]) {
      expect(await read(intakeOf(`HTTP/1.1 ${status} x\nContent-Length: 7\n\n`))).toMatchObject({ status, body: '' });
    }
  });

  it('gives folded values in one line, and the first of several', async () => {
    const { headers } = await read(
      intakeOf(
        `${ok}Expires: a\r\n b\r\nExpires: c\r\nCache-Control: x\r\ncache-control:y\r\nContent-Length: 0\r\n\r\n`,
      ),
    );
    expect(headers).toMatchObject({ expires: 'a b', 'cache-control': 'x, y' });
  });

  it('leaves the next answer where it is', async () => {
    const intake = intakeOf(
      `${ok}Content-Length: 1\n\nA${chunked}1\r\nB\r\n0\r\n\r\n${ok}Content-Length: 1\r\n\r\nC`,
      7,
    );
    const bodies = [await read(intake), await read(intake), await read(intake)].map(({ body }) => body);
    expect(bodies).toEqual(['A', 'B', 'C']);
  });
});

describe('an answer that is refused', () => {
  it.each<[string, string, string]>([
    [
      'lengths that differ',
      `${ok}Content-Length: 4\r\nContent-Length: 5\r\n\r\nDER!!`,
      'Content-Length headers differ',
    ],
    ['a list of other lengths', `${ok}Content-Length: 5, 4\r\n\r\nDER!!`, 'Content-Length headers differ'],
    ['a length beside chunked', `${ok}Content-Length: 4\n${chunked.slice(ok.length)}4\r\nDER!\r\n0\r\n\r\n`, 'beside'],
    ['chunked beside a length', `${chunked.slice(0, -2)}Content-Length : 14\r\n\r\n4\r\nDER!\r\n0\r\n\r\n`, 'beside'],
    ['chunked twice', `${ok}Transfer-Encoding: chunked, chunked\r\n\r\n4\r\nDER!\r\n0\r\n\r\n`, 'not only chunked'],
    [
      'a coding below chunked',
      `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n4\r\nDER!\r\n0\r\n\r\n`,
      'not only chunked',
    ],
    ['an empty length', `${ok}Content-Length:\r\n\r\nDER!`, 'not a number'],
    ['a signed length', `${ok}Content-Length: +4\r\n\r\nDER!`, 'not a number'],
    ['two words as length', `${ok}Content-Length: 4 4\r\n\r\nDER!`, 'not a number'],
    ['a line without colon', `${ok}garbage\r\nContent-Length: 4\r\n\r\nDER!`, 'no colon'],
    ['NUL', `${ok}X: a\0b\r\nContent-Length: 4\r\n\r\nDER!`, 'NUL'],
    ['a chunk size that is none', `${chunked}4x\r\nDER!\r\n0\r\n\r\n`, 'size of a chunk'],
    ['a longer chunk', `${chunked}3\r\nDER!\r\n0\r\n\r\n`, 'longer than it says'],
    ['another version', `HTTP/1.2 200 OK\r\nContent-Length: 4\r\n\r\nDER!`, 'status line'],
    ['another protocol', '220 mail.example ESMTP\r\n', 'status line'],
    ['a shorter body', `${ok}Content-Length: 5\r\n\r\nDER!`, 'ends too soon'],
    ['chunks without end', `${chunked}4\r\nDER!\r\n`, 'ends too soon'],
    ['half a head', `${ok}Content-Le`, 'ends too soon'],
    ['a switch of protocols', 'HTTP/1.1 101 x\r\n\r\n', 'final status'],
    ['interim answers for ever', 'HTTP/1.1 100 x\r\n\r\n'.repeat(50), 'final status'],
    ['large headers', `${ok}X: ${'x'.repeat(20_000)}\r\n\r\n`, 'too large'],
    ['many headers', `${ok}${'X: y\n'.repeat(5000)}\r\n`, 'too large'],
    ['many folds', `${ok}X: y\r\n${' \r\n'.repeat(9000)}\r\n`, 'too large'],
    ['a large trailer', `${chunked}0\r\n${'X: y\r\n'.repeat(5000)}\r\n`, 'too large'],
    ['a large chunk extension', `${chunked}4;${'x'.repeat(20_000)}\r\n`, 'too large'],
    ['an announced body', `${ok}Content-Length: 101\r\n\r\n`, 'announces 101 bytes'],
    ['a huge length', `${ok}Content-Length: 999999999999999\r\n\r\n`, 'announces'],
    ['a body that goes on', `${ok}\r\n${'x'.repeat(101)}`, 'goes on'],
    ['a large chunk', `${chunked}ffffffffffffffff\r\n`, 'goes on'],
    ['many chunks', `${chunked}${'1\r\nx\r\n'.repeat(101)}`, 'goes on'],
  ])('%s', async (_title, text, reason) => {
    await expect(read(intakeOf(text))).rejects.toThrow(reason);
    await expect(read(intakeOf(text, 3))).rejects.toThrow(reason);
  });
});

it('the status of an answer without a body', async () => {
  const intake = intakeOf('HTTP/1.1 100 x\n\nHTTP/1.0 200 Connection established\nX:\n\nwhat follows');
  expect(await readStatus(intake)).toBe(200);
  expect(Buffer.from((await intake.some(100)) ?? []).toString()).toBe('what follows');
});
