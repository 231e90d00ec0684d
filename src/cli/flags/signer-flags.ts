import type { KeyObject } from 'node:crypto';
import { Flags, type Interfaces } from '@oclif/core';
import { OcspError, type ResponseSigner } from '../../core/index.js';
import type { Certificate } from '../../core/certificate/certificate.js';
import { authorityFindings } from '../../core/certificate/issuance.js';
import { prepareSigner, type SignerMaterial } from '../../pipeline/sign/signer.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import { readPrivateKey } from '../../source/private-key.js';
import { definedOnly } from '../../core/defined-only.js';
import type { Output } from '../output.js';
import { inGroup } from './flag-groups.js';
import { choiceFlag, fileFlag, switchFlag } from './flag-kinds.js';
import { passphraseFrom } from './passphrase.js';

/** Flags that `generate` and `serve` share: who signs, from which source, for how long. */
export const signerFlags = {
  ...inGroup('signing', {
    'ca-cert': fileFlag('the certificate of the CA', { required: true, summary: 'the certificate of the CA' }),
    'ca-key': fileFlag("the CA's own key", { summary: "the CA's own key" }),
    'responder-cert': fileFlag('the certificate of a delegated responder', {
      summary: 'the certificate of a delegated responder',
    }),
    'responder-key': fileFlag('the key of the delegated responder', { summary: 'its key' }),
    'passphrase-file': fileFlag('decrypt the key with the first line of this file; or set RESTAPLE_PASSPHRASE'),
    'signature-hash': choiceFlag(['sha256', 'sha384', 'sha512'])(
      'the hash to sign with [default: the one that fits the key]',
    ),
    'key-id': switchFlag('name the responder by its key, not by its name'),
    'no-certs': switchFlag("embed no certificate, not even the delegated responder's"),
    index: fileFlag("take statuses from openssl's index.txt", { summary: "take statuses from openssl's index.txt" }),
    'allow-stale-crl': switchFlag('use a CRL past its nextUpdate', { default: undefined, dependsOn: ['crl'] }),
  }),
  ...inGroup('when', {
    days: Flags.integer({
      description: 'validity in days [default: 7, or 0 with --minutes]',
      helpValue: '<n>',
      summary: 'validity in days [default: 7]',
    }),
    minutes: Flags.integer({
      description: 'validity in minutes, added to --days',
      helpValue: '<n>',
    }),
  }),
};

export type SignerFlags = Interfaces.InferredFlags<typeof signerFlags>;

/** Reads certificates and keys, makes sure that they may sign, and warns of what is worth it. Throws OcspError. */
export async function signerFrom(
  flags: SignerFlags,
  now: Date,
  output: Pick<Output, 'warn'>,
): Promise<{ readonly issuer: Certificate; readonly signer: ResponseSigner }> {
  const warnings: string[] = [];
  const passphrase = passphraseFrom(flags['passphrase-file'], (warning) => warnings.push(warning));
  const readKey = (path: string | undefined): KeyObject | undefined => {
    if (path === undefined) return undefined;
    const { key, warnings: ofKey } = readPrivateKey(path, definedOnly({ passphrase }));
    warnings.push(...ofKey);
    return key;
  };
  const readCertificate = async (path: string): Promise<Certificate> => {
    const { certificate, warnings: ofFile } = await readCertificateFile(path);
    warnings.push(...ofFile.map((warning) => `${path}: ${warning}`));
    return certificate;
  };
  const issuer = await readCertificate(flags['ca-cert']);
  const responder = flags['responder-cert'];
  const material: SignerMaterial = definedOnly({
    caCertificate: issuer,
    caKey: readKey(flags['ca-key']),
    responderCertificate: responder === undefined ? undefined : await readCertificate(responder),
    responderKey: readKey(flags['responder-key']),
    responderId: flags['key-id'] ? ('key' as const) : ('name' as const),
    embedCertificates: flags['no-certs'] ? false : undefined,
    hash: flags['signature-hash'],
    now,
  });
  const signer = namingBothFiles(flags, () => prepareSigner(material));
  warnings.push(...authorityFindings(issuer).map(({ message, rule }) => `${message} (${rule})`));
  for (const warning of warnings) output.warn(warning);
  return { issuer, signer };
}

/** Where key and certificate do not match: which files these are. */
function namingBothFiles<Signer>(flags: SignerFlags, prepare: () => Signer): Signer {
  try {
    return prepare();
  } catch (error) {
    if (!(error instanceof OcspError) || error.code !== 'key-mismatch') throw error;
    const isDelegated = flags['responder-cert'] !== undefined;
    const [key = '', certificate = flags['ca-cert']] = isDelegated
      ? [flags['responder-key'], flags['responder-cert']]
      : [flags['ca-key']];
    const message = `the private key ${key} does not belong to the signing certificate ${certificate}`;
    throw new OcspError('key-mismatch', message, error.hint, { cause: error });
  }
}

const day = 86_400_000;
const minute = 60_000;

/** --days and --minutes added up, as in dnsdist: one given sets the other to 0, none is 7 days. In milliseconds. */
export function validityFrom({ days, minutes }: SignerFlags): number {
  if (days === undefined && minutes === undefined) return 7 * day;
  const validity = (days ?? 0) * day + (minutes ?? 0) * minute;
  if ((days ?? 0) >= 0 && (minutes ?? 0) >= 0 && validity > 0 && validity <= 3650 * day) return validity;
  throw new OcspError(
    'usage',
    `a response cannot be valid for --days ${days ?? 0} and --minutes ${minutes ?? 0}`,
    'give them whole numbers, at least one of them above 0, ten years at most',
  );
}
