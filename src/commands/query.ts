import { OcspError } from '../core/index.js';
import { BaseCommand } from '../cli/base-command.js';
import { explained } from '../cli/explained.js';
import type { ExitCode } from '../cli/exit/exit-code.js';
import { reportFailedCheck } from '../cli/exit/failed-check.js';
import { namedCertificates } from '../cli/flags/path-arguments.js';
import { certificateArguments } from '../cli/flags/shared-flags.js';
import { queryFlags } from '../cli/query/query-flags.js';
import { requireStdoutFor, runQuery } from '../cli/query/run-query.js';
import { isGiven } from '../cli/report-error.js';

export default class Query extends BaseCommand {
  static override description = `Ask the responder now: is this certificate good?

Asks as fetch does, verifies the answer, prints what verify prints, and stores nothing. The exit code is that of verify, and 7
where nobody answered. With --connect it takes the certificates and their issuer from a live server; with --all it tries
every way to ask the responders, and says what differs.`;
  static override usage = ['[FLAG...] CERT...', '--connect HOST:PORT [FLAG...]'];
  static override exits = [3, 4, 5, 6, 7, 8, 9, 11, 130, 143] as const;
  static override manual = ['docs/monitoring.md', 'docs/errors.md'];
  static override examples = [
    '<%= config.bin %> query site.pem',
    '<%= config.bin %> query --connect www.example.org:443',
    '<%= config.bin %> query --chain fullchain.pem',
    '<%= config.bin %> query --all site.pem',
    '<%= config.bin %> query --url http://ocsp.corp.example/ --issuer ca.pem site.pem',
    '<%= config.bin %> query --nonce --strict --json site.pem',
    '<%= config.bin %> query --out response.der site.pem',
    '<%= config.bin %> query --nagios --warn 24h --critical 6h site.pem',
  ];
  static override strict = false;
  static override args = certificateArguments;
  static override flags = queryFlags;

  protected async work(): Promise<ExitCode> {
    const { argv, flags } = await this.read(Query);
    const output = await this.outputFor(flags);
    requireStdoutFor(flags);
    if (flags.connect !== undefined && argv.length > 0) {
      const message = '--connect takes the certificate from the server, and one was named too';
      throw new OcspError('usage', message, 'leave one of them out');
    }
    const paths = flags.connect === undefined ? await namedCertificates(argv, flags, output) : [];
    return await runQuery(paths, flags, output, `restaple/${this.config.version}`);
  }

  /** A monitoring system reads exit codes of its own, of a check that failed too; its flags may not have been parsed. */
  protected override async catch(error: Error): Promise<void> {
    if (!isGiven(this.argv, '--nagios')) return super.catch(error);
    process.exitCode = reportFailedCheck(await explained(error, ['query', ...this.argv], this.config));
  }
}
