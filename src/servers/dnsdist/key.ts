import { OcspError } from '../../core/index.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { naming } from '../../core/ocsp-error.js';
import { exposureOf } from '../../system/file-exposure.js';
import { handedOver } from '../../system/handed-over-pipe.js';
import { readRegularFile } from '../../system/read-file.js';
import { systemErrorCode } from '../../system/system-error.js';

/** A console key as a file has it, and what the reader should hear about that file, one sentence each. */
export interface ConsoleKeyFile {
  readonly key: Uint8Array;
  readonly warnings: readonly string[];
}

/** Of crypto_secretbox (libsodium) and of ChaCha20-Poly1305 (RFC 8439) alike. */
export const consoleKeyLength = 32;

/** Enough for a whole dnsdist.conf. */
const largestKeyFile = 64 * 1024;

const howToMakeAKey =
  'give the text between the quotes of setKey("...") in dnsdist.conf; makeKey() in the console of dnsdist makes a new one';

/** `setKey("…")` of Lua, and `key: "…"` of YAML, where keys of certificates are paths. */
const settings = [
  /^[ \t]*setKey\(\s*["']([^"'\n]*)["']\s*\)/gm,
  /(?:^|[\s{,])["']?key["']?:[ \t]+["']?([A-Za-z0-9+/]{43}=)["']?(?=[\s,}]|$)/g,
];

/**
 * The key of a dnsdist console: base64 of 32 bytes, by themselves or in its configuration, of which the last one counts.
 *
 * @throws OcspError `usage`, which never shows any of the text
 */
export function parseConsoleKey(text: string): Uint8Array {
  const lines = settings.flatMap((setting) => [...text.matchAll(setting)]);
  const encoded = (lines.at(-1)?.[1] ?? text).trim();
  if (encoded === '') throw new OcspError('usage', 'the dnsdist console key is empty', howToMakeAKey);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    throw new OcspError('usage', 'the dnsdist console key is not base64', howToMakeAKey);
  }
  const key = new Uint8Array(Buffer.from(encoded, 'base64'));
  if (key.length !== consoleKeyLength) {
    throw new OcspError(
      'usage',
      `the dnsdist console key decodes to ${key.length} bytes, not to ${consoleKeyLength}`,
      howToMakeAKey,
    );
  }
  return key;
}

/**
 * Reads the key of a dnsdist console from a file of at most 64 KiB; a pipe, as from `<(command)`, will do.
 *
 * @throws OcspError `usage` for what is not a key, `file-not-found`, `file-unreadable`, `file-too-large`
 */
export function readConsoleKeyFile(path: FilePath): ConsoleKeyFile {
  const { bytes, warnings } = readSecret(path);
  try {
    if (bytes.length > largestKeyFile) {
      throw new OcspError(
        'file-too-large',
        `the key file ${shownPath(path)} is larger than ${largestKeyFile} octets`,
        'name the file that holds the dnsdist console key',
      );
    }
    return { key: parseConsoleKey(bytes.toString('latin1')), warnings };
  } catch (error) {
    throw error instanceof OcspError && error.code === 'usage' ? naming(shownPath(path), error) : error;
  } finally {
    bytes.fill(0);
  }
}

function readSecret(path: FilePath): { bytes: Buffer; warnings: string[] } {
  const piped = handedOver(path);
  if (piped !== undefined) return { bytes: Buffer.from(piped), warnings: [] };
  try {
    const { bytes, status } = readRegularFile(path, { limit: largestKeyFile + 1, onlyBeginning: true });
    if (bytes === undefined) throw new Error(status.isDirectory() ? 'it is a folder' : 'it is not a regular file');
    return { bytes: Buffer.from(bytes.buffer), warnings: exposureOf(path, 'the dnsdist key file') };
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: FilePath, cause: unknown): OcspError {
  const code = systemErrorCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  const name = `the dnsdist key file ${shownPath(path)}`;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new OcspError('file-not-found', `${name} does not exist`, 'check the path', { cause });
  }
  const why = code === 'EACCES' || code === 'EPERM' ? 'may not be read by this user' : `could not be read: ${code}`;
  return new OcspError('file-unreadable', `${name} ${why}`, 'name a file that this user may read', { cause });
}
