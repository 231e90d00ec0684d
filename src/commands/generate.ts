import { BaseCommand } from '../cli/base-command.js';
import { createOutput } from '../cli/output.js';
import type { ExitCode } from '../cli/exit/exit-code.js';
import { certificateArguments } from '../cli/flags/shared-flags.js';
import { generateFlags } from '../cli/generate/generate-flags.js';
import { runGenerate } from '../cli/generate/run-generate.js';
import { namedCertificates } from '../cli/flags/path-arguments.js';

export default class Generate extends BaseCommand {
  static override description = `Sign responses for the certificates of your own CA.

With the CA's own key, or with that of a delegate that the CA issued for OCSP signing. The status is good unless --status,
--index (openssl's index.txt) or --crl says otherwise. Each response is verified as a client would before it is written.
Ends with 0 whatever the status signed.`;
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
    const output = await createOutput(flags);
    const isSerialOnly = flags.serial !== undefined && argv.length === 0;
    const paths = isSerialOnly ? [] : await namedCertificates(argv, flags, output);
    return await runGenerate(paths, flags, output, this.config);
  }
}
