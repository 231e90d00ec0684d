import type { Config } from '@oclif/core';
import { OcspError } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';
import { fetchStaples } from '../pipeline/batch.js';
import type { FetchTools } from '../pipeline/fetch-job.js';
import type { Outcome } from '../pipeline/outcome.js';
import { announcerFor, uninterrupted } from './announcer-for.js';
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
  const announcer = await announcerFor(config, flags, paths, signal, output);
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
      if (mayBeTold(outcome)) {
        await announcer.take(outcome.certificate, outcome.staple, outcome.verdict, outcome.written);
      }
      if (hasOnCommands(flags)) codes.push(await runOnCommand(outcome, flags, signal, output));
    }
    // After an interrupt nobody is told: what was fetched is stored, and the next run tells them.
    const { results, exitCode } = await uninterrupted(interrupt, () => announcer.finish());
    codes.push(exitCode);
    if (output.json) output.record(summary.record(results.map(targetRecord)));
  } finally {
    client.close();
    interrupt.release();
  }
  return interrupt.exitCode() ?? gravestExitCode(codes);
}

/** Of a certificate that its CA no longer vouches for, no server is given the old staple, good as it looks. */
function mayBeTold({ outcome }: Outcome): boolean {
  return outcome !== 'revoked' && outcome !== 'unknown';
}

function withRequestFile(tools: FetchTools, paths: readonly FilePath[], file: string | undefined): FetchTools {
  if (file === undefined) return tools;
  if (paths.length > 1) {
    throw new OcspError('usage', '--request-out takes the request of one certificate', 'name one certificate');
  }
  return { ...tools, onRequest: (request) => writeRequestFile(file, request) };
}
