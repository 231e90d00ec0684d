import { BaseCommand } from '../cli/base-command.js';
import type { ExitCode } from '../cli/exit/exit-code.js';
import { certificateArguments } from '../cli/flags/shared-flags.js';
import { runVerify, runVerifyResponse, verifyOptionsFrom } from '../cli/verify/run-verify.js';
import { verifyFlags } from '../cli/verify/verify-flags.js';
import { namedCertificates } from '../cli/flags/path-arguments.js';
import { reportFailedCheck } from '../cli/exit/failed-check.js';
import { explained } from '../cli/explained.js';
import { isGiven } from '../cli/report-error.js';

export default class Verify extends BaseCommand {
  static override description = `Verify the staples of certificates, offline or as a server sends them.

Checks signature, responder, CertID and times by RFC 6960 section 3.2; with --crl it also asks a second source. Without
CERT it judges the response that --response names, for the certificates of --issuer.`;
  static override usage = [
    '[FLAG...] CERT...',
    '--response FILE --issuer FILE [--serial HEX] [FLAG...]',
    '--connect HOST:PORT [FLAG...] [CERT]',
  ];
  static override exits = [3, 4, 5, 6, 7, 8, 9, 10] as const;
  static override manual = ['docs/verification.md', 'docs/lint.md', 'docs/monitoring.md', 'docs/errors.md'];
  static override examples = [
    '<%= config.bin %> verify /etc/haproxy/certs/site.pem',
    '<%= config.bin %> verify --response staple.der --ca root.pem site.pem',
    '<%= config.bin %> verify --serial 0a1b2c --issuer ca.pem --response response.der',
    '<%= config.bin %> verify --response response.der --trusted-responder responder.pem',
    '<%= config.bin %> verify --for haproxy site.pem',
    '<%= config.bin %> verify --lint --profile web site.pem',
    '<%= config.bin %> verify --crl auto site.pem',
    '<%= config.bin %> verify --connect 127.0.0.1:443 site.pem',
    '<%= config.bin %> verify --nagios --warn 24h --critical 6h /etc/haproxy/certs',
    '<%= config.bin %> verify --html /var/www/html/staples.html /etc/haproxy/certs',
    '<%= config.bin %> verify --json --at 2026-03-01T12:00:00Z site.pem',
  ];
  static override strict = false;
  static override args = certificateArguments;
  static override flags = verifyFlags;

  protected async work(): Promise<ExitCode> {
    const { argv, flags } = await this.read(Verify);
    const output = await this.outputFor(flags);
    const userAgent = `restaple/${this.config.version}`;
    const isNamed = argv.length > 0;
    if (!isNamed && flags.connect === undefined) return await runVerifyResponse(flags, output, userAgent);
    const paths = isNamed ? await namedCertificates(argv, flags, output) : [];
    if (flags.connect === undefined) return await runVerify(paths, flags, output, userAgent);
    const { runVerifyConnection } = await import('../cli/verify/run-verify-connection.js');
    return await runVerifyConnection(paths, flags, await verifyOptionsFrom(flags, output), output, userAgent);
  }

  /** A monitoring system reads exit codes of its own, of a check that failed too; its flags may not have been parsed. */
  protected override async catch(error: Error): Promise<void> {
    if (!isGiven(this.argv, '--nagios')) return super.catch(error);
    process.exitCode = reportFailedCheck(await explained(error, ['verify', ...this.argv], this.config));
  }
}
