import { Args } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.js';
import { readPathArguments } from '../cli/flags/path-arguments.js';
import { gravestExitCode, type ExitCode } from '../cli/exit/exit-code.js';
import { certificateFlags } from '../cli/flags/shared-flags.js';
import { notVerified, renderInspection } from '../cli/inspect/inspection-lines.js';
import { OcspError } from '../core/index.js';
import { inspectFile } from '../pipeline/inspect/inspect-file.js';

export default class Inspect extends BaseCommand {
  static override description = `Show OCSP responses, requests, certificates and CRLs as text.

Takes DER, PEM (every block of a bundle; private keys are listed but never read), PKCS#7 and base64, and also shows
requests for certificates. Nothing is verified: for a verdict use restaple verify.`;
  static override usage = '[FLAG...] FILE...';
  static override exits = [8, 9] as const;
  static override manual = ['README.md'];
  static override examples = [
    '<%= config.bin %> inspect /etc/haproxy/certs/site.pem.ocsp',
    "<%= config.bin %> inspect --json site.pem.ocsp | jq -r '.responses[].nextUpdate'",
    'openssl ocsp -no_nonce -issuer ca.pem -cert site.pem -reqout request.der && <%= config.bin %> inspect request.der',
    "find /etc/haproxy/certs -name '*.ocsp' | <%= config.bin %> inspect --json -",
  ];
  static override strict = false;
  static override args = {
    file: Args.string({
      description: 'files of responses, requests, certificates or CRLs, or - to read paths from stdin, one per line',
      ignoreStdin: true,
    }),
  };
  static override flags = certificateFlags;

  protected async work(): Promise<ExitCode> {
    const { argv, flags } = await this.read(Inspect);
    const output = await this.outputFor(flags);
    if (argv.length === 0) {
      throw new OcspError(
        'usage',
        'no file was named',
        'name the file of a response, a request, a certificate or a CRL',
      );
    }
    const codes: ExitCode[] = [];
    let hasShown = false;
    for (const path of await readPathArguments(argv, flags)) {
      const inspected = await inspectFile(path);
      codes.push(renderInspection(path, inspected, output));
      hasShown ||= inspected.some(({ record }) => record !== undefined);
    }
    if (hasShown && !output.json) output.data(notVerified);
    return gravestExitCode(codes);
  }
}
