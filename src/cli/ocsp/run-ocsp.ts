import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import { ocspHelpLines } from './help-lines.js';
import { parseOcspArguments } from './options.js';
import type { OpensslStreams } from './streams.js';

/** Does what these words ask of `openssl ocsp`, and ends as it does. */
export async function runOcsp(words: readonly string[], streams: OpensslStreams): Promise<ExitCode> {
  const { options, refusal } = parseOcspArguments(words);
  const say = (line: string): void => void streams.stderr.write(`${line}\n`);
  if (options.switches.has('help')) {
    for (const line of ocspHelpLines()) say(line);
    return exitCodes.success;
  }
  if (refusal !== undefined) {
    for (const line of refusal) say(line);
    return options.switches.has('strict-exit') ? exitCodes.usage : 1;
  }
  for (const option of options.ignored) say(`ocsp: ${option} is ignored: it was never an option of openssl 3`);
  if (options.texts.index === undefined) {
    const { runOpensslClient } = await import('./client.js');
    return await runOpensslClient(options, streams);
  }
  const { runOpensslResponder } = await import('./responder.js');
  return await runOpensslResponder(options, streams);
}
