import { BaseCommand } from '../cli/base-command.js';
import { createOutput } from '../cli/output.js';
import { gravestExitCode, type ExitCode } from '../cli/exit/exit-code.js';
import { switchFlag } from '../cli/flags/flag-kinds.js';
import { certificateArguments, certificateFlags } from '../cli/flags/shared-flags.js';
import { renderCertificate } from '../cli/render/certificate.js';
import { reportCertificateFile } from '../pipeline/verify/certificate-report.js';
import { namedCertificates } from '../cli/flags/path-arguments.js';

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
    'issuer-uri': switchFlag('the caIssuers URIs instead'),
    'require-ocsp': switchFlag('exit 11 for a certificate without responder URI'),
  };

  protected async work(): Promise<ExitCode> {
    const { argv, flags } = await this.read(Uri);
    const output = await createOutput(flags);
    const paths = await namedCertificates(argv, flags, output);
    const codes: ExitCode[] = [];
    for (const listed of paths) {
      const report = await reportCertificateFile(listed);
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
