import { BaseCommand } from '../cli/base-command.js';
import type { ExitCode } from '../cli/exit/exit-code.js';
import { inGroup } from '../cli/flags/flag-groups.js';
import { switchFlag } from '../cli/flags/flag-kinds.js';
import { runOcsp } from '../cli/ocsp/run-ocsp.js';

/** Any other flag would be an argument that openssl does not know. */
const { help, version } = BaseCommand.baseFlags;

export default class Ocsp extends BaseCommand {
  static override description = `Do what "openssl ocsp" does, argument by argument.

Takes the arguments of openssl 3, with one dash or two, prints the same lines to the same streams, writes the same files and
ends with the same exit codes. restaple ocsp -help lists them.`;
  static override usage = 'ARGUMENTS OF openssl ocsp';
  static override exits = [3, 4, 5, 6, 7, 8, 9] as const;
  static override manual = ['docs/from-openssl.md', 'docs/errors.md'];
  static override examples = [
    '<%= config.bin %> ocsp -issuer chain.pem -cert site.pem -url http://ocsp.example.com -respout site.ocsp',
    '<%= config.bin %> ocsp -no_nonce -issuer chain.pem -cert site.pem -respin site.ocsp -CAfile root.pem',
    '<%= config.bin %> ocsp -issuer ca.pem -serial 0x1234 -reqout request.der',
    '<%= config.bin %> ocsp --strict-exit -issuer chain.pem -cert site.pem -url http://ocsp.example.com',
  ];
  static override strict = false;
  static override args = {};
  static override baseFlags = { help, version } as typeof BaseCommand.baseFlags;
  static override flags = inGroup('output', {
    'strict-exit': switchFlag("end with restaple's exit codes", { summary: "end with restaple's exit codes" }),
  });

  protected async work(): Promise<ExitCode> {
    return await runOcsp(this.argv, process, `restaple/${this.config.version}`);
  }
}
