import { Args } from '@oclif/core';
import { parseSignedSerialNumber } from '../../core/cert-id.js';
import { fileFlag, flagKind, listOf, switchFlag } from './flag-kinds.js';

/** Paths of certificates; `-` reads them from stdin. */
export const certificateArguments = {
  certificate: Args.string({
    description: 'certificate files, folders of them, quoted globs, or - to read paths from stdin, one a line',
    ignoreStdin: true,
  }),
};

/** Flags of every command that takes certificates. */
export const certificateFlags = {
  null: switchFlag('paths on stdin end with NUL instead of a line feed', { char: '0', isOfOneRun: true }),
};

/** Where issuers may be found. */
export const issuerFlags = {
  issuer: listOf(
    fileFlag('the CA certificate, or a folder of them; asked before any other source', {
      helpValue: '<file|folder>',
      section: 'issuers',
    }),
  ),
};

/** Responders that the caller trusts by name. */
export const trustFlags = {
  'trusted-responder': listOf(
    fileFlag('certificate of a responder that may answer by your word', { section: 'trusted-responders' }),
  ),
};

/** A serial number in hex as hex of its INTEGER contents, in place of a certificate. */
export const serialFlag = flagKind({
  helpValue: '<hex>',
  expected: 'hexadecimal',
  example: '0a1b2c, as openssl x509 -serial prints it (a negative one: -2c)',
  read: parseSignedSerialNumber,
});
