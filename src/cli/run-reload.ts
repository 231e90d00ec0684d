import { OcspError } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';
import { announceTo } from '../pipeline/reload/announce.js';
import { confirmPlace, parseConfirmPlace } from '../pipeline/reload/confirm.js';
import { stapleToPush } from '../pipeline/reload/staple-to-push.js';
import { verifyStaple, type VerifyReport } from '../pipeline/verify-staple.js';
import type { PushResult, StapleToPush, TargetResult } from '../reload/reload-result.js';
import { parseReloadTarget, type ReloadTarget } from '../reload/reload-target.js';
import { createIssuerFinder } from '../source/issuer-finder.js';
import { announceToolsFrom } from './announce-setup.js';
import { exitCodeOfTargets, settingsFrom } from './announcer.js';
import { exitCodeOfTrouble, exitCodeOfVerdict } from './exit-code-of.js';
import { exitCodes, gravestExitCode, type ExitCode } from './exit-code.js';
import { usualSkewMilliseconds } from './fetch-setup.js';
import { catchInterrupts } from './interrupt.js';
import type { Output } from './output.js';
import type { ReloadCommandFlags } from './reload-command-flags.js';
import { sayTargetResult, targetRecord } from './render-reload.js';

/** What the staples of the certificates are: those to push, and those that are not good with their own exit codes. */
interface Judged {
  readonly staples: readonly StapleToPush[];
  readonly refused: readonly PushResult[];
  readonly codes: readonly ExitCode[];
}

/** Verifies every staple, tells one target of the good ones, proves what --confirm asks for, and reports. */
export async function runReload(
  targetText: string,
  paths: readonly FilePath[],
  flags: ReloadCommandFlags,
  output: Output,
): Promise<ExitCode> {
  const target = parseReloadTarget(targetText);
  const places = flags.confirm.map(parseConfirmPlace);
  requireCertificates(target, paths);
  const interrupt = catchInterrupts();
  try {
    const judged = await judgeStaples(paths, flags);
    const tools = announceToolsFrom(settingsFrom(flags), interrupt.signal, (line) => output.warn(line));
    const results: TargetResult[] = [];
    if (judged.staples.length > 0 || paths.length === 0) results.push(await announceTo(target, judged.staples, tools));
    else results.push({ target: target.text, ok: false, certificates: [], milliseconds: 0 });
    for (const place of places) {
      results.push(await confirmPlace(place, judged.staples, tools.limits, () => tools.now()));
    }
    report(results, judged.refused, output);
    const failed = judged.staples.length > 0 || paths.length === 0 ? exitCodeOfTargets(results) : exitCodes.success;
    return interrupt.exitCode() ?? gravestExitCode([...judged.codes, failed]);
  } catch (error) {
    const code = interrupt.exitCode();
    if (code !== undefined && error instanceof OcspError) return code;
    throw error;
  } finally {
    interrupt.release();
  }
}

function requireCertificates(target: ReloadTarget, paths: readonly FilePath[]): void {
  if (target.kind !== 'haproxy' || paths.length > 0) return;
  throw new OcspError(
    'usage',
    'haproxy takes staples one by one, and no certificate was named',
    'name the certificates whose staples it shall take: restaple reload TARGET CERT...',
  );
}

async function judgeStaples(paths: readonly FilePath[], flags: ReloadCommandFlags): Promise<Judged> {
  const issuers = createIssuerFinder(flags.issuer);
  const options = {
    ...(flags.out === undefined ? {} : { out: flags.out }),
    now: flags.at ?? new Date(),
    // Skew never extends nextUpdate for what a server is to staple.
    skewMilliseconds: usualSkewMilliseconds,
    ignoreTimes: false,
    trustedResponders: [],
    anchors: [],
    untrusted: [],
  };
  const staples: StapleToPush[] = [];
  const refused: PushResult[] = [];
  const codes: ExitCode[] = [];
  for (const path of paths) {
    const report = await verifyStaple(path, issuers, options);
    const staple = await pushableOf(path, report, options.now);
    if (staple !== undefined) staples.push(staple);
    else {
      refused.push(notGood(path, report));
      codes.push(exitCodeOfReport(report));
    }
  }
  return { staples, refused, codes };
}

async function pushableOf(path: FilePath, report: VerifyReport, now: Date): Promise<StapleToPush | undefined> {
  if (report.response === undefined) return undefined;
  const staple = await stapleToPush(path, report.response, report.verdict, true);
  return staple !== undefined && staple.nextUpdate > now ? staple : undefined;
}

function notGood(certificatePath: FilePath, { verdict, trouble }: VerifyReport): PushResult {
  const message = trouble?.message ?? `its staple is ${verdict?.kind ?? 'missing'}, and only good ones are pushed`;
  return {
    certificatePath,
    ok: false,
    code: 'not-good',
    message,
    hint: trouble?.hint ?? 'fetch a good one: restaple fetch',
  };
}

function exitCodeOfReport({ verdict, trouble, noResponder }: VerifyReport): ExitCode {
  if (noResponder) return exitCodes.inputUnusable;
  const ofVerdict = verdict === undefined ? exitCodes.success : exitCodeOfVerdict(verdict);
  if (ofVerdict !== exitCodes.success) return ofVerdict;
  return trouble === undefined ? exitCodes.outsideValidity : exitCodeOfTrouble(trouble);
}

function report(results: readonly TargetResult[], refused: readonly PushResult[], output: Output): void {
  for (const [index, result] of results.entries()) {
    const whole = index === 0 ? withRefused(result, refused) : result;
    if (output.json) output.record(targetRecord(whole));
    sayTargetResult(output, whole);
  }
}

function withRefused(result: TargetResult, refused: readonly PushResult[]): TargetResult {
  if (refused.length === 0) return result;
  return { ...result, ok: false, certificates: [...result.certificates, ...refused] };
}
