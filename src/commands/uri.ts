import { BaseCommand } from '../cli/base-command.js';
import { gravestExitCode, type ExitCode } from '../cli/exit/exit-code.js';
import { inGroup } from '../cli/flags/flag-groups.js';
import { switchFlag } from '../cli/flags/flag-kinds.js';
import { certificateArguments, certificateFlags } from '../cli/flags/shared-flags.js';
import { renderCertificate } from '../cli/render/certificate.js';
import { reportCertificateFile } from '../pipeline/verify/certificate-report.js';
import { namedCertificates } from '../cli/flags/path-arguments.js';

export default class Uri extends BaseCommand {
  static override description = `Print the OCSP responder URIs of certificates, one per line.

With several certificates each line is the path, a tab and the URI. For a certificate without a responder nothing is printed on
stdout; the likely reason and the next step are on stderr.`;
  static override usage = '[FLAG...] CERT...';
  static override exits = [8, 9, 11] as const;
  static override manual = ['README.md'];
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
    ...inGroup('output', {
      'issuer-uri': switchFlag('print the caIssuers URIs instead', { summary: 'print the caIssuers URIs instead' }),
      'require-ocsp': switchFlag('exit 11 for a certificate without a responder URI', {
        summary: 'exit 11 for one without a responder URI',
      }),
    }),
  };

  protected async work(): Promise<ExitCode> {
    const { argv, flags } = await this.read(Uri);
    const output = await this.outputFor(flags);
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
