import { OcspError } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';
import { fetchStaples } from '../pipeline/batch.js';
import type { FetchTools } from '../pipeline/fetch-job.js';
import { exitCodeOfOutcome } from './exit-code-of.js';
import { gravestExitCode, type ExitCode } from './exit-code.js';
import type { FetchFlags } from './fetch-flags.js';
import { fetchOptionsFrom, fetchToolsFrom, httpClientFrom } from './fetch-setup.js';
import { catchInterrupts } from './interrupt.js';
import type { Output } from './output.js';
import { createSummary, outcomeRecord, sayOutcome } from './render-outcome.js';
import { writeRequestFile } from './request-file.js';

/** Fetches and tells: a line for each certificate as it settles, a summary at the end of --json. */
export async function runFetch(
  paths: readonly FilePath[],
  flags: FetchFlags,
  output: Output,
  userAgent: string,
): Promise<ExitCode> {
  const options = await fetchOptionsFrom(flags);
  const client = httpClientFrom(flags, userAgent);
  const interrupt = catchInterrupts();
  const tools = withRequestFile(fetchToolsFrom(flags, client, interrupt.signal), paths, flags['request-out']);
  const policy = { strict: flags.strict, requireOcsp: flags['require-ocsp'] };
  const summary = createSummary();
  const codes: ExitCode[] = [];
  try {
    for await (const outcome of fetchStaples(paths, options, tools, flags.concurrency)) {
      summary.count(outcome);
      codes.push(exitCodeOfOutcome(outcome, policy));
      if (output.json) output.record(outcomeRecord(outcome));
      sayOutcome(output, outcome, policy);
    }
  } finally {
    client.close();
    interrupt.release();
  }
  if (output.json) output.record(summary.record());
  const interrupted = interrupt.exitCode();
  return interrupted ?? gravestExitCode(codes);
}

function withRequestFile(tools: FetchTools, paths: readonly FilePath[], file: string | undefined): FetchTools {
  if (file === undefined) return tools;
  if (paths.length > 1) {
    throw new OcspError('usage', '--request-out takes the request of one certificate', 'name one certificate');
  }
  return { ...tools, onRequest: (request) => writeRequestFile(file, request) };
}
