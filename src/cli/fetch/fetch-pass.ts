import { OcspError } from '../../core/index.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { fetchStaples, type BatchLimits, type ListedOutcome } from '../../pipeline/fleet/batch.js';
import type { FetchTools } from '../../pipeline/fetch/fetch-job.js';
import type { Outcome } from '../../pipeline/fetch/outcome.js';
import { pathsOf, type CertificateList, type ListedCertificate } from '../../source/certificate-list.js';
import type { OwnLists } from '../reload/reload-outcome.js';
import { reloadAtEnd } from '../reload/reload-at-end.js';
import { exitCodeOfOutcome } from '../exit/exit-code-of.js';
import { exitCodes, gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import type { Output } from '../output.js';
import type { FetchFlags } from './fetch-flags.js';
import { listOrder } from './fetch-order.js';
import type { FetchRun } from './prepare-run.js';
import { startFrugalHeap } from './frugal-heap.js';
import { optimizeLess } from './optimize-less.js';
import { announceOnCommand, hasOnCommands, runOnCommand } from './on-commands.js';
import { startReport } from './pass-report.js';
import { outcomeRecord, sayOutcome, summaryRecord } from './outcome-lines.js';
import { targetRecord } from '../reload/reload-lines.js';
import { isStdout } from '../config/file-folder.js';
import { requireOneStaple } from '../flags/staple-on-stdout.js';
import { warnOfUnusedIssuers } from '../render/unused-issuers.js';
import { writeRequestFile } from './write-request.js';
import { definedOnly } from '../../core/defined-only.js';

/** An outcome; `isRepeated` for one of an earlier pass that still stands. */
export type SettledOutcome = Pick<ListedOutcome, 'listed' | 'outcome' | 'isRepeated'>;

/** What a watch adds to a pass; every part may be absent. */
export interface PassObserver {
  /** The last outcome of a certificate whose responder is not asked for now. */
  readonly postponed?: (certificate: FilePath) => Outcome | undefined;
  /** Told of each outcome as it settles. */
  readonly onOutcome?: (settled: SettledOutcome) => void;
  /** Whether the user hears about it; always when absent. */
  readonly isTold?: (settled: SettledOutcome) => boolean;
}

/**
 * One pass over all certificates: a line for each as it settles, then the servers, a summary at the end of --json.
 *
 * @throws OcspError for what belongs to no certificate
 */
export async function fetchPass(run: FetchRun, observer: PassObserver = {}): Promise<ExitCode> {
  const { order, output, config, interrupt, options } = run;
  const { flags } = order;
  const { list, lists } = await listOrder(order);
  if (isStdout(flags.out)) requireOneForStdout(list, { ...flags, json: output.json });
  const confirm = [...order.confirmFor(() => pathsOf(list))];
  run.warnOfHash(lists.flatMap(({ reload = flags.reload }) => reload));
  const plan = { sources: lists, isOfFile: order.isReloadOfFile };
  const reload = await reloadAtEnd(config, { ...flags, confirm }, () => pathsOf(list), interrupt, output, plan);
  const policy = { strict: flags.strict, requireOcsp: flags['require-ocsp'] };
  const report = startReport(run, list.length);
  const { tally, isSparing } = report;
  const tools = withOutput(withRequestFile(report.tools, list, flags), flags, output);
  const heap = list.length < cleanedUpAfter ? undefined : startFrugalHeap();
  if (list.length >= worthASetting) optimizeLess();
  let exitCode: ExitCode = exitCodes.success;
  let isSilent = true;
  const isDryRun = flags['dry-run'];
  const talk = { requireOcsp: policy.requireOcsp, isDryRun, isSparing };
  const withdrawn = await withdrawer(run, lists);
  const wouldTell = isDryRun ? createDryRunTeller({ ...flags, confirm }, output) : undefined;
  try {
    for await (const settled of withdrawn(fetchStaples(list, options, tools, limitsOf(run, observer)))) {
      const { outcome, isRepeated, listed } = settled;
      observer.onOutcome?.(settled);
      const ownCode = exitCodeOfOutcome(outcome, policy);
      exitCode = gravestExitCode([exitCode, ownCode]);
      if (observer.isTold?.(settled) !== false) {
        isSilent = false;
        if (output.json) output.record(outcomeRecord(outcome));
        sayOutcome(output, outcome, talk);
      }
      await report.take(outcome, ownCode);
      if (outcome.responder !== undefined) heap?.makeRoom();
      if (tally.total % cleanedUpAfter === 0) heap?.collect();
      if (isDryRun) wouldTell?.take(outcome, ownLists(listed));
      if (isDryRun || isRepeated === true) continue;
      if (mayBeTold(outcome) && !isStdout(flags.out)) {
        await reload.take(outcome.certificate, outcome.staple, outcome.verdict, outcome.written, ownLists(listed));
      }
      if (hasOnCommands(flags)) {
        exitCode = gravestExitCode([exitCode, await runOnCommand(outcome, flags, interrupt.signal, output)]);
      }
    }
  } finally {
    report.endOfCertificates();
  }
  if (tally.total === 0 && run.shard === undefined && !interrupt.signal.aborted) {
    isSilent = false;
    warnOfNothing(run);
  }
  // After an interrupt nobody is told: what was fetched is stored, and the next run tells them.
  wouldTell?.finish();
  const reloaded = await reload.finish();
  const warnings =
    order.mayWarnOfIssuers && !interrupt.signal.aborted ? warnOfUnusedIssuers(tools.issuers, output) : [];
  const isWorthALine = observer.isTold === undefined || !isSilent || reloaded.results.length > 0;
  if (output.json && isWorthALine) output.record(summaryRecord(tally, reloaded.results.map(targetRecord), warnings));
  return await report.finish(gravestExitCode([exitCode, reloaded.exitCode]));
}

/** Removes staples by --withdraw; without it the outcomes stay as they are. */
async function withdrawer(
  run: FetchRun,
  lists: readonly OwnLists[],
): Promise<(settled: AsyncIterable<SettledOutcome>) => AsyncIterable<SettledOutcome>> {
  const below = run.order.flags.withdraw;
  if (below === undefined) return (settled) => settled;
  const { withdrawRules } = await import('./withdraw-rules.js');
  const { withdrawing } = await import('../../pipeline/fleet/withdrawal.js');
  const rules = withdrawRules(run, below, lists);
  return (settled) => withdrawing(settled, rules);
}

/** Says of a dry run whom it would have told, which commands it would have run, and which file it would have written. */
function createDryRunTeller(flags: FetchFlags, output: Output) {
  const updated = new Map<string, number>();
  const places = new Set(flags.confirm);
  return {
    take: (outcome: Outcome, own: OwnLists | undefined): void => {
      const isTold = outcome.outcome === 'updated' && !isStdout(flags.out);
      for (const target of isTold ? new Set(own?.reload ?? flags.reload) : []) {
        updated.set(target, (updated.get(target) ?? 0) + 1);
      }
      for (const place of own?.confirm ?? []) places.add(place);
      announceOnCommand(outcome, flags, output);
    },
    finish: (): void => {
      for (const [target, count] of updated) {
        output.announce(`would tell ${target}: ${count === 1 ? '1 staple' : `${count} staples`}`);
      }
      for (const place of places) output.announce(`would ask ${place} for its staple by a handshake`);
      if (flags.metrics !== undefined) output.announce(`would write ${flags.metrics}`);
    },
  };
}

/** What the source of a certificate says of servers, where it does. */
function ownLists({ reload, confirm }: ListedCertificate): OwnLists | undefined {
  return reload === undefined && confirm === undefined ? undefined : definedOnly({ reload, confirm });
}

/** Often enough that 100,000 certificates take hardly more memory than 10,000. */
const cleanedUpAfter = 4096;

/** From so many certificates on, what V8 does besides is felt. */
const worthASetting = 500;

/** More certificates are under way than ask at a time, so that those of one slow responder do not keep the others out. */
const waitingForOneAsking = 4;

function limitsOf({ order, shard, helpers }: FetchRun, { postponed }: PassObserver): BatchLimits {
  return definedOnly({
    concurrency: order.flags.concurrency * waitingForOneAsking,
    helpers,
    shard,
    postponed,
  });
}

/** If its CA no longer vouches for a certificate, no server gets the old staple, even if it looks good. */
function mayBeTold({ outcome }: Outcome): boolean {
  return outcome !== 'revoked' && outcome !== 'unknown';
}

/** Sources without certificates are not an error, but whoever named them should hear that nothing was done. */
function warnOfNothing({ order, output }: FetchRun): void {
  const names = order.sources.map((source) => shownPath('crtList' in source ? source.crtList : source.path));
  output.warn(`there is no certificate in ${names.join(', ')} (subfolders are not searched)`);
}

/** With --out - the staple goes to stdout, and a dry run does not print it. */
function withOutput(tools: FetchTools, flags: FetchFlags, output: Output): FetchTools {
  if (!isStdout(flags.out) || flags['dry-run']) return tools;
  return { ...tools, onStaple: (bytes) => output.bytes(bytes) };
}

function requireOneForStdout(list: CertificateList, flags: FetchFlags & { readonly json: boolean }): void {
  if (flags.watch) {
    throw new OcspError(
      'usage',
      '--watch needs a file to keep fresh, and --out - has none',
      'name a file, a folder or a template',
    );
  }
  requireOneStaple(list, flags);
}

function withRequestFile(tools: FetchTools, list: CertificateList, flags: FetchFlags): FetchTools {
  const file = flags['request-out'];
  if (file === undefined) return tools;
  if (list.length > 1) {
    throw new OcspError('usage', '--request-out is for the request of one certificate', 'name one certificate');
  }
  return { ...tools, onRequest: (request) => writeRequestFile(file, request, tools.ownProcess) };
}
