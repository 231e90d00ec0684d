import { OcspError, isBelieved } from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import { formatTime } from '../../core/time.js';
import { nothingToTell, proveOrForget, tellAndRemember } from '../../pipeline/reload/tell-targets.js';
import { confirmPlacesFrom } from '../../pipeline/reload/confirm-place.js';
import type { BeforeProof } from '../../pipeline/reload/prove-by-handshake.js';
import { revokedTrouble } from '../../pipeline/fetch/revocation.js';
import { stapleToPush } from '../../pipeline/reload/staple-to-push.js';
import type { VerifyReport } from '../../pipeline/verify/verify-report.js';
import { verifyListed } from '../../pipeline/verify/verify-staple.js';
import {
  codeOf,
  notTaken,
  type PushResult,
  type StapleToPush,
  type TargetResult,
} from '../../servers/reload-result.js';
import { targetMistake, type ReloadTarget } from '../../servers/reload-target.js';
import type { CertificatePath } from '../../source/certificate-paths.js';
import { reloadTargetFrom } from '../flags/reload-flags.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import { exitCodeOfReport } from '../exit/exit-code-of.js';
import { exitCodes, gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import { readCertificates, usualSkewMilliseconds } from '../fetch/fetch-setup.js';
import { catchInterrupts } from '../interrupt.js';
import { haproxyConfigurationFrom } from '../flags/haproxy-configuration.js';
import type { Output } from '../output.js';
import type { ReloadCommandFlags } from './reload-command-flags.js';
import { warnOfUnusedIssuers } from '../render/unused-issuers.js';
import { exitCodeOfTargets, sayTargetResult, targetRecord } from './reload-lines.js';
import { tellToolsFrom } from './tell-tools.js';
import { definedOnly } from '../../core/defined-only.js';

/** What the staples of the certificates are: those to push, and those that are not, with their own exit codes. */
interface Judged {
  readonly staples: readonly StapleToPush[];
  readonly others: readonly PushResult[];
  readonly codes: readonly ExitCode[];
}

/** Verifies every staple, tells one target of the good ones, proves what --confirm asks for, and reports. */
export async function runReload(
  targetText: string,
  certificates: readonly CertificatePath[],
  flags: ReloadCommandFlags,
  output: Output,
): Promise<ExitCode> {
  const target = reloadTargetFrom(targetText);
  const paths = certificates.map(({ path }) => path);
  const places = confirmPlacesFrom(flags.confirm, () => paths);
  requireCertificates(target, paths, places.length > 0);
  const interrupt = catchInterrupts();
  try {
    const tools = tellToolsFrom(flags, [target], interrupt.signal, output);
    const { staples, others, codes } = await judgeStaples(certificates, flags, output);
    const isTold = staples.length > 0 || paths.length === 0;
    const told = isTold ? await tellAndRemember(target, staples, tools) : nothingToTell(target);
    const results = [told];
    const before: BeforeProof = {
      isPatient: told.ok && isTold,
      isLeftAlone: (staple) => codeOf(told, staple) === 'left-alone',
    };
    for (const place of places) results.push(await proveOrForget(place, staples, [target], tools, before));
    report(results, others, output);
    return interrupt.exitCode() ?? gravestExitCode([...codes, exitCodeOfTargets(results)]);
  } catch (error) {
    const code = interrupt.exitCode();
    if (code !== undefined && error instanceof OcspError) return code;
    throw error;
  } finally {
    interrupt.release();
  }
}

function requireCertificates(target: ReloadTarget, paths: readonly FilePath[], confirms: boolean): void {
  if (paths.length > 0) return;
  if (confirms) {
    throw new OcspError(
      'usage',
      '--confirm compares with the staples of certificates, and no certificate was named',
      'name the certificates: restaple reload TARGET CERT... --confirm HOST:PORT',
    );
  }
  if (target.server.needsStaples !== true) return;
  const mistake = targetMistake(target, process.env);
  if (mistake !== undefined) throw new OcspError('usage', mistake, `write it like ${target.server.example}`);
  throw new OcspError(
    'usage',
    `${target.server.name} takes staples one by one, and no certificate was named`,
    'name the certificates whose staples it should take: restaple reload TARGET CERT...',
  );
}

async function judgeStaples(
  certificates: readonly CertificatePath[],
  flags: ReloadCommandFlags,
  output: Output,
): Promise<Judged> {
  const issuers = createIssuerFinder(flags.issuer, undefined, output.warn);
  const options = definedOnly({
    out: flags.out,
    haproxy: haproxyConfigurationFrom(flags['haproxy-config'], output),
    now: flags.at ?? new Date(),
    // Skew never extends nextUpdate for what a server is to staple.
    skewMilliseconds: usualSkewMilliseconds,
    ignoreTimes: false,
    trustedResponders: await readCertificates(flags['trusted-responder'], output.warn),
    anchors: [],
    untrusted: [],
  });
  const staples: StapleToPush[] = [];
  const others: PushResult[] = [];
  const codes: ExitCode[] = [];
  for (const listed of certificates) {
    const { path } = listed;
    const report = await verifyListed(listed, issuers, options);
    const staple = await pushableOf(path, report, options.now);
    if (staple !== undefined) staples.push(staple);
    else {
      others.push(report.noResponder ? needsNone(path) : notGood(path, report));
      // A good one that is not pushed has expired.
      codes.push(report.verdict?.kind === 'good' ? exitCodes.outsideValidity : exitCodeOfReport(report));
    }
  }
  warnOfUnusedIssuers(issuers, output);
  return { staples, others, codes };
}

async function pushableOf(path: FilePath, report: VerifyReport, now: Date): Promise<StapleToPush | undefined> {
  if (report.response === undefined) return undefined;
  const staple = await stapleToPush(path, report.response, report.verdict, true);
  return staple !== undefined && staple.nextUpdate > now ? staple : undefined;
}

function needsNone(certificatePath: FilePath): PushResult {
  return { certificatePath, ok: true, message: 'it names no responder and has no staple: there is nothing to push' };
}

function notGood(certificatePath: FilePath, { verdict, trouble }: VerifyReport): PushResult {
  const why = verdict?.kind === 'revoked' ? revokedTrouble(verdict) : trouble;
  if (why !== undefined) return notTaken({ certificatePath }, { ...why, code: 'not-good' });
  const nextUpdate = verdict !== undefined && isBelieved(verdict) ? verdict.statement.nextUpdate : undefined;
  const isOver = verdict?.kind === 'good' && nextUpdate !== undefined;
  const what = isOver ? `expired at ${formatTime(nextUpdate)}` : `is ${verdict?.kind ?? 'missing'}`;
  const message = `its staple ${what}, and only good, current staples are pushed`;
  return notTaken({ certificatePath }, { code: 'not-good', message, hint: 'fetch a good one: restaple fetch' });
}

function report(results: readonly TargetResult[], others: readonly PushResult[], output: Output): void {
  for (const [index, result] of results.entries()) {
    const whole = index === 0 ? withOthers(result, others) : result;
    if (output.json) output.record(targetRecord(whole));
    sayTargetResult(output, whole);
  }
}

function withOthers(result: TargetResult, others: readonly PushResult[]): TargetResult {
  const ok = result.ok && others.every((other) => other.ok);
  return { ...result, ok, certificates: [...result.certificates, ...others] };
}
