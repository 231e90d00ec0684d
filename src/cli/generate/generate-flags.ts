import { Flags, type Interfaces } from '@oclif/core';
import { OcspError, parseSerialNumber, type StatementStatus } from '../../core/index.js';
import { isRevocationReason } from '../../core/response.js';
import { certificateFlags, timeFlag } from '../flags/shared-flags.js';
import { announceFlags, reloadFlag } from '../flags/reload-flags.js';
import { signerFlags } from '../flags/signer-flags.js';

/** The flags of `generate`. */
export const generateFlags = {
  ...certificateFlags,
  ...signerFlags,
  status: Flags.option({
    description: 'the status to sign [default: good]',
    options: ['good', 'revoked', 'unknown'] as const,
    exclusive: ['index', 'crl'],
  })(),
  'revoked-at': timeFlag({ description: 'when it was revoked [default: now]' }),
  reason: Flags.string({ description: 'why it was revoked, by its RFC 5280 name', helpValue: '<keyCompromise|…>' }),
  serial: Flags.string({ description: 'serial number in hex, in place of a certificate file', helpValue: '<hex>' }),
  hash: Flags.option({
    description: 'hash of the CertID; haproxy and hitch take sha1 alone',
    options: ['sha1', 'sha256', 'sha384', 'sha512'] as const,
    default: 'sha1',
  })(),
  out: Flags.string({
    description:
      'where the response goes: a file, a folder, or a template of {dir} {base} {name} {serial} {fingerprint}',
    helpValue: '<file|folder|template>',
  }),
  ...reloadFlag,
  ...announceFlags,
  at: timeFlag({ description: 'sign as of this time' }),
};

export type GenerateFlags = Interfaces.InferredFlags<typeof generateFlags>;

/** The status that --status, --revoked-at and --reason describe. Throws OcspError `usage`. */
export function statusFrom(flags: GenerateFlags, now: Date): StatementStatus {
  const { status = 'good', reason, 'revoked-at': revokedAt } = flags;
  if (status !== 'revoked') {
    if (reason === undefined && revokedAt === undefined) return status;
    const flag = reason === undefined ? '--revoked-at' : '--reason';
    const source = flags.index === undefined ? (flags.crl === undefined ? undefined : '--crl') : '--index';
    if (source !== undefined) {
      throw new OcspError('usage', `${flag} is for --status revoked`, `leave it out: ${source} says when and why`);
    }
    throw new OcspError('usage', `${flag} is for a revoked certificate`, 'add --status revoked, or leave it out');
  }
  if (revokedAt !== undefined && revokedAt > now) {
    throw new OcspError(
      'usage',
      '--revoked-at is in the future',
      'a certificate is revoked from now on or since a time past',
    );
  }
  if (reason === undefined) return { revokedAt: revokedAt ?? now };
  if (!isRevocationReason(reason) || reason === 'removeFromCRL') {
    const hint =
      'use keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold, privilegeWithdrawn, aACompromise or unspecified';
    throw new OcspError('usage', `--reason: "${reason}" is no reason`, hint);
  }
  return { revokedAt: revokedAt ?? now, reason };
}

/** --serial as hex of its INTEGER contents, or undefined. Throws OcspError `usage`. */
export function serialNumberFrom(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const serialNumber = parseSerialNumber(text);
  if (serialNumber !== undefined) return serialNumber;
  throw new OcspError('usage', `--serial: "${text}" is not hexadecimal`, 'write it as openssl x509 -serial prints it');
}
