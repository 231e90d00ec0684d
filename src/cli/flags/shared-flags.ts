import { Args } from '@oclif/core';
import { parseSignedSerialNumber } from '../../core/cert-id.js';
import { inGroup } from './flag-groups.js';
import { fileFlag, flagKind, listOf, switchFlag } from './flag-kinds.js';

/** Paths of certificates; `-` reads them from stdin. */
export const certificateArguments = {
  certificate: Args.string({
    description: 'a certificate file, a folder of them, a quoted glob, or - to read paths from stdin, one per line',
    ignoreStdin: true,
  }),
};

/** Flags of every command that takes certificates. */
export const certificateFlags = inGroup('what', {
  null: switchFlag('paths on stdin end with NUL instead of a line feed', { char: '0', isOfOneRun: true }),
});

/** Where issuers may be found. */
export const issuerFlags = inGroup('what', {
  issuer: listOf(
    fileFlag('the certificate of the CA, or a folder of CA certificates; searched before any other source', {
      helpValue: '<file|folder>',
      section: 'issuers',
      summary: 'the certificate of the CA, or a folder',
    }),
  ),
});

/** Responders that the caller trusts by name. */
export const trustFlags = inGroup('trust', {
  'trusted-responder': listOf(
    fileFlag('trust the responder that signs with this certificate, whoever issued it', {
      section: 'trusted-responders',
    }),
  ),
});

/** A serial number in hex as hex of its INTEGER contents, instead of a certificate. */
export const serialFlag = flagKind({
  helpValue: '<hex>',
  expected: 'hexadecimal',
  example: '0a1b2c, as openssl x509 -serial prints it (a negative one: -2c)',
  read: parseSignedSerialNumber,
});
