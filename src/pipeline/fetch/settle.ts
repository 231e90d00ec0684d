import { bytesEqual } from '../../core/bytes.js';
import { definedOnly } from '../../core/defined-only.js';
import type { BelievedEvidence } from '../../core/index.js';
import { describeOutcome, failedEnding, outcomeOfTrouble } from './describe-outcome.js';
import type { Job } from './fetch-job.js';
import type { UsableResponse } from './judge-response.js';
import type { Ending, FailedAttempt, Outcome } from './outcome.js';
import { clearRevokedMark, keepRevokedAnswer, storeStaple } from './store-staple.js';
import { mayKeep, readRevokedMark, readStoredStaple } from './stored-staple.js';
import { revocationOf, revokedEnding, revokedTrouble, stillRevokedTrouble, unknownTrouble } from './revocation.js';
import { haproxy } from '../../servers/haproxy/server.js';
import { parseReloadTarget } from '../../servers/reload-target.js';
import { tooLargeForClients, tooLargeInFile, type Server } from '../../servers/server.js';
import { isStapleBeside } from '../../store/staple-location.js';
import { troubleOfError, troubleOfFailure, type Trouble } from '../trouble.js';

/** Acts on a believed answer: a good one is stored, a revoked one is loud and remembered, an unknown one changes nothing. */
export async function settleAnswer(job: Job, usable: UsableResponse): Promise<Outcome> {
  const outcome = await settleByStatus(job, usable);
  const { verdict, warnings } = usable;
  const answered = job.options.dryRun ? { answer: verdict } : {};
  return {
    ...outcome,
    ...answered,
    findings: [
      ...outcome.findings,
      // What is said of the issuer stands in both.
      ...verdict.findings.filter(({ rule }) => !outcome.findings.some((known) => known.rule === rule)),
    ],
    warnings: [...outcome.warnings, ...warnings],
  };
}

async function settleByStatus(job: Job, usable: UsableResponse): Promise<Outcome> {
  const { verdict } = usable;
  const { revokedMark } = job.stored;
  if (verdict.kind === 'revoked') return await settleRevoked(job, usable);
  if (revokedMark !== undefined && !endsRevocation(verdict, revokedMark)) return stillRevoked(job, revokedMark);
  if (verdict.kind === 'unknown') {
    return describeOutcome(job, { outcome: 'unknown', trouble: unknownTrouble });
  }
  return await settleGood(job, usable);
}

function endsRevocation({ kind, statement }: UsableResponse['verdict'], mark: BelievedEvidence): boolean {
  return kind === 'good' && statement.thisUpdate > mark.statement.thisUpdate;
}

function stillRevoked(job: Job, mark: BelievedEvidence, onDisk = job.stored.verdict): Outcome {
  return describeOutcome(job, revokedEnding(mark, stillRevokedTrouble(mark)), onDisk);
}

async function settleGood(job: Job, usable: UsableResponse): Promise<Outcome> {
  const outcome = await store(job, usable, { outcome: 'updated' });
  const isStored = outcome.outcome === 'updated' || outcome.outcome === 'fresh';
  if (!isStored || job.options.dryRun) return outcome;
  // Another run may have learned of a revocation while this one waited for an older answer.
  const revokedMark = readRevokedMark(job.staple, { ...job.judge, now: job.tools.now() });
  if (revokedMark !== undefined && !endsRevocation(usable.verdict, revokedMark)) {
    const { written, warnings } = outcome;
    return { ...stillRevoked(job, revokedMark, usable.verdict), written, warnings };
  }
  const markTrouble = await clearRevokedMark(job.staple, job.tools.ownProcess);
  return withWarning(outcome, 'the kept revoked answer could not be removed', markTrouble);
}

async function settleRevoked(job: Job, usable: UsableResponse): Promise<Outcome> {
  const { verdict, bytes, trouble } = usable;
  const { options, tools, staple } = job;
  const { revokedMark } = job.stored;
  const mayStore = options.acceptedStatuses.has('revoked') && trouble === undefined;
  // A replayed older answer must not make room for a good one between the two.
  const isReplay = revokedMark !== undefined && verdict.statement.thisUpdate < revokedMark.statement.thisUpdate;
  const markTrouble = options.dryRun || isReplay ? undefined : await keepRevokedAnswer(staple, bytes, tools.ownProcess);
  const ending = revokedEnding(verdict, revokedTrouble(verdict));
  const outcome = mayStore ? await store(job, usable, ending) : describeOutcome(job, ending);
  // Whatever became of the staple, the revocation must be reported.
  const told = { ...revocationOf(verdict), trouble: revokedTrouble(verdict, outcome.written) };
  return withWarning({ ...outcome, ...told }, 'the revoked answer could not be kept', markTrouble);
}

