import type { KeyObject } from 'node:crypto';
import { appendFileSync, closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import type { Certificate } from '../../core/index.js';
import { readCertificateBundle, readCertificateFileNow } from '../../source/certificate-file.js';
import { readInputFile } from '../../source/input-file.js';
import { readPrivateKey } from '../../source/private-key.js';
import { keyOrCertificateIn } from '../../store/written-kind.js';
import { readHandedOverPipes } from '../../system/handed-over-pipe.js';
import { readRegularFile } from '../../system/read-file.js';
import { systemErrorCode } from '../../system/system-error.js';
import { exitCodes } from '../exit/exit-code.js';
import { escapeText } from '../render/escape-text.js';
import { OpensslFailure, orFailure } from './failure.js';
import type { OcspOptions } from './options.js';
import { readPassphrase } from './passphrase.js';

/** Where text and octets of one output go. */
export interface Sink {
  readonly write: (data: string | Uint8Array) => void;
}

/**
 * The first certificate of a file.
 *
 * @param what it is, in openssl's words: `issuer certificate`
 * @param more what openssl says behind the lines that this function has
 * @throws OpensslFailure
 */
export async function loadCertificate(path: string, what: string, ...more: string[]): Promise<Certificate> {
  return await orFailure(
    ({ code }) => [
      code === 'file-not-found'
        ? `Could not open file or uri for loading ${what} from ${path}`
        : `Could not read ${what} from ${path}`,
      `Unable to load ${what}`,
      ...more,
    ],
    () => readCertificateFileNow(path).certificate,
  );
}

/** All certificates of a file. Throws OpensslFailure. */
export async function loadCertificates(path: string, what: string): Promise<Certificate[]> {
  return await orFailure(
    ({ code }) => [
      code === 'file-not-found'
        ? `Could not open file or uri for loading certs of ${what} from ${path}`
        : `Could not read any ${what} from ${path}`,
    ],
    () => readCertificateBundle(path),
  );
}

/**
 * The private key of a file, opened with the passphrase of -passin where it is encrypted.
 *
 * @param what it is, in openssl's words: `signer private key`
 * @throws OpensslFailure
 */
export async function loadKey(path: string, what: string, { texts }: Pick<OcspOptions, 'texts'>): Promise<KeyObject> {
  const passphrase = await readPassphrase(texts.passin);
  const { key } = await orFailure(
    ({ code }) => [
      code === 'file-not-found'
        ? `Could not open file or uri for loading ${what} from ${path}`
        : `Could not read ${what} from ${path}`,
    ],
    () => readPrivateKey(path, passphrase === undefined ? {} : { passphrase }),
  );
  return key;
}

/** More than a request or response has; openssl itself takes 100 KiB from a responder. */
const largestMessage = 1024 * 1024;

const messageHints = { tooLarge: 'name the file of one OCSP request or response' };

/** The octets of a request or a response; `-` is stdin. Throws OpensslFailure. */
export async function readMessage(path: string): Promise<Uint8Array> {
  const name = path === '-' ? '/dev/stdin' : path;
  return await orFailure(
    ({ code }) => (code === 'file-not-found' ? [`Can't open "${path}" for reading, No such file or directory`] : []),
    async () => {
      if (path === '-') await readHandedOverPipes([name], { octets: largestMessage, silenceMilliseconds: 60_000 });
      return readInputFile(name, largestMessage, messageHints);
    },
  );
}

/**
 * Where -out, -reqout or -respout leads: a file that is emptied first, as openssl does, or stdout for `-`. A file with a key
 * or a certificate in it is left alone, unlike with openssl. Throws OpensslFailure.
 */
export function openSink(path: string | undefined, stdout: NodeJS.WritableStream): Sink {
  if (path === undefined || path === '-' || path === '/dev/stdout') return { write: (data) => void stdout.write(data) };
  requireNothingPrecious(path);
  const descriptor = orUnwritable(`Can't open "${path}" for writing`, () => openSync(path, 'w'));
  if (!fstatSync(descriptor).isFile()) return { write: (data) => writeAll(path, descriptor, data) };
  closeSync(descriptor);
  return {
    write: (data) => orUnwritable(`Can't write to "${path}"`, () => appendFileSync(path, data)),
  };
}

function requireNothingPrecious(path: string): void {
  const rules = { limit: largestMessage, onlyBeginning: true };
  const found = keyOrCertificateIn(unlessSystemError(() => readRegularFile(path, rules).bytes) ?? new Uint8Array());
  if (found === undefined) return;
  throw new OpensslFailure(
    [`Can't open "${path}" for writing, File exists`, `ocsp: ${escapeText(path)} is left alone: it is ${found}`],
    exitCodes.storeFailed,
  );
}

/** To a pipe, say of `>(command)`, which may take a part at a time. */
function writeAll(path: string, descriptor: number, data: string | Uint8Array): void {
  const octets = Buffer.from(data);
  for (let done = 0; done < octets.length;) {
    const start = done;
    done += orUnwritable(`Can't write to "${path}"`, () => writeSync(descriptor, octets, start));
  }
}

function unlessSystemError<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

function orUnwritable<Value>(what: string, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw new OpensslFailure([`${what}, ${systemText(code)}`], exitCodes.storeFailed);
  }
}

/** As C's `strerror` has it. */
function systemText(code: string): string {
  if (code === 'EISDIR') return 'Is a directory';
  const text = [...getSystemErrorMap().values()].find(([name]) => name === code)?.[1] ?? code;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
