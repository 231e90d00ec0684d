import { isIPv6, type Socket } from 'node:net';
import { OcspError } from '../core/index.js';
import { beginningOf } from '../core/shortened.js';
import { readTextLines, type TextLines } from './text-lines.js';

/**
 * Asks a mail server on a connected socket to start TLS; the handshake may begin when it resolves.
 *
 * @param place the server for messages, `mail.example:25`
 * @throws OcspError `starttls-failed`
 */
export async function askForTls(socket: Socket, protocol: 'smtp' | 'imap', place: string): Promise<void> {
  const lines = readTextLines(socket, place);
  await (protocol === 'smtp' ? askSmtp(socket, lines, place) : askImap(socket, lines, place));
  if (lines.stop().length > 0) throw earlyText(place);
}

/** RFC 3207 §4. */
async function askSmtp(socket: Socket, lines: TextLines, place: string): Promise<void> {
  const greeting = await smtpReply(lines);
  if (greeting.code !== '220') throw unexpected(place, 'the greeting of an SMTP server', greeting.text);
  socket.write(`EHLO ${addressLiteral(socket.localAddress)}\r\n`);
  const offer = await smtpReply(lines);
  if (offer.code !== '250') throw unexpected(place, 'an answer to EHLO', offer.text);
  if (!offer.lines.some((line) => /^STARTTLS\s*$/i.test(line))) throw notOffered(place);
  socket.write('STARTTLS\r\n');
  const answer = await smtpReply(lines);
  if (answer.code !== '220') throw unexpected(place, 'consent to STARTTLS', answer.text);
}

/** RFC 9051 §6.2.1; untagged lines may come at any time (§7). */
async function askImap(socket: Socket, lines: TextLines, place: string): Promise<void> {
  const greeting = await lines.next();
  if (!/^\* OK\b/i.test(greeting)) throw unexpected(place, 'the greeting of an IMAP server', greeting);
  socket.write('a STARTTLS\r\n');
  let answer = await lines.next();
  while (answer.startsWith('* ')) answer = await lines.next();
  if (/^a (?:BAD|NO)\b/i.test(answer)) throw notOffered(place, answer);
  if (!/^a OK\b/i.test(answer)) throw unexpected(place, 'consent to STARTTLS', answer);
}

interface SmtpReply {
  readonly code: string;
  readonly lines: readonly string[];
  readonly text: string;
}

/** A reply of one or several lines, `250-…` before the last `250 …` (RFC 5321 §4.2.1). */
async function smtpReply(lines: TextLines): Promise<SmtpReply> {
  const texts: string[] = [];
  for (;;) {
    const line = await lines.next();
    const match = /^(\d{3})(?:([ -])(.*))?$/.exec(line);
    if (match === null) return { code: '', lines: [], text: line };
    texts.push(match[3] ?? '');
    if (match[2] !== '-') return { code: match[1] ?? '', lines: texts, text: line };
  }
}

/** How a client without a name calls itself (RFC 5321 §4.1.3). */
function addressLiteral(address: string | undefined): string {
  if (address === undefined) return '[127.0.0.1]';
  return isIPv6(address) ? `[IPv6:${address}]` : `[${address}]`;
}

/** What comes between consent and handshake was sent by somebody in the middle, or by a broken server. */
function earlyText(place: string): OcspError {
  return new OcspError(
    'starttls-failed',
    `${place} sent text after it agreed to start TLS`,
    'the protocol allows no text there: check the server and anything in front of it',
  );
}

function notOffered(place: string, answer?: string): OcspError {
  return new OcspError(
    'starttls-failed',
    `${place} does not offer STARTTLS${answer === undefined ? '' : `: it answered "${beginningOf(answer)}"`}`,
    'switch TLS on in its configuration, or name the port where TLS starts at once and leave out --starttls',
  );
}

function unexpected(place: string, what: string, got: string): OcspError {
  return new OcspError(
    'starttls-failed',
    `${place} sent "${beginningOf(got)}" instead of ${what}`,
    'check that the port and --starttls name the same protocol',
  );
}
