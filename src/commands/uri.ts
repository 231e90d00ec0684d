import { Flags, type Interfaces } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import { gravestExitCode, type ExitCode } from '../cli/exit/exit-code.js';
import { certificateArguments, certificateFlags } from '../cli/flags/shared-flags.js';
import { renderCertificate } from '../cli/render/certificate.js';
import { reportCertificateFile } from '../pipeline/verify/certificate-report.js';
import { warnOfNothing } from '../cli/flags/path-arguments.js';
import { certificatePaths } from '../source/certificate-paths.js';

export default class Uri extends BaseCommand {
  static override description = `Print the OCSP responder URIs of certificates, one a line.

Without a URI nothing is printed on stdout; the likely reason and the next step are on stderr.`;
  static override examples = [
    '<%= config.bin %> uri /etc/haproxy/certs/site.pem',
    '<%= config.bin %> uri --issuer-uri site.pem',
    "<%= config.bin %> uri --json '/etc/haproxy/certs/*.pem'",
    'find /etc/ssl -name "*.pem" -print0 | <%= config.bin %> uri -0 -',
  ];
  static override strict = false;
  static override args = certificateArguments;
  static override flags = {
    ...certificateFlags,
    'issuer-uri': Flags.boolean({ description: 'the caIssuers URIs instead', default: false }),
    'require-ocsp': Flags.boolean({ description: 'exit 11 for a certificate without responder URI', default: false }),
  };

  protected async work(): Promise<ExitCode> {
    const parsed = await this.parse(Uri);
    const flags: Interfaces.InferredFlags<typeof Uri.flags & typeof Uri.baseFlags> = parsed.flags;
    const output = await this.output(flags);
    const paths = await certificatePaths(await this.paths(parsed.argv, flags));
    warnOfNothing(paths, parsed.argv, output);
    const codes: ExitCode[] = [];
    for (const { path } of paths) {
      const report = await reportCertificateFile(path);
      codes.push(
        renderCertificate(report, output, {
          isOneOfSeveral: paths.length > 1,
          issuerUris: flags['issuer-uri'],
          requireOcsp: flags['require-ocsp'],
        }),
      );
    }
    return gravestExitCode(codes);
  }
}
