import type { Config } from '@oclif/core';
import { OcspError } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';
import { fetchStaples } from '../pipeline/batch.js';
import type { FetchTools } from '../pipeline/fetch-job.js';
import { announcerFor } from './announcer-for.js';
import { exitCodeOfOutcome } from './exit-code-of.js';
import { gravestExitCode, type ExitCode } from './exit-code.js';
import type { FetchFlags } from './fetch-flags.js';
import { fetchOptionsFrom, fetchToolsFrom, httpClientFrom } from './fetch-setup.js';
import { catchInterrupts } from './interrupt.js';
import { checkOnCommands, hasOnCommands, runOnCommand } from './on-commands.js';
import type { Output } from './output.js';
import { createSummary, outcomeRecord, sayOutcome } from './render-outcome.js';
import { targetRecord } from './render-reload.js';
import { writeRequestFile } from './request-file.js';

/** Fetches and tells: a line for each certificate as it settles, then the servers, a summary at the end of --json. */
export async function runFetch(
  paths: readonly FilePath[],
  flags: FetchFlags,
  output: Output,
  config: Config,
): Promise<ExitCode> {
  const options = await fetchOptionsFrom(flags);
  checkOnCommands(flags);
  const interrupt = catchInterrupts();
  const { signal } = interrupt;
  const announcer = await announcerFor(config, flags, signal, output);
  const client = httpClientFrom(flags, `restaple/${config.version}`);
  const policy = { strict: flags.strict, requireOcsp: flags['require-ocsp'] };
  const summary = createSummary();
  const codes: ExitCode[] = [];
  try {
    const tools = withRequestFile(fetchToolsFrom(flags, client, signal), paths, flags['request-out']);
    for await (const outcome of fetchStaples(paths, options, tools, flags.concurrency)) {
      summary.count(outcome);
      codes.push(exitCodeOfOutcome(outcome, policy));
      if (output.json) output.record(outcomeRecord(outcome));
      sayOutcome(output, outcome, policy);
      if (flags['dry-run']) continue;
      await announcer.take(outcome.certificate, outcome.staple, outcome.verdict, outcome.written);
      if (hasOnCommands(flags)) codes.push(await runOnCommand(outcome, flags, signal, output));
    }
    const { results, exitCode } = await announcer.finish();
    codes.push(exitCode);
    if (output.json) output.record(summary.record(results.map(targetRecord)));
  } catch (error) {
    // An interrupt while servers were told: what was fetched is stored, and the next run tells them.
    if (interrupt.exitCode() === undefined || !(error instanceof OcspError)) throw error;
  } finally {
    client.close();
    interrupt.release();
  }
  return interrupt.exitCode() ?? gravestExitCode(codes);
}

function withRequestFile(tools: FetchTools, paths: readonly FilePath[], file: string | undefined): FetchTools {
  if (file === undefined) return tools;
  if (paths.length > 1) {
    throw new OcspError('usage', '--request-out takes the request of one certificate', 'name one certificate');
  }
  return { ...tools, onRequest: (request) => writeRequestFile(file, request) };
}
