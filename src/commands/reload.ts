import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import type { ExitCode } from '../cli/exit/exit-code.js';
import { certificateArguments } from '../cli/flags/shared-flags.js';
import { reloadCommandFlags } from '../cli/reload/reload-command-flags.js';
import { runReload } from '../cli/reload/run-reload.js';
import { namedCertificates } from '../cli/flags/path-arguments.js';
import { toldServers } from '../servers/reload-target.js';

const forms = toldServers.flatMap((server) => server.forms);
const lastForm = forms.pop() ?? '';

export default class Reload extends BaseCommand {
  static override description = `Tell a running server about the staples of certificates, and read its answer.

TARGET is ${forms.join(', ')}, or ${lastForm}.
Every staple is verified first. One that is not good is not pushed, and the command ends with the code of that staple.`;
  static override usage = 'TARGET [FLAG...] [CERT...]';
  static override exits = [3, 4, 5, 6, 7, 8, 9, 10] as const;
  static override variables = ['RESTAPLE_DNSDIST_KEY'];
  static override manual = ['docs/servers.md', 'docs/errors.md'];
  static override examples = [
    '<%= config.bin %> reload haproxy:/run/haproxy/admin.sock /etc/haproxy/certs',
    '<%= config.bin %> reload dnsdist:127.0.0.1:5199 --dnsdist-key-file /etc/dnsdist/console.key dot.pem',
    '<%= config.bin %> reload nginx --confirm 127.0.0.1:443 site.pem',
    '<%= config.bin %> reload systemd:hitch.service',
  ];
  static override strict = false;
  static override args = {
    target: Args.string({ description: 'the server to tell', required: true, ignoreStdin: true }),
    ...certificateArguments,
  };
  static override flags = reloadCommandFlags;

  protected async work(): Promise<ExitCode> {
    const { argv, flags } = await this.read(Reload);
    const output = await this.outputFor(flags);
    const [target = '', ...words] = argv;
    const paths = words.length === 0 ? [] : await namedCertificates(words, flags, output);
    return await runReload(target, paths, flags, output);
  }
}
