import type { Socket } from 'node:net';
import { OcspError } from '../core/index.js';
import { connectionOver } from '../system/network/connection.js';

/** More than any greeting or capability list in use (RFC 5321 §4.5.3.1.5 asks for 512 octets, RFC 9051 for no limit). */
const maximumLineOctets = 8192;
const maximumLines = 100;

/** Lines as a text protocol sends them before TLS, bounded in length and number. */
export interface TextLines {
  /** The next line without its end. Rejects with `starttls-failed` where the peer closes or sends too much. */
  next(): Promise<string>;
  /** Stops reading and gives back what came after the last line. */
  stop(): Uint8Array;
}

/** Reads a socket line by line, until `stop`; `place` is for messages. */
export function readTextLines(socket: Socket, place: string): TextLines {
  const connection = connectionOver(socket, place);
  let buffered: Buffer = Buffer.alloc(0);
  let lines = 0;
  return {
    async next() {
      let end = buffered.indexOf(0x0a);
      while (end < 0 && buffered.length <= maximumLineOctets) {
        // Whoever limits the time destroys the socket.
        if ((await connection.waitFor(1, {})) !== 'ready') throw closedEarly(place);
        buffered = Buffer.concat([buffered, connection.take()]);
        end = buffered.indexOf(0x0a);
      }
      if (end < 0 || end > maximumLineOctets) {
        throw tooMuch(place, `a line of more than ${maximumLineOctets} octets`);
      }
      lines += 1;
      if (lines > maximumLines) throw tooMuch(place, `more than ${maximumLines} lines`);
      const line = buffered.toString('latin1', 0, end).replace(/\r$/, '');
      buffered = buffered.subarray(end + 1);
      return line;
    },
    stop() {
      connection.release();
      return Buffer.concat([buffered, connection.take()]);
    },
  };
}

function closedEarly(place: string): OcspError {
  return new OcspError(
    'starttls-failed',
    `${place} closed the connection before TLS`,
    "check the server's log: it may refuse this host, or be another kind of server",
  );
}

function tooMuch(place: string, what: string): OcspError {
  return new OcspError(
    'starttls-failed',
    `${place} sent ${what} before TLS`,
    'check that the port and --starttls name the same protocol',
  );
}
