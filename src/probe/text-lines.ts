import type { Socket } from 'node:net';
import { OcspError } from '../core/index.js';

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

interface Waiting {
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/** Reads a socket line by line, until `stop`; `place` is for messages. */
export function readTextLines(socket: Socket, place: string): TextLines {
  let buffered: Buffer = Buffer.alloc(0);
  let lines = 0;
  let ended = false;
  let waiting: Waiting | undefined;

  const deliver = (): void => {
    if (waiting === undefined) return;
    const { resolve, reject } = waiting;
    const end = buffered.indexOf(0x0a);
    if (end > maximumLineOctets || (end < 0 && buffered.length > maximumLineOctets)) {
      waiting = undefined;
      reject(tooMuch(place, `a line of more than ${maximumLineOctets} octets`));
    } else if (end >= 0) {
      waiting = undefined;
      lines += 1;
      const line = buffered.toString('latin1', 0, end).replace(/\r$/, '');
      buffered = buffered.subarray(end + 1);
      if (lines > maximumLines) reject(tooMuch(place, `more than ${maximumLines} lines`));
      else resolve(line);
    } else if (ended) {
      waiting = undefined;
      reject(
        new OcspError(
          'starttls-failed',
          `${place} closed the connection before TLS`,
          "check the server's log: it may refuse this host, or be another kind of server",
        ),
      );
    }
  };
  const receive = (chunk: Buffer): void => {
    buffered = Buffer.concat([buffered, chunk]);
    // What was not asked for yet waits in the kernel: a flood costs no memory here.
    if (waiting === undefined && buffered.length > maximumLineOctets) socket.pause();
    deliver();
  };
  const finish = (): void => {
    ended = true;
    deliver();
  };
  socket.on('data', receive).on('end', finish).on('close', finish);

  return {
    next: () =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.resume();
        deliver();
      }),
    stop: () => {
      socket.off('data', receive).off('end', finish).off('close', finish);
      return buffered;
    },
  };
}

function tooMuch(place: string, what: string): OcspError {
  return new OcspError(
    'starttls-failed',
    `${place} sent ${what} before TLS`,
    'check that the port and --starttls name the same protocol',
  );
}
