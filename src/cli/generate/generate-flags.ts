import type { Interfaces } from '@oclif/core';
import { OcspError, type StatementStatus } from '../../core/index.js';
import { givenReasons } from '../../core/response.js';
import { nearestWord } from '../flags/nearest-word.js';
import { inGroup } from '../flags/flag-groups.js';
import { choiceFlag, fileFlag, newStapleFlag, severalOf, textFlag, timeFlag } from '../flags/flag-kinds.js';
import { certificateFlags, serialFlag } from '../flags/shared-flags.js';
import { announceFlags, hashDescription, reloadFlag } from '../flags/reload-flags.js';
import { signerFlags } from '../flags/signer-flags.js';

/** The flags of `generate`. */
export const generateFlags = {
  ...certificateFlags,
  ...inGroup('what', {
    serial: serialFlag('the serial number in hex, instead of a certificate file'),
    hash: choiceFlag(['sha1', 'sha256', 'sha384', 'sha512'])(hashDescription, { default: 'sha1' }),
  }),
  ...inGroup('where', {
    out: newStapleFlag(
      'where the response goes: a file, a folder, a template of {dir} {base} {name} {lineage} {serial} {fingerprint}, or - for stdout [default: CERT.ocsp]',
      { summary: 'where the response goes [default: CERT.ocsp]' },
    ),
  }),
  ...signerFlags,
  ...inGroup('signing', {
    crl: severalOf(
      fileFlag('take statuses from a CRL of the CA; again for its deltas, or for CRLs that are for some reasons each', {
        exclusive: ['index'],
      }),
    ),
    status: choiceFlag(['good', 'revoked', 'unknown'])('the status to sign [default: good]', {
      exclusive: ['index', 'crl'],
      summary: 'the status to sign [default: good]',
    }),
    'revoked-at': timeFlag('when it was revoked [default: now]'),
    reason: textFlag('why it was revoked, by its RFC 5280 name such as keyCompromise', { helpValue: '<reason>' }),
  }),
  ...inGroup('when', { at: timeFlag('sign as of this time [default: now]') }),
  ...reloadFlag,
  ...announceFlags,
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
    const hint = 'give now or a time in the past';
    throw new OcspError('usage', '--revoked-at is in the future', hint);
  }
  if (reason === undefined) return { revokedAt: revokedAt ?? now };
  const given = givenReasons.find((one) => one === reason);
  if (given === undefined) {
    const meant = nearestWord(reason, givenReasons);
    const hint = meant === undefined ? `use ${givenReasons.join(', ')}` : `did you mean --reason ${meant}?`;
    throw new OcspError('usage', `--reason: "${reason}" is not a reason`, hint);
  }
  return { revokedAt: revokedAt ?? now, reason: given };
}
