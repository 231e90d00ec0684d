import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import { OpensslFailure } from './failure.js';
import { ocspHelpLines } from './help-lines.js';
import { parseOcspArguments, type ParsedArguments } from './options.js';
import type { OpensslStreams } from './streams.js';

/**
 * Does what these words ask of `openssl ocsp`, and ends as it does.
 *
 * @param userAgent what responders are told of who asks
 */
export async function runOcsp(words: readonly string[], streams: OpensslStreams, userAgent: string): Promise<ExitCode> {
  const parsed = parseOcspArguments(words);
  const { switches, ignored } = parsed.options;
  const say = (line: string): void => void streams.stderr.write(`${line}\n`);
  if (switches.has('help')) {
    for (const line of ocspHelpLines()) say(line);
    return exitCodes.success;
  }
  for (const option of ignored) say(`ocsp: ${option} is ignored: openssl 3 has no such option`);
  try {
    return await run(parsed, streams, userAgent);
  } catch (error) {
    if (!(error instanceof OpensslFailure)) throw error;
    for (const line of error.lines) say(line);
    return switches.has('strict-exit') ? error.exitCode : 1;
  }
}

async function run(
  { options, refusal }: ParsedArguments,
  streams: OpensslStreams,
  userAgent: string,
): Promise<ExitCode> {
  if (refusal !== undefined) {
    const { loadSteps } = await import('./request.js');
    await loadSteps(options.steps);
    throw new OpensslFailure(refusal, exitCodes.usage);
  }
  if (options.texts.index === undefined) {
    const { runOpensslClient } = await import('./client.js');
    return await runOpensslClient(options, streams, userAgent);
  }
  const { runOpensslResponder } = await import('./responder.js');
  return await runOpensslResponder(options, streams);
}