function withWarning(outcome: Outcome, what: string, because: string | undefined): Outcome {
  return because === undefined ? outcome : { ...outcome, warnings: [...outcome.warnings, `${what}: ${because}`] };
}

async function store(job: Job, usable: UsableResponse, ending: Ending): Promise<Outcome> {
  const { options, tools, staple, judge, stored } = job;
  const endingIf = (isIdentical: boolean): Ending =>
    isIdentical && ending.outcome === 'updated' ? { outcome: 'fresh' } : ending;
  if (options.dryRun) {
    const isIdentical = stored.bytes !== undefined && bytesEqual(stored.bytes, usable.bytes);
    if (tools.onStaple !== undefined) {
      tools.onStaple(usable.bytes);
      return { ...describeOutcome(job, endingIf(isIdentical), usable.verdict), written: true };
    }
    // Due when the answer would be; the verdict is that of what is on disk.
    const { nextRefresh } = describeOutcome(job, endingIf(isIdentical), usable.verdict);
    return { ...describeOutcome(job, endingIf(isIdentical)), ...definedOnly({ nextRefresh }) };
  }
  try {
    const result = await storeStaple(staple, usable, { ...judge, now: tools.now() }, tools.ownProcess);
    if (result.kind === 'refused') return settleFailure(asItStands(job), { trouble: troubleOfFailure(result.failure) });
    const outcome = describeOutcome(job, endingIf(result.kind === 'identical'), usable.verdict);
    const written = result.kind === 'written';
    const tooLarge = written ? sizeWarnings(job, usable.bytes) : [];
    return { ...outcome, written, warnings: [...outcome.warnings, ...tooLarge] };
  } catch (error) {
    return settleFailure(job, { trouble: troubleOfError(error) });
  }
}

/** What its size does with servers that are told of the staple, or look for it by its name, else with the clients of any. */
function sizeWarnings({ listed, file, staple, options }: Job, { length }: Uint8Array): string[] {
  const targets = listed.reload ?? options.reload ?? [];
  const told: readonly Server[] = targets.map((text) => parseReloadTarget(text).server);
  const readers = new Set([...(isStapleBeside(staple, file.path) ? [haproxy] : []), ...told]);
  const reasons = [...readers].flatMap((server) => tooLargeInFile(server, length) ?? []);
  const forClients = reasons.length > 0 ? undefined : tooLargeForClients(length);
  if (forClients !== undefined) reasons.push(forClients);
  return reasons.map((why) => `the response has ${length} octets, and ${why}`);
}

/** What is refused only under the lock is older than what another run has stored meanwhile, and that is what counts now. */
function asItStands(job: Job): Job {
  return { ...job, stored: readStoredStaple(job.staple, { ...job.judge, now: job.tools.now() }) };
}

/** The staple on disk stays while it is good for long enough; otherwise the trouble decides. */
export function settleFailure(job: Job, attempt: FailedAttempt): Outcome {
  const { stored, judge, options } = job;
  if (stored.revokedMark !== undefined) {
    return describeOutcome(job, { ...attempt, ...revokedEnding(stored.revokedMark, attempt.trouble) });
  }
  const isKept = softened(attempt.trouble) && mayKeep(stored, judge, options.alertBeforeMilliseconds);
  return describeOutcome(job, isKept ? { outcome: 'kept', ...attempt } : failedEnding(attempt));
}

const softenedFailures: ReadonlySet<string> = new Set(['refused', 'expired', 'too-short', 'older-than-stored']);

/** Trouble that need not be reported while the staple on disk is good: only the responder's, never ours, and never a response that is not believed. */
function softened(trouble: Trouble): boolean {
  if (trouble.kind === 'failure') return softenedFailures.has(trouble.code);
  return trouble.kind === 'error' && outcomeOfTrouble(trouble) === 'unavailable';
}
