import { kindOfDer } from '../../core/kind-of-der.js';

/** Longer texts are neither requests nor responses; a bound on work. */
const longestText = 256 * 1024;

/** Parts of a URL that may come before the request. */
const mostFolders = 16;

/**
 * The DER inside a text that somebody saved without PEM armour: base64 of either alphabet, the path of a GET request
 * (RFC 6960 appendix A.1), or its whole URL. Undefined where it is none.
 */
export function decodeSavedText(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length > longestText) return undefined;
  const text = unescapePercents(Buffer.from(bytes).toString('latin1').replace(/\s/g, ''));
  if (text === undefined) return undefined;
  const path = text.replace(/^https?:\/\/[^/]*/i, '');
  // A slash is a digit of base64 too, so the path is tried from each of its slashes on.
  const folders = path.split('/');
  for (let skipped = 0; skipped < Math.min(folders.length, mostFolders); skipped += 1) {
    const der = decodeBase64(folders.slice(skipped).join('/'));
    if (der !== undefined) return der;
  }
  return undefined;
}

function decodeBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined;
  const der = new Uint8Array(Buffer.from(text.replaceAll('-', '+').replaceAll('_', '/'), 'base64'));
  return kindOfDer(der) === undefined ? undefined : der;
}

function unescapePercents(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
