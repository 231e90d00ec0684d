import { OcspError, createCertId, createRequest, isBelieved, signRequest, type Finding } from '../../core/index.js';
import { toHex } from '../../core/bytes.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { spreadOf } from '../../core/schedule.js';
import type { Shard } from '../../core/shard.js';
import { isUnchanged } from '../../source/certificate-file.js';
import { parseReloadTarget } from '../../servers/reload-target.js';
import type { Server } from '../../servers/server.js';
import type { ListedCertificate } from '../../source/certificate-list.js';
import type { KnownResponse, ResponderAnswer } from '../../transport/ask-responder.js';
import { askResponders, type AskResult } from './ask-in-turn.js';
import { assess } from './assess.js';
import { freshOutcome, outcomeOfError } from './describe-outcome.js';
import {
  isDue,
  judgeFor,
  paddingWarnings,
  removeLeftover,
  startJobBudget,
  type DueCertificate,
  type FetchOptions,
  type FetchTools,
  type Job,
  type JudgedCertificate,
} from './fetch-job.js';
import { findIssuer } from './find-issuer.js';
import { keepIssuer, missingIssuerFindings, type KeptIssuer } from './issuer-file.js';
import { judgeResponse } from './judge-response.js';
import type { Outcome } from './outcome.js';
import { settleAnswer, settleFailure } from './settle.js';
import { judgeStored, mayKeep, readStoredFiles } from './stored-staple.js';
import { definedOnly } from '../../core/defined-only.js';

/**
 * Fetches the staple of one certificate where it is due: finds the issuer, judges what is on disk, asks the responders,
 * verifies (RFC 6960 §3.2), and only then replaces the file.
 *
 * @returns the outcome; what goes wrong with this certificate is in it and never thrown
 * @throws OcspError `interrupted`, `usage`
 */
export async function fetchStaple(path: FilePath, options: FetchOptions, tools: FetchTools): Promise<Outcome> {
  const outcome = await fetchListed({ path, named: true }, options, tools);
  if (outcome === undefined) throw new TypeError('a named certificate is never skipped');
  return outcome;
}

/**
 * The same for a certificate of a list.
 *
 * @param shard the part of the fleet that this run works on; all of it when absent
 * @returns the outcome; undefined for a file that is none of the run's
 * @throws OcspError `interrupted`, `usage`
 */
export async function fetchListed(
  listed: ListedCertificate,
  options: FetchOptions,
  tools: FetchTools,
  shard?: Shard,
): Promise<Outcome | undefined> {
  const assessment = await assess(listed, options, tools, shard);
  return assessment?.kind === 'due' ? await refreshStaple(assessment.due, options, tools) : assessment?.outcome;
}

/** How often a job starts over because its certificate was replaced while the responder was asked. */
const startsAtMost = 3;

/**
 * Asks for a certificate that is due, and acts on the answer. Starts over where its file was replaced meanwhile, so that
 * no certificate gets the staple of the one before.
 *
 * @returns the outcome; undefined for a file of a folder that is gone by now
 * @throws OcspError `interrupted`, `usage`
 */
export async function refreshStaple(
  due: DueCertificate,
  options: FetchOptions,
  tools: FetchTools,
): Promise<Outcome | undefined> {
  let current = due;
  for (let start = 1; start <= startsAtMost; start += 1) {
    const outcome = await refreshOnce(current, options, tools);
    if (outcome !== 'replaced') return outcome;
    const assessment = await assess(due.listed, options, tools);
    if (assessment?.kind !== 'due') return assessment?.outcome;
    current = assessment.due;
  }
  return outcomeOfError(due.listed.path, { ...due, now: tools.now() }, neverAtRest(due.listed.path));
}

function neverAtRest(path: FilePath): OcspError {
  return new OcspError(
    'file-unreadable',
    `${shownPath(path)} was replaced ${startsAtMost} times while its responder was asked`,
    'find out what keeps writing it, then run again; the staple is untouched',
  );
}

async function refreshOnce(
  due: DueCertificate,
  options: FetchOptions,
  tools: FetchTools,
): Promise<Outcome | 'replaced'> {
  try {
    const { judged } = due;
    const job = judged === undefined ? await prepareJob(due, options, tools) : startedNow(due, judged, tools);
    const kept = await keepIssuerOf(job);
    const outcome = await askWhereDue(job, judged === undefined);
    if (outcome === 'replaced') return outcome;
    const warnings = [...kept.warnings, ...outcome.warnings];
    const missing = outcome.verdict === undefined && outcome.answer === undefined ? [] : await missingIssuerOf(job);
    return { ...outcome, warnings, findings: [...kept.findings, ...missing, ...outcome.findings] };
  } catch (error) {
    return outcomeOfError(due.listed.path, { ...due, now: tools.now() }, error);
  }
}

/** @param mayBeFresh whether the staple was judged just now, since its issuer was not at hand before */
async function askWhereDue(job: Job, mayBeFresh: boolean): Promise<Outcome | 'replaced'> {
  if (mayBeFresh && !isDue(job, job.tools.memory)) return freshOutcome(job);
  const answer = await askFor(job);
  return isUnchanged(job.file) ? await settle(job, answer) : 'replaced';
}

async function keepIssuerOf({ file, staple, judge, options, tools, isIssuerDownloaded }: Job): Promise<KeptIssuer> {
  const { issuers, ownProcess } = tools;
  const mayWrite = options.storeIssuer && !options.dryRun;
  return await keepIssuer(file, staple, judge.issuer, {
    isDownloaded: isIssuerDownloaded,
    issuers,
    mayWrite,
    ownProcess,
  });
}

