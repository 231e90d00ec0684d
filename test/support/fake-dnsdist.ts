import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';

/** What a fake console does instead of answering, and when. */
export type ConsoleMishap =
  | 'closes-at-once'
  | 'resets-at-once'
  | 'silent-at-once'
  | 'greets-like-ssh'
  | 'answers-like-http'
  | 'hangs-over-half-a-nonce'
  | 'silent-after-nonce'
  | 'silent-after-ping'
  | 'closes-after-ping'
  | 'announces-a-huge-reply'
  | 'announces-a-short-reply'
  | 'spoils-replies';

export interface FakeDnsdistOptions {
  readonly build?: 'libsodium' | 'libcrypto' | 'none';
  readonly key?: Uint8Array;
  /** The server's nonce; default random. */
  readonly nonce?: Uint8Array;
  readonly mishap?: ConsoleMishap;
  /** The reply to a command; default empty, as dnsdist answers what returns nothing. */
  readonly reply?: (command: string) => string;
  /** Sends everything an octet at a time. */
  readonly dribbles?: boolean;
}

export interface FakeDnsdist {
  readonly address: { readonly host: string; readonly port: number };
  /** Commands in the order they came, over all connections; the ping is the empty one. */
  readonly commands: string[];
  /** Whole frames as hex, length first. */
  readonly received: string[];
  readonly sent: string[];
  readonly connections: () => number;
  stop(): Promise<void>;
}

/** dnsdist's own limit on what it takes (setConsoleOutputMaxMsgSize). */
const largestMessage = 10_000_000;

/** A console that speaks as dnsdist does, written against its protocol and not against restaple's client. */
export async function startFakeDnsdist(options: FakeDnsdistOptions = {}): Promise<FakeDnsdist> {
  const sockets = new Set<Socket>();
  const fake = { commands: [] as string[], received: [] as string[], sent: [] as string[] };
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    void serve(socket, options, fake).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...fake,
    address: { host: '127.0.0.1', port },
    connections: () => connections,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(
  socket: Socket,
  options: FakeDnsdistOptions,
  fake: Pick<FakeDnsdist, 'commands' | 'received' | 'sent'>,
): Promise<void> {
  const { build = 'libsodium', key = new Uint8Array(32), mishap, reply = () => '' } = options;
  const read = reader(socket);
  const write = async (bytes: Uint8Array): Promise<void> => {
    for (const piece of options.dribbles === true ? [...bytes].map((octet) => Buffer.of(octet)) : [bytes]) {
      socket.write(piece);
      if (options.dribbles === true) await new Promise((resolve) => setImmediate(resolve));
    }
  };

  if (mishap === 'closes-at-once') return void socket.destroy();
  if (mishap === 'resets-at-once') return void socket.resetAndDestroy();
  if (mishap === 'silent-at-once') return;
  if (mishap === 'greets-like-ssh') return void socket.write('SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n');
  const length = { libsodium: 24, libcrypto: 12, none: 1 }[build];
  const theirs = await read(length);
  if (mishap === 'answers-like-http') return void socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  const ours = Buffer.from(options.nonce ?? randomBytes(length));
  await write(ours);
  const half = length / 2;
  const reading = Buffer.concat([ours.subarray(0, half), theirs.subarray(half)]);
  const writing = Buffer.concat([theirs.subarray(0, half), ours.subarray(half)]);

  for (;;) {
    const head = await read(4);
    if (mishap === 'silent-after-nonce') return;
    if (head.readUInt32BE() > largestMessage) {
      if (mishap === 'hangs-over-half-a-nonce') return;
      return void socket.destroy();
    }
    const frame = await read(head.readUInt32BE());
    fake.received.push(Buffer.concat([head, frame]).toString('hex'));
    const message = open(build, key, reading, frame);
    if (message === undefined) return void socket.destroy();
    fake.commands.push(message.toString('utf8'));
    const isPing = message.length === 0;
    if (!isPing && mishap === 'silent-after-ping') return;
    if (!isPing && mishap === 'closes-after-ping') return void socket.destroy();
    if (mishap === 'announces-a-huge-reply') return void socket.write(Buffer.from('7fffffff', 'hex'));
    if (mishap === 'announces-a-short-reply') return void socket.write(Buffer.from('00000003414141', 'hex'));
    const sealed = seal(build, key, writing, Buffer.from(isPing ? '' : reply(message.toString('utf8'))));
    if (!isPing && mishap === 'spoils-replies') sealed[0] = (sealed[0] ?? 0) ^ 1;
    const size = Buffer.alloc(4);
    size.writeUInt32BE(sealed.length);
    fake.sent.push(Buffer.concat([size, sealed]).toString('hex'));
    await write(Buffer.concat([size, sealed]));
  }
}

type Build = NonNullable<FakeDnsdistOptions['build']>;

function seal(build: Build, key: Uint8Array, nonce: Buffer, message: Buffer): Buffer {
  if (build === 'none') return message;
  if (build === 'libsodium') {
    const box = xsalsa20poly1305(key, Uint8Array.from(nonce)).encrypt(Uint8Array.from(message));
    step(nonce);
    return Buffer.from(box);
  }
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  const text = Buffer.concat([cipher.update(message), cipher.final()]);
  step(nonce);
  return Buffer.concat([cipher.getAuthTag(), text]);
}

function open(build: Build, key: Uint8Array, nonce: Buffer, frame: Buffer): Buffer | undefined {
  if (build === 'none') return frame;
  try {
    if (build === 'libsodium') {
      return Buffer.from(xsalsa20poly1305(key, Uint8Array.from(nonce)).decrypt(Uint8Array.from(frame)));
    }
    // dnsdist does not look at the tag of an empty message in this build.
    if (frame.length === 16) return Buffer.alloc(0);
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
    decipher.setAuthTag(frame.subarray(0, 16));
    return Buffer.concat([decipher.update(frame.subarray(16)), decipher.final()]);
  } catch {
    return undefined;
  } finally {
    step(nonce);
  }
}

function step(nonce: Buffer): void {
  nonce.writeUInt32BE((nonce.readUInt32BE() + 1) % 2 ** 32);
}

/** Reads exactly so many octets, and never resolves when they do not come. */
function reader(socket: Socket): (count: number) => Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  let wake = (): void => undefined;
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    wake();
  });
  return async (count) => {
    while (bytes.length < count) await new Promise<void>((resolve) => (wake = resolve));
    const taken = bytes.subarray(0, count);
    bytes = bytes.subarray(count);
    return taken;
  };
}
