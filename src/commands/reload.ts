import { Args, type Interfaces } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import type { ExitCode } from '../cli/exit/exit-code.js';
import { certificateArguments } from '../cli/flags/shared-flags.js';
import { reloadCommandFlags } from '../cli/reload/reload-command-flags.js';
import { runReload } from '../cli/reload/run-reload.js';
import { warnOfNothing } from '../cli/flags/path-arguments.js';
import { certificatePaths } from '../source/certificate-paths.js';

export default class Reload extends BaseCommand {
  static override description = `Tell a running server of the staples of certificates, and read its answer.

TARGET is haproxy:/run/haproxy/admin.sock, haproxy:HOST:PORT, haproxy:@1:/run/haproxy-master.sock, dnsdist:HOST:PORT,
nginx[:PIDFILE], hitch[:PIDFILE], lighttpd[:PIDFILE], systemd:UNIT, or exec:COMMAND (words by the shell's quoting rules, no
shell; the staples as JSON lines on stdin). Every staple is verified first; one that is not good is not pushed and ends
with its own exit code. A failed target ends with 10.`;
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
    const parsed = await this.parse(Reload);
    const flags: Interfaces.InferredFlags<typeof Reload.flags & typeof Reload.baseFlags> = parsed.flags;
    const output = await this.output(flags);
    const words = parsed.argv.slice(1);
    const found = words.length === 0 ? [] : await certificatePaths(await this.paths(words, flags));
    if (words.length > 0) warnOfNothing(found, words, output);
    return await runReload(
      parsed.args.target,
      found.map(({ path }) => path),
      flags,
      output,
    );
  }
}
