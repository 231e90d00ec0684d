import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.js';
import { doctorFlags } from '../../cli/doctor/doctor-flags.js';
import { runConfigInit } from '../../cli/doctor/run-config-init.js';
import type { ExitCode } from '../../cli/exit/exit-code.js';
import { inGroup } from '../../cli/flags/flag-groups.js';
import { fileFlag } from '../../cli/flags/flag-kinds.js';
import { parseWantedServer } from '../../pipeline/doctor/find-servers.js';

const { issuer, 'ask-servers': askServers, 'handshake-timeout': handshakeTimeout } = doctorFlags;

export default class ConfigInit extends BaseCommand {
  static override description = `Write a configuration of fetch for what doctor finds on this host.

Each certificate that has a responder gets its staple where its server reads it, the server to reload, and the places to
confirm; what is left out stands at the end, with the reason. A file that exists is never overwritten.`;
  static override usage = '[FLAG...] [SERVER...]';
  static override exits = [8, 9, 130, 143] as const;
  static override manual = ['docs/doctor.md', 'docs/configuration.md'];
  static override examples = [
    '<%= config.bin %> config init',
    '<%= config.bin %> config init --out /etc/restaple.yaml',
    '<%= config.bin %> config init haproxy',
  ];
  static override strict = false;
  static override args = {
    server: Args.string({
      description: 'for these servers only, as doctor takes them',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    issuer,
    'ask-servers': askServers,
    'handshake-timeout': handshakeTimeout,
    ...inGroup('where', {
      out: fileFlag('the new file [default: stdout]', { summary: 'the new file [default: stdout]' }),
    }),
  };

  protected async work(): Promise<ExitCode> {
    const { argv, flags } = await this.read(ConfigInit);
    return await runConfigInit(argv.map(parseWantedServer), flags, await this.outputFor(flags));
  }
}