/** What keeps a server from starting with the staple: a warning where such a server is told of it, and nothing where only other servers are. */
async function missingIssuerOf({ listed, file, staple, options, tools, isIssuerDownloaded }: Job): Promise<Finding[]> {
  const targets = (listed.reload ?? options.reload ?? []).map((text): Server => parseReloadTarget(text).server);
  const isTold = targets.some(({ rules }) => rules?.wantsIssuer === true);
  const isForOthers = targets.length > 0 && targets.every(({ rules }) => rules !== undefined && !rules.wantsIssuer);
  if (isForOthers) return [];
  // A dry run would keep it.
  if (isIssuerDownloaded && options.storeIssuer) return [];
  return await missingIssuerFindings(file, staple, { issuers: tools.issuers, severity: isTold ? 'warning' : 'info' });
}

/** Finds the issuer, downloading it where that is allowed, and judges what is on disk. Throws OcspError `issuer-not-found`, `issuer-mismatch`, `issuer-unsupported`, `interrupted`. */
async function prepareJob(
  { listed, file, staple, responders, files }: DueCertificate,
  options: FetchOptions,
  tools: FetchTools,
): Promise<Job> {
  const budget = startJobBudget(options);
  const download = options.downloadIssuer ? { options, tools, budget } : undefined;
  const { issuer, isDownloaded: isIssuerDownloaded } = await findIssuer(file, tools.issuers, download);
  const judge = judgeFor(file.certificate, issuer, options, tools.now());
  await removeLeftover(staple, options, tools);
  const stored = judgeStored(files ?? readStoredFiles(staple), judge);
  return { listed, file, staple, judge, stored, responders, budget, options, tools, isIssuerDownloaded };
}

/** A certificate that stood in line: its time begins now. */
function startedNow({ listed, responders }: DueCertificate, judged: JudgedCertificate, tools: FetchTools): Job {
  const judge = { ...judged.judge, now: tools.now() };
  const budget = startJobBudget(judged.options);
  return { listed, responders, budget, tools, isIssuerDownloaded: false, ...judged, judge };
}

async function askFor(job: Job): Promise<AskResult> {
  const { options, tools, file, judge } = job;
  const nonce = options.nonce ? tools.randomBytes(nonceOctets) : undefined;
  const certIds = [createCertId(file.certificate, judge.issuer, options.hash)];
  const unsigned = createRequest(definedOnly({ certIds, nonce }));
  const { requestSigner } = options;
  const requestDer = requestSigner === undefined ? unsigned : signRequest(unsigned, requestSigner);
  const known = nonce === undefined ? knownResponse(job) : undefined;
  await tools.onRequest?.(requestDer);
  return await askResponders(
    {
      client: tools.client,
      gate: tools.gate,
      signal: tools.signal,
      // Called as its own: whoever uses the library may have given an object of a class.
      now: () => tools.now(),
      requestDer,
      hasNonce: nonce !== undefined,
      spread: spreadOf(file.certificate),
      budget: job.budget,
      known,
      // By name: what else the caller of the library may have put there must not take the place of these.
      method: options.method,
      headers: options.headers,
      timeoutMilliseconds: options.timeoutMilliseconds,
      connectTimeoutMilliseconds: options.connectTimeoutMilliseconds,
      retries: options.retries,
      ...job.responders,
    },
    (body) =>
      judgeResponse(
        body,
        definedOnly({
          judge: { ...judge, now: tools.now() },
          stored: job.stored.verdict,
          nonce: nonce === undefined ? undefined : { value: toHex(nonce), required: options.strict },
        }),
      ),
  );
}

/**
 * What the responder may answer with "not modified": a staple that could be kept anyway. Within the alert window, with
 * --force or after a revocation it has to answer in full.
 */
function knownResponse({ stored, judge, options, staple, tools }: Job): KnownResponse | undefined {
  const { verdict } = stored;
  if (options.force || verdict === undefined || !isBelieved(verdict)) return undefined;
  if (!mayKeep(stored, judge, options.alertBeforeMilliseconds)) return undefined;
  const { thisUpdate } = verdict.statement;
  const entityTag = tools.memory?.entityTag(staple, thisUpdate);
  return definedOnly({ modifiedAt: thisUpdate, entityTag });
}

async function settle(job: Job, result: AskResult): Promise<Outcome> {
  const outcome = await settleResult(job, result);
  if ('answer' in result) rememberAnswer(job, outcome, result.answer);
  const padded = paddingWarnings(job.file.certificate, job.responders.urls);
  const warnings = [...outcome.warnings, ...padded, ...result.warnings];
  return { responder: result.contact, ...outcome, warnings };
}

/** Only what is on disk now counts: the answer that it came from, or the one that confirmed it. */
function rememberAnswer({ staple, tools }: Job, { outcome, verdict }: Outcome, answer: ResponderAnswer): void {
  if (tools.memory === undefined || (outcome !== 'updated' && outcome !== 'fresh')) return;
  if (verdict === undefined || !isBelieved(verdict)) return;
  tools.memory.remember(staple, verdict.statement.thisUpdate, answer, tools.now());
}

async function settleResult(job: Job, result: AskResult): Promise<Outcome> {
  if ('usable' in result) return await settleAnswer(job, result.usable);
  if ('notModified' in result) return freshOutcome(job);
  const { trouble, wasSuspended, retryAfterMilliseconds } = result;
  return settleFailure(job, definedOnly({ trouble, wasSuspended, retryAfterMilliseconds }));
}

/** RFC 9654 §2.1: a client sends 32 octets. */
const nonceOctets = 32;
