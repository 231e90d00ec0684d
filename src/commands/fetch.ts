import type { Interfaces } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import { confirmOfRun } from '../cli/config/confirm-of-run.js';
import { fetchSettings } from '../cli/config/fetch-settings.js';
import { commandLineOnly, withEnvironment } from '../cli/environment-flags.js';
import type { ExitCode } from '../cli/exit-code.js';
import { fetchFlags } from '../cli/fetch-flags.js';
import { certificateArguments } from '../cli/flags.js';
import { namedSources, pathsOfSources } from '../cli/named-sources.js';
import { printCurl } from '../cli/print-curl.js';
import { runFetch } from '../cli/run-fetch.js';
import { certificatePaths } from '../source/certificate-paths.js';

export default class Fetch extends BaseCommand {
  static override description = `Fetch, verify and store the staples of certificates, where they are due.

The staple is CERT.ocsp, in DER, as haproxy looks for it. It is replaced only by a response that is verified, current and
usable by a server, in one step; whatever goes wrong, the old one stays. Safe to run every hour: a fresh staple is verified
and left alone. Silent on success unless stderr is a terminal.

Without CERT the certificates are those of --config, else of /etc/restaple.yaml where it is there. Flags beat the
environment, which beats the file.`;
  static override examples = [
    '<%= config.bin %> fetch /etc/haproxy/certs/site.pem',
    '<%= config.bin %> fetch /etc/haproxy/certs',
    '<%= config.bin %> fetch --out /etc/nginx/ocsp/{name}.der /etc/letsencrypt/live',
    '<%= config.bin %> fetch --issuer ca.pem --url http://ocsp.corp.example/ site.pem',
    '<%= config.bin %> fetch --reload haproxy:/run/haproxy/admin.sock --confirm 127.0.0.1:443 site.pem',
    '<%= config.bin %> fetch --config /etc/restaple.yaml',
    '<%= config.bin %> fetch --json --dry-run site.pem',
    '<%= config.bin %> fetch --print-curl site.pem | sh > site.pem.ocsp.new',
  ];
  static override strict = false;
  static override args = certificateArguments;
  static override baseFlags = withEnvironment(BaseCommand.baseFlags);
  static override flags = fetchFlags;

  protected async work(): Promise<ExitCode> {
    const parsed = await this.parse(commandLineOnly(Fetch));
    const areNamed = parsed.argv.length > 0;
    const definitions = { ...Fetch.baseFlags, ...Fetch.flags };
    const { configuration, settings, ...merged } = await fetchSettings(parsed, definitions, process, {
      useDefaultPlace: !areNamed,
    });
    const flags: Interfaces.InferredFlags<typeof Fetch.flags & typeof Fetch.baseFlags> = merged.flags;
    const output = await this.output(flags);
    const named = areNamed ? await this.paths(parsed.argv, flags) : undefined;
    const paths = pathsOfSources(namedSources(named, configuration), configuration);
    const found = await certificatePaths(paths);
    flags.confirm = confirmOfRun(
      flags.confirm,
      settings.get('confirm'),
      found.map(({ path }) => path),
    );
    return flags['print-curl']
      ? await printCurl(found, flags, output)
      : await runFetch(
          paths.map((path) => ({ path })),
          flags,
          output,
          this.config,
        );
  }
}
