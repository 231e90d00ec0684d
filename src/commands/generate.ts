import { BaseCommand } from '../cli/base-command.js';
import type { ExitCode } from '../cli/exit/exit-code.js';
import { certificateArguments } from '../cli/flags/shared-flags.js';
import { generateFlags } from '../cli/generate/generate-flags.js';
import { runGenerate } from '../cli/generate/run-generate.js';
import { namedCertificates } from '../cli/flags/path-arguments.js';

export default class Generate extends BaseCommand {
  static override description = `Sign responses for the certificates of your own CA.

Either the CA's own key signs, or that of a delegated responder, to which the CA issued a certificate for OCSP signing. The
status is good unless --status, --index (openssl's index.txt) or --crl says otherwise. Each response is verified as a client
would verify it before it is written. The exit code is 0 whatever status was signed.`;
  static override usage = [
    '--ca-cert FILE --ca-key FILE [FLAG...] CERT...',
    '--ca-cert FILE --responder-cert FILE --responder-key FILE [FLAG...] CERT...',
  ];
  static override exits = [8, 9, 10] as const;
  static override variables = ['RESTAPLE_PASSPHRASE', 'RESTAPLE_DNSDIST_KEY'];
  static override manual = ['docs/private-pki.md', 'docs/errors.md'];
  static override examples = [
    '<%= config.bin %> generate --ca-cert ca.pem --ca-key ca.key site.pem',
    '<%= config.bin %> generate --ca-cert ca.pem --responder-cert ocsp.pem --responder-key ocsp.key --index index.txt --days 3 certs/',
    '<%= config.bin %> generate --ca-cert ca.pem --ca-key ca.key --status revoked --reason keyCompromise site.pem',
    '<%= config.bin %> generate --ca-cert ca.pem --ca-key ca.key --crl ca.crl --serial 0a1b2c --out 0a1b2c.ocsp',
  ];
  static override strict = false;
  static override args = certificateArguments;
  static override flags = generateFlags;

  protected async work(): Promise<ExitCode> {
    const { argv, flags } = await this.read(Generate);
    const output = await this.outputFor(flags);
    const isSerialOnly = flags.serial !== undefined && argv.length === 0;
    const paths = isSerialOnly ? [] : await namedCertificates(argv, flags, output);
    return await runGenerate(paths, flags, output, this.config);
  }
}
