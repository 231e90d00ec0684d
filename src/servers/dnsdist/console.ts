import { openConnection, type Connection, type Patience } from '../../system/network/connection.js';
import { shownHostAndPort, type HostAndPort } from '../../system/network/host-and-port.js';
import { TargetFailure, type ReloadLimits } from '../reload-result.js';
import { createConsoleCipher, nonceLength, tagLength, type ConsoleBuild, type ConsoleCipher } from './cipher.js';
import { connectFailure, consoleFailure, type ConsoleTrouble } from './failures.js';
import { consoleKeyLength } from './key.js';

/** An open console whose key has been proved. One command at a time. */
export interface DnsdistConsole {
  /** The library dnsdist was built with, told by its nonce. */
  readonly build: ConsoleBuild;
  /**
   * Runs a chunk of Lua and returns the reply as it came, error texts included.
   *
   * @throws TargetFailure `timeout`, `connection-lost`, `unexpected-reply`; OcspError `interrupted`
   */
  run(command: string): Promise<string>;
  close(): void;
}

/** The largest reply that is read; those to the commands used here are a few lines. */
const largestReply = 1024 * 1024;

/** A nonce comes in one piece: after so many milliseconds a shorter one is all there is. */
const nonceSettling = 500;

/** What is connected to, and how long it is waited for. */
interface Peer {
  readonly connection: Connection;
  readonly patience: Patience & { readonly deadline: number };
  readonly place: string;
  readonly failure: (trouble: ConsoleTrouble) => TargetFailure;
}

/**
 * Connects to a dnsdist console (1.7 to 2.x, built with libsodium or with libcrypto) and proves the key by an empty message,
 * as dnsdist's own client does. The time limit covers everything until `close`.
 *
 * @param randomBytes makes our nonces: as many octets as asked, unpredictable and never the same again
 * @throws TargetFailure `key-invalid`, `target-unreachable`, `permission-denied`, `authentication-failed`, `timeout`,
 *   `connection-lost`, `unexpected-reply`; OcspError `interrupted`
 */
export async function openDnsdistConsole(
  address: HostAndPort,
  key: Uint8Array,
  limits: ReloadLimits,
  randomBytes: (count: number) => Uint8Array,
): Promise<DnsdistConsole> {
  if (key.length !== consoleKeyLength) throw keyInvalid(key.length);
  const place = shownHostAndPort(address);
  const { timeoutMilliseconds, signal } = limits;
  const patience = { deadline: performance.now() + timeoutMilliseconds, signal };
  const failure = (trouble: ConsoleTrouble): TargetFailure => consoleFailure(trouble, place, timeoutMilliseconds);

  async function openAs(build: ConsoleBuild): Promise<DnsdistConsole> {
    const connection = openConnection(address, `the reload of dnsdist at ${place}`);
    const peer = { connection, patience, place, failure };
    try {
      const state = await connection.waitUntilConnected(patience);
      if (state === 'timeout') throw failure('notConnected');
      if (state === 'closed') throw connectFailure(connection.error, address);
      const ours = randomBytes(nonceLength[build]);
      connection.write(ours);
      const theirs = await receiveNonce(peer, nonceLength[build]);
      if (theirs.length !== nonceLength[build]) {
        // It took half of our nonce for the whole and the rest for a frame: only a new connection is of use.
        connection.close();
        return await openAs('libcrypto');
      }
      const cipher = await createConsoleCipher(build, key, { ours, theirs });
      const proof = await exchange(peer, cipher, new Uint8Array());
      // dnsdist knows no login: whoever holds another key is hung up on after the first frame.
      if (typeof proof === 'string') throw failure(proof === 'timeout' ? proof : 'otherKey');
      return consoleOver(peer, build, cipher);
    } catch (error) {
      connection.close();
      throw error;
    }
  }
  return await openAs('libsodium');
}

function consoleOver(peer: Peer, build: ConsoleBuild, cipher: ConsoleCipher): DnsdistConsole {
  return {
    build,
    async run(command) {
      const reply = await exchange(peer, cipher, Buffer.from(command, 'utf8'));
      if (typeof reply === 'string') throw peer.failure(reply);
      return Buffer.from(reply).toString('utf8');
    },
    close: () => peer.connection.close(),
  };
}

/** The peer's nonce: of the expected length, or of 12 octets from a libcrypto build that was sent 24. */
async function receiveNonce({ connection, patience, failure }: Peer, expected: number): Promise<Uint8Array> {
  const first = await connection.waitFor(1, patience);
  if (first !== 'ready') throw failure(first === 'timeout' ? 'silent' : 'turnedAway');
  const settled = Math.min(patience.deadline, performance.now() + nonceSettling);
  const whole = await connection.waitFor(expected, { ...patience, deadline: settled });
  const count = connection.available();
  // A console says nothing more before it is spoken to; whatever greets does.
  if (count > expected) throw failure('noConsole');
  if (count === expected || count === nonceLength.libcrypto) return connection.take();
  if (count === 1) throw failure('unencrypted');
  const late = whole === 'closed' ? whole : await connection.waitFor(expected, patience);
  if (late === 'ready' && connection.available() === expected) return connection.take();
  throw failure(late === 'timeout' ? 'silent' : 'noConsole');
}

/** Sends a message and opens the one that answers it, or says why there is none. */
async function exchange(
  { connection, patience, place, failure }: Peer,
  cipher: ConsoleCipher,
  message: Uint8Array,
): Promise<Uint8Array | 'closed' | 'timeout' | 'unsealed'> {
  const sealed = cipher.seal(message);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(sealed.length);
  connection.write(Buffer.concat([length, sealed]));

  const head = await connection.waitFor(4, patience);
  if (head !== 'ready') return head;
  const announced = connection.take(4).readUInt32BE();
  if (announced < tagLength) throw failure('noConsole');
  if (announced > largestReply + tagLength) throw replyTooLarge(place, announced);
  const body = await connection.waitFor(announced, patience);
  if (body !== 'ready') return body;
  return cipher.open(connection.take(announced)) ?? 'unsealed';
}

function keyInvalid(length: number): TargetFailure {
  return new TargetFailure(
    'key-invalid',
    `the dnsdist console key has ${length} bytes, not ${consoleKeyLength}`,
    'give the key of setKey("...") in dnsdist.conf; makeKey() in the console of dnsdist makes a new one',
  );
}

function replyTooLarge(place: string, length: number): TargetFailure {
  return new TargetFailure(
    'unexpected-reply',
    `${place} announces a reply of ${length} bytes, more than ${largestReply}`,
    'check that this is the address of controlSocket() in dnsdist.conf',
  );
}
