import type { Stats } from 'node:fs';
import { OcspError } from '../core/ocsp-error.js';
import { shownPath } from '../core/file-path.js';
import { kindOfDer, type DerKind } from '../core/kind-of-der.js';
import { pemLabelsIn } from '../core/pem.js';
import type { PinnedFile } from '../system/pinned-folder.js';
import { readRegularFile } from '../system/read-file.js';

/** What a path is written with; `record` is a dot file of restaple's own, whose name nobody chose. */
export type WrittenKind = 'response' | 'request' | 'metrics' | 'page' | 'issuer' | 'record';

/** What is at the path: no bytes where there is no file, none in them where it is larger than 64 KiB. */
export interface CurrentFile {
  readonly bytes: Uint8Array | null;
  readonly status: Stats | undefined;
}

interface Rules {
  /** Endings of names that stand for this kind, so that damaged contents are replaced too. */
  readonly endings: readonly string[];
  readonly noun: string;
  readonly isOfKind: (bytes: Uint8Array) => boolean;
}

/** How every metrics file of restaple begins; a file that begins otherwise is somebody else's. */
const beginningOfMetrics = '# HELP restaple_';

/** How every page of restaple begins. */
export const beginningOfPages = '<!doctype html><!-- restaple -->';

const rules: Readonly<Record<Exclude<WrittenKind, 'record' | 'issuer'>, Rules>> = {
  response: {
    endings: ['.ocsp', '.der', '.resp', '.restaple-revoked'],
    noun: 'an OCSP response',
    isOfKind: (bytes) => kindOfDer(bytes) === 'response',
  },
  request: {
    endings: ['.req', '.der'],
    noun: 'an OCSP request',
    isOfKind: (bytes) => kindOfDer(bytes) === 'request',
  },
  metrics: {
    endings: ['.prom'],
    noun: 'metrics of restaple',
    isOfKind: (bytes) => beginsWith(bytes, beginningOfMetrics),
  },
  page: {
    endings: ['.html', '.htm'],
    noun: 'a page of restaple',
    isOfKind: (bytes) => beginsWith(bytes, beginningOfPages),
  },
};

function beginsWith(bytes: Uint8Array, beginning: string): boolean {
  return Buffer.from(bytes.subarray(0, beginning.length)).toString('latin1') === beginning;
}

/** Nothing that restaple writes is as large, but metrics and pages, which are known by their beginning. */
const largestExamined = 1024 * 1024;

/** DER that nobody can make again from what a CA or responder hands out, and what has it inside. */
const precious: Partial<Record<DerKind, string>> = {
  'private key': 'a private key',
  'public key': 'a public key',
  certificate: 'a certificate',
  'certificate request': 'a certificate request',
  'certificate revocation list': 'a CRL',
  pkcs7: 'a PKCS#7 file',
};

/**
 * Refuses to replace what a slip of the pen would cost: keys, certificates, certificate requests and CRLs under whatever
 * name, and under a name that does not stand for what is written everything that is not of that kind. Of certificates an
only an issuer may be replaced.
 *
 * @throws OcspError `overwrite-refused`
 */
export function requireOwnKind(file: PinnedFile, current: CurrentFile, kind: WrittenKind): void {
  const { status } = current;
  if (kind === 'record' || status === undefined || status.size === 0) return;
  if (kind === 'issuer') {
    requireCertificatesOnly(file, current, status.size);
    return;
  }
  const { endings, noun, isOfKind } = rules[kind];
  const name = shownPath(file.path);
  const bytes = examinedOf(file, current);
  if (kind !== 'metrics' && kind !== 'page' && status.size > bytes.length)
    throw refused(name, `it is larger than ${noun} can be`, noun);
  const found = preciousIn(bytes) ?? (kind === 'metrics' ? otherMetricsIn(bytes) : undefined);
  if (found !== undefined) throw refused(name, `it is ${found}`, noun);
  if (endings.some((ending) => name.toLowerCase().endsWith(ending)) || isOfKind(bytes)) return;
  throw refused(name, `it does not look like ${noun}`, noun);
}

/** An issuer takes the place of certificates and of nothing else. */
function requireCertificatesOnly(file: PinnedFile, current: CurrentFile, size: number): void {
  const bytes = examinedOf(file, current);
  const labels = pemLabelsIn(bytes);
  const isText = labels.length > 0 && labels.every((label) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(label));
  if (size <= bytes.length && (isText || kindOfDer(bytes) === 'certificate')) return;
  throw refused(shownPath(file.path), 'it holds something other than certificates', 'the issuer');
}

/** A staple was read already; of others the beginning is enough. */
function examinedOf({ reach }: PinnedFile, { bytes, status }: CurrentFile): Uint8Array {
  if (bytes !== null && bytes.length === status?.size) return bytes;
  const rules = { limit: largestExamined, onlyBeginning: true, followLinks: false };
  return readRegularFile(reach, rules).bytes ?? new Uint8Array(0);
}

function preciousIn(bytes: Uint8Array): string | undefined {
  const label = pemLabelsIn(bytes).find((one) => !/^OCSP (?:REQUEST|RESPONSE)$/.test(one));
  if (label !== undefined) return `PEM with a ${label}`;
  const kind = kindOfDer(bytes);
  return kind === undefined ? undefined : precious[kind];
}

/** Keys and certificates, which `restaple ocsp` does not write over either; what openssl prints of a response has certificates in it. */
export function keyOrCertificateIn(bytes: Uint8Array): string | undefined {
  if (/^OCSP (?:Request|Response) Data:/.test(Buffer.from(bytes.subarray(0, 32)).toString('latin1'))) return undefined;
  const label = pemLabelsIn(bytes).find((one) => /(?:KEY|CERTIFICATE|PKCS7)$/.test(one));
  if (label !== undefined) return `PEM with a ${label}`;
  const kind = kindOfDer(bytes);
  return kind?.endsWith('key') === true || kind === 'certificate' ? precious[kind] : undefined;
}

/** Other programs write figures for node_exporter too: a HELP or TYPE line, or a sample, of another name than ours. */
function otherMetricsIn(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  const isOther =
    /^(?:# (?:HELP|TYPE) (?!restaple_)|(?!restaple_)[a-zA-Z_:][\w:]*(?:\{.*\})? [-+\d.]|(?!restaple_)[a-zA-Z_:][\w:]*\{)/m.test(
      text,
    );
  return isOther ? 'metrics of another program' : undefined;
}

function refused(name: string, why: string, noun: string): OcspError {
  return new OcspError(
    'overwrite-refused',
    `refused to replace ${name} with ${noun}: ${why}; it is untouched`,
    `name another file with --out, or move ${name} away`,
  );
}
