import type { Interfaces } from '@oclif/core';
import { OcspError, type StatementStatus } from '../../core/index.js';
import { isRevocationReason } from '../../core/response.js';
import { choiceFlag, newStapleFlag, textFlag, timeFlag } from '../flags/flag-kinds.js';
import { certificateFlags, serialFlag } from '../flags/shared-flags.js';
import { announceFlags, reloadFlag } from '../flags/reload-flags.js';
import { signerFlags } from '../flags/signer-flags.js';

/** The flags of `generate`. */
export const generateFlags = {
  ...certificateFlags,
  ...signerFlags,
  status: choiceFlag(['good', 'revoked', 'unknown'])('the status to sign [default: good]', {
    exclusive: ['index', 'crl'],
  }),
  'revoked-at': timeFlag('when it was revoked [default: now]'),
  reason: textFlag('why it was revoked, by its RFC 5280 name', { helpValue: '<keyCompromise|…>' }),
  serial: serialFlag('serial number in hex, in place of a certificate file'),
  hash: choiceFlag(['sha1', 'sha256', 'sha384', 'sha512'])('hash of the CertID; haproxy and hitch take sha1 alone', {
    default: 'sha1',
  }),
  out: newStapleFlag(
    'where the response goes: a file, a folder, a template of {dir} {base} {name} {lineage} {serial} {fingerprint}, or - for stdout',
  ),
  ...reloadFlag,
  ...announceFlags,
  at: timeFlag('sign as of this time'),
};

export type GenerateFlags = Interfaces.InferredFlags<typeof generateFlags>;

/** The status that --status, --revoked-at and --reason describe. Throws OcspError `usage`. */
export function statusFrom(flags: GenerateFlags, now: Date): StatementStatus {
  const { status = 'good', reason, 'revoked-at': revokedAt } = flags;
  if (status !== 'revoked') {
    if (reason === undefined && revokedAt === undefined) return status;
    const flag = reason === undefined ? '--revoked-at' : '--reason';
    if (flags.index === undefined && flags.crl === undefined) {
      throw new OcspError('usage', `${flag} is for a revoked certificate`, 'add --status revoked, or leave it out');
    }
    const source = flags.index === undefined ? '--crl' : '--index';
    throw new OcspError('usage', `${flag} is for --status revoked`, `leave it out: ${source} says when and why`);
  }
  if (revokedAt !== undefined && revokedAt > now) {
    const hint = 'a certificate is revoked from now on or since a time past';
    throw new OcspError('usage', '--revoked-at is in the future', hint);
  }
  if (reason === undefined) return { revokedAt: revokedAt ?? now };
  if (!isRevocationReason(reason) || reason === 'removeFromCRL') {
    const hint =
      'use keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold, privilegeWithdrawn, aACompromise or unspecified';
    throw new OcspError('usage', `--reason: "${reason}" is no reason`, hint);
  }
  return { revokedAt: revokedAt ?? now, reason };
}
