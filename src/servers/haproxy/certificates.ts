import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { minimalSerialNumber, parseSerialNumber } from '../../core/cert-id.js';
import { dnsNames } from '../../core/certificate/subject-alternative-names.js';
import type { FilePath } from '../../core/file-path.js';
import { askedOnce } from './asked-once.js';
import type { CertificateSubject } from '../discovery.js';
import { failureOfReply } from './replies.js';
import { escapedArgument, type HaproxySession } from './session.js';

/** A certificate as haproxy runs it; `name` is what its commands call it (latin1), nearly always a path. */
export interface LoadedCertificate {
  readonly name: string;
  /** Hex of the INTEGER contents; undefined where this haproxy does not say. */
  readonly serialNumber: string | undefined;
  /** SHA-1 of the DER, lower-case hex. */
  readonly fingerprint: string | undefined;
  /** Its DNS names. */
  readonly dnsNames: readonly string[];
}

/** The certificates that a haproxy has loaded, asked for where they are needed and then kept. */
export interface LoadedCertificates {
  /**
   * Finds the certificate of a staple: by its path, by the real path, as half of a bundle, by its fingerprint. Where there is
   * none, another one that runs under such a name.
   */
  find(staple: CertificateSubject): Promise<LoadedCertificate | undefined>;
  /** The name of a certificate with a change under way, at the first look, that nobody had committed. */
  pendingChange(): Promise<string | undefined>;
}

/** What haproxy appends to the names of bundles. */
const bundleSuffixes = ['.rsa', '.ecdsa', '.dsa'];

export function loadedCertificatesOf(session: HaproxySession): LoadedCertificates {
  const list = askedOnce(() => listOf(session));
  const loadedNames = async (): Promise<ReadonlySet<string>> => (await list()).loaded;
  const relativeNames = askedOnce(async () => [...(await loadedNames())].filter((name) => !name.startsWith('/')));
  const realNames = askedOnce(async () => realPathsOf(await loadedNames()));
  const byFingerprint = askedOnce(describeAll);
  const known = new Map<string, LoadedCertificate>();

  async function describe(name: string): Promise<LoadedCertificate> {
    const kept = known.get(name);
    if (kept !== undefined) return kept;
    const argument = escapedArgument(name);
    const text = argument === undefined ? '' : await session.ask(`show ssl cert ${argument}`);
    const certificate: LoadedCertificate = {
      name,
      serialNumber: parseSerialNumber(/^Serial: *([0-9A-F]+) *$/im.exec(text)?.[1] ?? ''),
      fingerprint: /^SHA1 FingerPrint: *([0-9A-F]{40}) *$/im.exec(text)?.[1]?.toLowerCase(),
      dnsNames: [...text.matchAll(/\bDNS:([^\s,]+)/g)].map(([, dnsName = '']) => dnsName.toLowerCase()),
    };
    known.set(name, certificate);
    return certificate;
  }

  async function describeAll(): Promise<ReadonlyMap<string, LoadedCertificate>> {
    const all = new Map<string, LoadedCertificate>();
    for (const name of await loadedNames()) {
      const certificate = await describe(name);
      if (certificate.fingerprint !== undefined) all.set(certificate.fingerprint, certificate);
    }
    return all;
  }

  /** The names that the file has for haproxy, should it be loaded at all. */
  async function namesOf(path: FilePath): Promise<readonly string[]> {
    const loaded = await loadedNames();
    const written = Buffer.from(path).toString('latin1');
    const real = await realPathOf(path);
    const sameFile = real === undefined ? undefined : (await realNames()).get(real);
    const stems = [written, ...(real === undefined ? [] : [real])];
    const candidates = [
      ...stems,
      ...(sameFile === undefined ? [] : [sameFile]),
      ...stems.flatMap((stem) => bundleSuffixes.map((suffix) => stem + suffix)),
    ];
    return [...new Set(candidates)].filter((name) => loaded.has(name));
  }

  /** A relative name counts from a folder that nobody tells: another certificate of such a name is that of another file. */
  async function underRelativeName({ certificatePath, certificate }: CertificateSubject): Promise<LoadedCertificate[]> {
    const path = Buffer.from(certificatePath).toString('latin1');
    const own = new Set(dnsNames(certificate).map((name) => name.toLowerCase()));
    const found: LoadedCertificate[] = [];
    for (const name of await relativeNames()) {
      if (!path.endsWith(`/${name}`)) continue;
      const candidate = await describe(name);
      if (candidate.dnsNames.some((dnsName) => own.has(dnsName))) found.push(candidate);
    }
    return found;
  }

  return {
    async find(staple) {
      const candidates: LoadedCertificate[] = [];
      for (const name of await namesOf(staple.certificatePath)) candidates.push(await describe(name));
      candidates.push(...(await underRelativeName(staple)));
      const same = candidates.find((candidate) => isCertificateOf(staple, candidate));
      return same ?? (await byFingerprint()).get(fingerprintOf(staple)) ?? candidates[0];
    },
    async pendingChange() {
      return (await list()).pending;
    },
  };
}

interface CertificateList {
  readonly loaded: ReadonlySet<string>;
  readonly pending: string | undefined;
}

/** `show ssl cert`: the names, and after `*` the one in the transaction. */
async function listOf(session: HaproxySession): Promise<CertificateList> {
  const reply = await session.ask('show ssl cert');
  if (!reply.includes('# filename')) throw failureOfReply(reply);
  const lines = reply.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return {
    loaded: new Set(lines.filter((line) => !line.startsWith('*'))),
    pending: lines.find((line) => line.startsWith('*'))?.slice(1),
  };
}

/** Whether the staple is about this certificate. */
export function isCertificateOf(staple: CertificateSubject, loaded: LoadedCertificate): boolean {
  if (loaded.fingerprint !== undefined) return loaded.fingerprint === fingerprintOf(staple);
  return loaded.serialNumber === minimalSerialNumber(staple.certificate.serialNumber);
}

function fingerprintOf({ certificate }: CertificateSubject): string {
  return createHash('sha1').update(certificate.der).digest('hex');
}

async function realPathsOf(names: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const real = new Map<string, string>();
  for (const name of names) {
    if (!name.startsWith('/')) continue;
    const path = await realPathOf(Buffer.from(name, 'latin1'));
    if (path !== undefined) real.set(path, name);
  }
  return real;
}

async function realPathOf(path: FilePath): Promise<string | undefined> {
  try {
    return (await realpath(path, { encoding: 'buffer' })).toString('latin1');
  } catch {
    // haproxy may run in another root, or the file may be gone: then its other names have to do.
    return undefined;
  }
}
