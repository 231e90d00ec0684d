import type { Config } from '@oclif/core';
import { OcspError, type Certificate } from '../core/index.js';
import { shownPath } from '../core/file-path.js';
import { fetchStaples } from '../pipeline/batch.js';
import type { FetchOptions, FetchTools } from '../pipeline/fetch-job.js';
import type { Outcome } from '../pipeline/outcome.js';
import { listCertificates, pathsOf, type CertificateList } from '../source/certificate-list.js';
import type { NamedSource } from '../source/named-source.js';
import { announcerFor, uninterrupted } from './announcer-for.js';
import { exitCodeOfOutcome } from './exit-code-of.js';
import { exitCodes, gravestExitCode, type ExitCode } from './exit-code.js';
import type { FetchFlags } from './fetch-flags.js';
import type { Interrupt } from './interrupt.js';
import { hasOnCommands, runOnCommand } from './on-commands.js';
import type { Output } from './output.js';
import { createSummary, outcomeRecord, sayOutcome } from './render-outcome.js';
import { targetRecord } from './render-reload.js';
import { writeRequestFile } from './request-file.js';

/** What the passes of a run share. */
export interface FetchRun {
  readonly sources: readonly NamedSource[];
  readonly options: FetchOptions;
  readonly tools: FetchTools;
  readonly flags: FetchFlags;
  readonly output: Output;
  readonly config: Config;
  readonly interrupt: Interrupt;
  /** The certificates of this run's shard; all when absent. */
  readonly isIncluded?: (certificate: Certificate) => boolean;
  /** Told of each outcome as it settles. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

/**
 * One pass over all certificates: a line for each as it settles, then the servers, a summary at the end of --json.
 *
 * @throws OcspError for what belongs to no certificate
 */
export async function fetchPass(run: FetchRun): Promise<ExitCode> {
  const { flags, output, config, interrupt, options, tools } = run;
  const list = await listCertificates(run.sources);
  const announcer = await announcerFor(config, flags, () => pathsOf(list), interrupt.signal, output);
  const policy = { strict: flags.strict, requireOcsp: flags['require-ocsp'] };
  const summary = createSummary();
  let exitCode: ExitCode = exitCodes.success;
  for await (const { outcome } of fetchStaples(list, options, withRequestFile(tools, list, flags), inFlight(run))) {
    summary.count(outcome);
    run.onOutcome?.(outcome);
    exitCode = gravestExitCode([exitCode, exitCodeOfOutcome(outcome, policy)]);
    if (output.json) output.record(outcomeRecord(outcome));
    sayOutcome(output, outcome, policy);
    if (flags['dry-run']) continue;
    if (mayBeTold(outcome)) {
      await announcer.take(outcome.certificate, outcome.staple, outcome.verdict, outcome.written);
    }
    if (hasOnCommands(flags)) {
      exitCode = gravestExitCode([exitCode, await runOnCommand(outcome, flags, interrupt.signal, output)]);
    }
  }
  if (summary.total() === 0 && run.isIncluded === undefined && !interrupt.signal.aborted) warnOfNothing(run);
  // After an interrupt nobody is told: what was fetched is stored, and the next run tells them.
  const announced = await uninterrupted(interrupt, () => announcer.finish());
  if (output.json) output.record(summary.record(announced.results.map(targetRecord)));
  return gravestExitCode([exitCode, announced.exitCode]);
}

/** More certificates are under way than ask at a time, so that those of one slow responder do not keep the others out. */
const waitingForOneAsking = 4;

function inFlight({ flags, isIncluded }: FetchRun): Parameters<typeof fetchStaples>[3] {
  return {
    concurrency: flags.concurrency * waitingForOneAsking,
    ...(isIncluded === undefined ? {} : { isIncluded }),
  };
}

/** Of a certificate that its CA no longer vouches for, no server is given the old staple, good as it looks. */
function mayBeTold({ outcome }: Outcome): boolean {
  return outcome !== 'revoked' && outcome !== 'unknown';
}

/** Sources without certificates are no error, but whoever named them should hear that nothing was done. */
function warnOfNothing({ sources, output }: FetchRun): void {
  const names = sources.map((source) => shownPath('crtList' in source ? source.crtList : source.path));
  output.warn(`there is no certificate in ${names.join(', ')} (folders in it are not looked into)`);
}

function withRequestFile(tools: FetchTools, list: CertificateList, flags: FetchFlags): FetchTools {
  const file = flags['request-out'];
  if (file === undefined) return tools;
  if (list.length > 1) {
    throw new OcspError('usage', '--request-out takes the request of one certificate', 'name one certificate');
  }
  return { ...tools, onRequest: (request) => writeRequestFile(file, request) };
}
