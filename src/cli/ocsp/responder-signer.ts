import type { KeyObject } from 'node:crypto';
import type { Certificate, ResponseSigner } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import type { SignatureHash } from '../../core/hash.js';
import { requireOwnKey } from '../../core/sign-response.js';
import { exitCodes } from '../exit/exit-code.js';
import { OpensslFailure, orFailure, unusable } from './failure.js';
import { loadCertificate, loadCertificates, loadKey } from './files.js';
import type { OcspOptions } from './options.js';

/** The CAs of -CA, and who signs. */
export interface ResponderMaterial {
  readonly authorities: readonly Certificate[];
  readonly signer: ResponseSigner;
}

/** Reads -rsigner, -CA, -rother and -rkey in openssl's order. Throws OpensslFailure. */
export async function readResponderMaterial(options: OcspOptions): Promise<ResponderMaterial> {
  const { rsigner, CA, rother, rkey = rsigner } = options.texts;
  if (rsigner === undefined || rkey === undefined || CA === undefined) {
    throw new OpensslFailure(['Responder mode requires certificate, key, and CA.'], exitCodes.usage);
  }
  const certificate = await loadResponderCertificate(rsigner);
  const authorities = await loadCertificates(CA, 'CA certificates');
  const others = rother === undefined ? [] : await loadCertificates(rother, 'responder other certificates');
  const key = await loadKey(rkey, 'responder private key', options);
  const hasNoCertificates = options.switches.has('resp_no_certs');
  const signer: ResponseSigner = definedOnly({
    certificate,
    key,
    responderId: options.switches.has('resp_key_id') ? ('key' as const) : ('name' as const),
    embeddedCertificates: hasNoCertificates ? [] : [certificate.der, ...others.map(({ der }) => der)],
    ...signatureOf(key, options),
  });
  await orFailure([], () => requireOwnKey(signer));
  return { authorities, signer };
}

async function loadResponderCertificate(file: string): Promise<Certificate> {
  try {
    return await loadCertificate(file, 'responder certificate');
  } catch (error) {
    if (!(error instanceof OpensslFailure)) throw error;
    throw new OpensslFailure([...error.lines, 'Error loading responder certificate'], error.exitCode);
  }
}

const hashes: readonly SignatureHash[] = ['sha224', 'sha256', 'sha384', 'sha512'];

/** The hash of -rmd, SHA-256 where none is given as in openssl, and the padding of -rsigopt. */
function signatureOf(key: KeyObject, options: OcspOptions): Pick<ResponseSigner, 'hash' | 'pssSaltLength'> {
  const { asymmetricKeyType: type } = key;
  const named = hashNamed(options.texts.rmd);
  if (named !== undefined && type === 'ed25519')
    throw unusable('ocsp: Ed25519 takes no hash of its own; leave -rmd out');
  const hash = named ?? (type === 'rsa' || type === 'ec' ? 'sha256' : undefined);
  return definedOnly({ hash, pssSaltLength: saltLengthOf(options.signatureOptions, key, hash ?? 'sha256') });
}

function hashNamed(name: string | undefined): SignatureHash | undefined {
  if (name === undefined) return undefined;
  const hash = hashes.find((one) => one === name.toLowerCase());
  if (hash !== undefined) return hash;
  const why = /^(?:sha1|md5)$/i.test(name)
    ? `ocsp: nothing is signed with ${name} any more; use sha256, sha384 or sha512`
    : `ocsp: Unknown option or message digest: ${name}`;
  throw new OpensslFailure([why], exitCodes.usage);
}

const octetsOfHash: Readonly<Record<SignatureHash, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

/** In octets, where -rsigopt asks for RSASSA-PSS; else undefined. Throws OpensslFailure for what cannot be done. */
function saltLengthOf(parameters: readonly string[], key: KeyObject, hash: SignatureHash): number | undefined {
  const length = octetsOfHash[hash];
  const longest = Math.ceil(((key.asymmetricKeyDetails?.modulusLength ?? 0) - 1) / 8) - length - 2;
  let isPss = false;
  let salt = longest;
  for (const parameter of parameters) {
    const [, name, value = ''] = /^([^:]*):([^]*)$/.exec(parameter) ?? [];
    const isMet =
      key.asymmetricKeyType === 'rsa' &&
      ((name === 'rsa_padding_mode' && /^(?:pss|pkcs1)$/.test(value)) ||
        (isPss && name === 'rsa_mgf1_md' && value.toLowerCase() === hash) ||
        (isPss && name === 'rsa_pss_saltlen' && /^(?:digest|max|auto|\d{1,4})$/.test(value)));
    if (isMet && name === 'rsa_padding_mode') isPss = value === 'pss';
    if (isMet && name === 'rsa_pss_saltlen') {
      salt = value === 'digest' ? length : /^\d/.test(value) ? Number(value) : longest;
    }
    if (!isMet || salt > longest) throw new OpensslFailure([`parameter error "${parameter}"`], exitCodes.usage);
  }
  return isPss ? salt : undefined;
}
