import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import { doctorFlags } from '../cli/doctor/doctor-flags.js';
import { runDoctor } from '../cli/doctor/run-doctor.js';
import type { ExitCode } from '../cli/exit/exit-code.js';
import { knownServers, parseWantedServer } from '../pipeline/doctor/find-servers.js';

export default class Doctor extends BaseCommand {
  static override description = `Look at this host: what do its TLS servers need for stapling?

Finds the servers that run, reads their configuration, asks haproxy and dnsdist over their consoles, and shakes hands with
each. For every certificate it says whether a staple is there, good, loaded, served and refreshed, and what to do, as commands
to paste. It changes nothing, sends nothing off this host without --query, and runs no server without --ask-servers. Run it as
root, or it says what it could not read.`;
  static override usage = '[FLAG...] [SERVER...]';
  static override exits = [3, 4, 5, 6, 7, 8, 9, 10, 11, 130, 143] as const;
  static override manual = ['docs/doctor.md', 'docs/servers.md'];
  static override examples = [
    '<%= config.bin %> doctor',
    '<%= config.bin %> doctor haproxy',
    '<%= config.bin %> doctor nginx:/etc/nginx/nginx.conf',
    '<%= config.bin %> doctor --json | jq -r \'select(.state == "not-served").certificate\'',
    '<%= config.bin %> doctor --strict',
    '<%= config.bin %> doctor --html /var/www/html/staples.html',
    '<%= config.bin %> doctor --ask-servers',
  ];
  static override strict = false;
  static override args = {
    server: Args.string({
      description: `look at these servers only: ${knownServers.join(', ')}, or NAME:CONFIGURATION`,
      ignoreStdin: true,
    }),
  };
  static override flags = doctorFlags;

  protected async work(): Promise<ExitCode> {
    const { argv, flags } = await this.read(Doctor);
    return await runDoctor(
      argv.map(parseWantedServer),
      flags,
      await this.outputFor(flags),
      `restaple/${this.config.version}`,
    );
  }
}
