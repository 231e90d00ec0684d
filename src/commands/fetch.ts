import { BaseCommand } from '../cli/base-command.js';
import { readPathArguments } from '../cli/flags/path-arguments.js';
import { withEnvironment } from '../cli/flags/flag.js';
import type { ExitCode } from '../cli/exit/exit-code.js';
import { fetchFlags } from '../cli/fetch/fetch-flags.js';
import { fetchOrderFrom, type FetchOrder } from '../cli/fetch/fetch-order.js';
import { certificateArguments } from '../cli/flags/shared-flags.js';
import { printCurl } from '../cli/fetch/print-curl.js';
import { runFetch } from '../cli/fetch/run-fetch.js';

export default class Fetch extends BaseCommand {
  static override description = `Fetch, verify and store the staples of certificates where they are due.

The staple is CERT.ocsp in DER, where haproxy looks for it. It is replaced in one step, and only by a response that is
verified, current and usable by a server; whatever goes wrong, the old one stays. Run it every hour: a fresh staple is
verified and left alone. It says nothing on success unless stderr is a terminal.

Without CERT the certificates are those of the configuration file: --config, or /etc/restaple.yaml where it is there.`;
  static override usage = '[FLAG...] [CERT...]';
  static override exits = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 130, 143] as const;
  static override variables = ['RESTAPLE_SHARD_COUNT', 'RESTAPLE_DNSDIST_KEY', 'RESTAPLE_PASSPHRASE'];
  static override manual = ['docs/operation.md', 'docs/configuration.md', 'docs/errors.md'];
  static override examples = [
    '<%= config.bin %> fetch /etc/haproxy/certs/site.pem',
    '<%= config.bin %> fetch /etc/haproxy/certs',
    '<%= config.bin %> fetch --out /etc/nginx/ocsp/{name}.der /etc/letsencrypt/live',
    '<%= config.bin %> fetch --issuer ca.pem --url http://ocsp.corp.example/ site.pem',
    '<%= config.bin %> fetch --reload haproxy:/run/haproxy/admin.sock --confirm 127.0.0.1:443 site.pem',
    '<%= config.bin %> fetch --config /etc/restaple.yaml',
    '<%= config.bin %> fetch --watch --config /etc/restaple.yaml',
    '<%= config.bin %> fetch --json --dry-run site.pem',
    '<%= config.bin %> fetch --print-curl site.pem | sh > site.pem.ocsp.new',
  ];
  static override strict = false;
  static override args = certificateArguments;
  static override baseFlags = withEnvironment(BaseCommand.baseFlags);
  static override flags = fetchFlags;

  protected async work(): Promise<ExitCode> {
    const parsed = await this.read(Fetch);
    const definitions = { ...Fetch.baseFlags, ...Fetch.flags };
    const isNamed = parsed.argv.length > 0;
    const paths = isNamed ? await readPathArguments(parsed.argv, parsed.flags) : [];
    const order = (): Promise<FetchOrder<typeof parsed.flags>> => fetchOrderFrom(parsed, definitions, paths);
    const first = await order();
    const output = await this.outputFor(first.flags);
    if (first.flags['print-curl']) return await printCurl(first, output);
    return await runFetch(first, order, output, this.config);
  }
}
