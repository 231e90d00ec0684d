import { createConsoleCipher, nonceLength, tagLength, type ConsoleBuild, type ConsoleCipher } from './cipher.js';
import { consoleKeyLength } from './key.js';
import { connectStream, turnedAway, type ByteStream, type StreamLimits } from './stream.js';
import { shownHostAndPort, type HostAndPort } from '../../system/host-and-port.js';
import { TargetFailure, type ReloadLimits } from '../reload-result.js';

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

interface Handshake {
  readonly build: ConsoleBuild;
  readonly stream: ByteStream;
  readonly ours: Uint8Array;
  readonly theirs: Uint8Array;
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
  const within: StreamLimits = { ...limits, deadline: performance.now() + limits.timeoutMilliseconds };
  const connectAs = async (build: ConsoleBuild): Promise<Handshake> => {
    const stream = await connectStream(address, within);
    try {
      const ours = randomBytes(nonceLength[build]);
      stream.write(ours);
      const theirs = await nonceOf(stream, nonceLength[build], place, limits);
      return { build: theirs.length === nonceLength[build] ? build : 'libcrypto', stream, ours, theirs };
    } catch (error) {
      stream.close();
      throw error;
    }
  };

  let handshake = await connectAs('libsodium');
  if (handshake.build === 'libcrypto') {
    // It took half of our nonce for the whole and the rest for a frame: only a new connection is of use.
    handshake.stream.close();
    handshake = await connectAs('libcrypto');
  }
  const { build, stream, ours, theirs } = handshake;
  const cipher = await createConsoleCipher(build, key, { ours, theirs });
  try {
    await proveKey(stream, cipher, place, limits);
  } catch (error) {
    stream.close();
    throw error;
  }
  return {
    build,
    run: async (command) => {
      const reply = await exchange(stream, cipher, Buffer.from(command, 'utf8'), place);
      if (reply instanceof Uint8Array) return Buffer.from(reply).toString('utf8');
      throw replyFailure(reply, place, limits);
    },
    close: () => stream.close(),
  };
}

/** The peer's nonce: of the expected length, or of 12 octets from a libcrypto build that was sent 24. */
async function nonceOf(stream: ByteStream, expected: number, place: string, limits: ReloadLimits): Promise<Uint8Array> {
  const first = await stream.waitFor(1);
  if (first === 'timeout') throw silent(place, limits);
  if (first === 'closed') throw turnedAway(place);
  const whole = await stream.waitFor(expected, nonceSettling);
  const count = stream.available();
  if (whole === 'ready') {
    // A console says nothing more before it is spoken to; whatever greets does.
    if (count > expected) throw noConsole(place);
    return stream.take(expected);
  }
  if (count === nonceLength.libcrypto) return stream.take(count);
  if (count === 1) throw unencrypted(place);
  if (whole === 'closed') throw noConsole(place);
  const late = await stream.waitFor(expected);
  if (late === 'ready' && stream.available() === expected) return stream.take(expected);
  throw late === 'timeout' ? silent(place, limits) : noConsole(place);
}

/** dnsdist knows no login: whoever holds another key is hung up on after the first frame. */
async function proveKey(stream: ByteStream, cipher: ConsoleCipher, place: string, limits: ReloadLimits): Promise<void> {
  const reply = await exchange(stream, cipher, new Uint8Array(), place);
  if (reply instanceof Uint8Array) return;
  if (reply === 'timeout') throw replyFailure(reply, place, limits);
  throw new TargetFailure(
    'authentication-failed',
    `dnsdist at ${place} has another console key`,
    'give the key of setKey("...") in the configuration that this dnsdist runs with; a key changed there takes effect with its restart',
  );
}

/** Sends a message and opens the one that answers it, or says why there is none. */
async function exchange(
  stream: ByteStream,
  cipher: ConsoleCipher,
  message: Uint8Array,
  place: string,
): Promise<Uint8Array | 'closed' | 'timeout' | 'unsealed'> {
  const sealed = cipher.seal(message);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(sealed.length);
  stream.write(Buffer.concat([length, sealed]));

  const head = await stream.waitFor(4);
  if (head !== 'ready') return head;
  const announced = stream.take(4).readUInt32BE();
  if (announced < tagLength) throw noConsole(place);
  if (announced > largestReply + tagLength) throw replyTooLarge(place, announced);
  const body = await stream.waitFor(announced);
  if (body !== 'ready') return body;
  return cipher.open(stream.take(announced)) ?? 'unsealed';
}

function replyFailure(why: 'closed' | 'timeout' | 'unsealed', place: string, limits: ReloadLimits): TargetFailure {
  switch (why) {
    case 'closed':
      return new TargetFailure(
        'connection-lost',
        `dnsdist at ${place} closed the connection instead of answering`,
        'look whether dnsdist still runs and what its log says; the next run tries again',
      );
    case 'timeout':
      return new TargetFailure(
        'timeout',
        `dnsdist at ${place} took a message and did not answer within ${limits.timeoutMilliseconds} ms`,
        'look whether dnsdist still answers queries, and restart it if not; the next run tries again',
      );
    case 'unsealed':
      return new TargetFailure(
        'unexpected-reply',
        `a reply from ${place} is not sealed with the console key`,
        'look for what stands between this machine and dnsdist: the reply was changed on its way',
      );
  }
}

function keyInvalid(length: number): TargetFailure {
  return new TargetFailure(
    'key-invalid',
    `the dnsdist console key has ${length} bytes, not ${consoleKeyLength}`,
    'give the key of setKey("...") in dnsdist.conf; makeKey() in the console of dnsdist makes a new one',
  );
}

function silent(place: string, limits: ReloadLimits): TargetFailure {
  return new TargetFailure(
    'timeout',
    `${place} takes connections and did not answer as a dnsdist console within ${limits.timeoutMilliseconds} ms`,
    'check that this is the port of controlSocket() and not of another service, and whether dnsdist still answers queries',
  );
}

function unencrypted(place: string): TargetFailure {
  return new TargetFailure(
    'unexpected-reply',
    `the dnsdist at ${place} was built without encryption for its console`,
    'use a dnsdist built with libsodium (see dnsdist --version), or reload with exec:COMMAND',
  );
}

function noConsole(place: string): TargetFailure {
  return new TargetFailure(
    'unexpected-reply',
    `what answers at ${place} is no dnsdist console`,
    'give the address of controlSocket() in dnsdist.conf',
  );
}

function replyTooLarge(place: string, length: number): TargetFailure {
  return new TargetFailure(
    'unexpected-reply',
    `${place} announces a reply of ${length} bytes, more than ${largestReply}`,
    'check that this is the address of controlSocket() in dnsdist.conf',
  );
}
