import { createCipheriv, createDecipheriv } from 'node:crypto';

/** The library that a dnsdist console was built with decides on nonces, cipher and layout; the protocol does not say which. */
export type ConsoleBuild = 'libsodium' | 'libcrypto';

/** The octets of a nonce, by build. */
export const nonceLength = { libsodium: 24, libcrypto: 12 } as const satisfies Record<ConsoleBuild, number>;

/** What sealing adds to a message, in both builds. */
export const tagLength = 16;

/** One side of a console connection; each call uses up a nonce of its direction. */
export interface ConsoleCipher {
  seal(message: Uint8Array): Uint8Array;
  /** The message, or undefined when the box was not sealed with this key and nonce. */
  open(box: Uint8Array): Uint8Array | undefined;
}

interface Box {
  seal(nonce: Uint8Array, message: Uint8Array): Uint8Array;
  /** Throws where the box was not sealed with this key and nonce. */
  open(nonce: Uint8Array, box: Uint8Array): Uint8Array;
}

/** The cipher of the side that sent `ours` and received `theirs`; the key is of 32 bytes. */
export async function createConsoleCipher(
  build: ConsoleBuild,
  key: Uint8Array,
  nonces: { readonly ours: Uint8Array; readonly theirs: Uint8Array },
): Promise<ConsoleCipher> {
  const box = build === 'libsodium' ? await secretBox(key) : chachaBox(key);
  const half = nonceLength[build] / 2;
  const reading = Uint8Array.of(...nonces.ours.subarray(0, half), ...nonces.theirs.subarray(half));
  const writing = Uint8Array.of(...nonces.theirs.subarray(0, half), ...nonces.ours.subarray(half));
  return {
    seal(message) {
      const sealed = box.seal(writing, message);
      increment(writing);
      return sealed;
    },
    open(sealed) {
      try {
        return box.open(reading, sealed);
      } catch {
        return undefined;
      } finally {
        increment(reading);
      }
    },
  };
}

/** Only the first four octets count, as one big-endian number. */
function increment(nonce: Uint8Array): void {
  const view = new DataView(nonce.buffer, nonce.byteOffset, 4);
  view.setUint32(0, (view.getUint32(0) + 1) >>> 0);
}

/** crypto_secretbox_easy: XSalsa20-Poly1305, the tag before the ciphertext. Loaded only by who talks to a dnsdist. */
async function secretBox(key: Uint8Array): Promise<Box> {
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
  return {
    seal: (nonce, message) => xsalsa20poly1305(key, nonce.slice()).encrypt(message),
    open: (nonce, box) => xsalsa20poly1305(key, nonce.slice()).decrypt(box),
  };
}

/** ChaCha20-Poly1305 (RFC 8439) without additional data, the tag before the ciphertext. */
function chachaBox(key: Uint8Array): Box {
  const algorithm = 'chacha20-poly1305';
  return {
    seal(nonce, message) {
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength });
      const text = Buffer.concat([cipher.update(message), cipher.final()]);
      return Buffer.concat([cipher.getAuthTag(), text]);
    },
    open(nonce, box) {
      const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagLength });
      decipher.setAuthTag(box.subarray(0, tagLength));
      return Buffer.concat([decipher.update(box.subarray(tagLength)), decipher.final()]);
    },
  };
}
