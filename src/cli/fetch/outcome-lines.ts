import { isBelieved, windowOf } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import { formatTime } from '../../core/time.js';
import type { FailedOutcome, Outcome, OutcomeTally } from '../../pipeline/fetch/outcome.js';
import type { Output } from '../output.js';
import { errorRecord } from '../render/trouble.js';
import type { RunWarning } from '../render/unused-issuers.js';

/** The JSON line of one certificate's fetch. */
export function outcomeRecord(outcome: Outcome): Record<string, unknown> {
  const {
    staple,
    responder,
    verdict,
    answer = verdict,
    nextRefresh,
    certificateNotAfter,
    warnings,
    findings,
  } = outcome;
  return {
    certificate: shownPath(outcome.certificate),
    outcome: outcome.outcome,
    staple: staple === undefined ? null : shownPath(staple),
    written: outcome.written,
    responder: responder ?? null,
    verdict: verdict?.kind ?? null,
    thisUpdate: answer?.statement?.thisUpdate ?? null,
    nextUpdate: answer?.statement?.nextUpdate ?? null,
    nextRefresh: nextRefresh ?? null,
    certificateNotAfter: certificateNotAfter ?? null,
    error: 'trouble' in outcome ? errorRecord(outcome.trouble) : undefined,
    warnings: warnings.length === 0 ? undefined : warnings,
    findings: findings.length === 0 ? undefined : findings,
  };
}

/** How much is said of one certificate. */
export interface TalkPolicy {
  readonly requireOcsp: boolean;
  /** Nothing is done; what would be done is printed, watched or not. */
  readonly isDryRun?: boolean;
  /** Of many certificates those that are fresh or need no staple are only counted. */
  readonly isSparing?: boolean;
}

/** What stderr says about one certificate: trouble always, success only if somebody is watching. */
export function sayOutcome(output: Output, outcome: Outcome, policy: TalkPolicy): void {
  const name = shownPath(outcome.certificate);
  const staple = outcome.staple === undefined ? name : shownPath(outcome.staple);
  const tell = policy.isDryRun === true ? output.announce : output.mention;
  // Of a fleet these are many lines to write out.
  const isHeard = policy.isDryRun === true || output.isTalkative;
  switch (outcome.outcome) {
    case 'updated':
      if (!isHeard) break;
      tell(`${staple}${until(outcome)}`, output.stderr.green(policy.isDryRun === true ? 'would update' : 'updated'));
      break;
    case 'fresh':
      if (policy.isSparing === true || !isHeard) break;
      tell(`${staple}${until(outcome)}`, output.stderr.green(policy.isDryRun === true ? 'would leave' : 'fresh'));
      break;
    case 'no-responder':
      if (policy.isSparing === true && !policy.requireOcsp && !outcome.mustStaple) break;
      sayMissingResponder(output, outcome, name, policy);
      break;
    case 'kept':
      output.notice(`${staple}${until(outcome)}: ${outcome.trouble.message}`, output.stderr.yellow('kept'));
      break;
    case 'withdrawn': {
      const label = output.stderr.red(policy.isDryRun === true ? 'would withdraw' : 'withdrawn');
      output.say(`${staple}, on which handshakes would fail once it has expired: ${outcome.trouble.message}`, label);
      output.hint(outcome.trouble.hint);
      break;
    }
    default:
      sayTroubled(output, outcome, name);
  }
  for (const warning of outcome.warnings) output.warn(`${name}: ${warning}`);
  for (const { rule, severity, message, source } of outcome.findings) {
    const isUrgent = severity === 'warning' && keepFromStarting.has(rule);
    if (output.isVerbose || isUrgent || (output.isTalkative && aboutCertificates.has(rule))) {
      output.warn(`${name}: ${message} (${source})`);
    }
  }
}

/** With what these say, a server that reads CERT.issuer does not start. */
const keepFromStarting: ReadonlySet<string> = new Set(['issuer-missing', 'issuer-stale']);

/** What somebody who watches should hear about, though nothing is wrong with the staple. */
const aboutCertificates: ReadonlySet<string> = new Set([
  'certificate-expired',
  'certificate-expires',
  'issuer-missing',
]);

function until({ verdict: onDisk, answer: verdict = onDisk, nextRefresh }: Outcome): string {
  const end = endOf(verdict);
  if (verdict === undefined || end === undefined) return '';
  const due = nextRefresh === undefined ? '' : `, due ${formatTime(nextRefresh)}`;
  return ` (${verdict.kind} until ${formatTime(end)}${due})`;
}

/** When clients cease to believe it: at nextUpdate, or once the certificate of its signer has expired. */
function endOf(verdict: Outcome['verdict']): Date | undefined {
  return verdict !== undefined && isBelieved(verdict) ? windowOf(verdict.statement, verdict.responder)?.end : undefined;
}

function sayMissingResponder(
  output: Output,
  { trouble: { message, hint }, mustStaple }: FailedOutcome,
  name: string,
  { requireOcsp, isDryRun }: TalkPolicy,
): void {
  const text = `${name}: ${message}`;
  const isFailure = requireOcsp || mustStaple;
  if (isFailure) output.say(text, output.stderr.red('no responder'));
  else if (isDryRun === true) output.announce(text, output.stderr.yellow('no responder'));
  else output.mention(text, output.stderr.yellow('no responder'));
  if (isFailure || output.isTalkative) output.hint(hint);
}

function sayTroubled(output: Output, outcome: FailedOutcome, name: string): void {
  const { trouble } = outcome;
  const label = outcome.outcome === 'revoked' ? 'REVOKED' : outcome.outcome;
  // Only the stack of a bug has lines of its own; in any other text a line feed is somebody's trick.
  const [message = '', ...stack] = trouble.kind === 'bug' ? trouble.message.split('\n') : [trouble.message];
  const isNamed = message.startsWith(`${name} `) || message.startsWith(`${name}:`);
  output.say(isNamed ? message : `${name}: ${message}`, output.stderr.red(label));
  for (const line of stack) output.say(line);
  if (outcome.outcome === 'revoked' && outcome.revocation !== undefined && trouble.code !== 'revoked') {
    output.say(`${name} has been revoked since ${formatTime(outcome.revocation.time)}, says the kept signed answer`);
    output.hint('replace the certificate now');
  }
  output.hint(trouble.hint);
  sayWhatStays(output, outcome, name);
}

/** A failed refresh is less urgent while the staple on disk still holds, and whoever reads of it should know for how long. */
function sayWhatStays(output: Output, { outcome, verdict, written }: Outcome, name: string): void {
  if (written || outcome === 'revoked' || verdict?.kind !== 'good') return;
  const end = endOf(verdict);
  if (end !== undefined) output.say(`${name}: the staple on disk stays, good until ${formatTime(end)}`);
}

/** The last JSON line. */
export function summaryRecord(
  tally: OutcomeTally,
  reload: readonly Record<string, unknown>[],
  warnings: readonly RunWarning[],
): Record<string, unknown> {
  const ofRun = warnings.length === 0 ? {} : { warnings };
  return { summary: { total: tally.total, ...Object.fromEntries(tally.all()), reload, ...ofRun } };
}
