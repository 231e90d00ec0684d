import type { ExitCode } from '../exit/exit-code.js';
import type { OcspOptions } from './options.js';
import type { OpensslStreams } from './streams.js';

/** The client side: whatever has no -index. */
export async function runOpensslClient(options: OcspOptions, streams: OpensslStreams): Promise<ExitCode> {
  await Promise.resolve();
  streams.stderr.write(`ocsp: ${options.steps.length} steps were read\n`);
  return 1;
}
