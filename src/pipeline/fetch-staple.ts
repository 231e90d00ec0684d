import { createCertId, createRequest } from '../core/index.js';
import { toHex } from '../core/bytes.js';
import type { FilePath } from '../core/file-path.js';
import { spreadOf } from '../core/schedule.js';
import { readCertificateFile } from '../source/certificate-file.js';
import { staplePathFor } from '../store/staple-location.js';
import { askResponders } from './ask-responders.js';
import { freshOutcome, outcomeOfError, outcomeWithoutResponder } from './describe-outcome.js';
import { isDue, prepareJob, responderUrls, type FetchOptions, type FetchTools, type Job } from './fetch-job.js';
import { judgeResponse } from './judge-response.js';
import type { Outcome } from './outcome.js';
import { settleAnswer, settleTrouble } from './settle.js';
import { graverTrouble } from './trouble.js';

/**
 * Fetches the staple of one certificate where it is due: finds the issuer, judges what is on disk, asks the responders,
 * verifies (RFC 6960 §3.2), and only then replaces the file.
 *
 * @returns the outcome; what goes wrong with this certificate is in it and never thrown
 * @throws OcspError `interrupted`, `usage`
 */
export async function fetchStaple(path: FilePath, options: FetchOptions, tools: FetchTools): Promise<Outcome> {
  let staple: FilePath | undefined;
  try {
    const file = await readCertificateFile(path);
    staple = staplePathFor(path, file.certificate, options.out);
    const urls = responderUrls(file.certificate, options.url);
    if (urls.length === 0) return await outcomeWithoutResponder(file, staple, options, tools);
    const job = await prepareJob(file, staple, urls, options, tools);
    return isDue(job) ? await refresh(job) : freshOutcome(job);
  } catch (error) {
    return outcomeOfError(path, staple, error);
  }
}

async function refresh(job: Job): Promise<Outcome> {
  const { options, tools, file, judge } = job;
  const nonce = options.nonce ? tools.randomBytes(nonceOctets) : undefined;
  const certIds = [createCertId(file.certificate, judge.issuer, options.hash)];
  const requestDer = createRequest({ certIds, ...(nonce === undefined ? {} : { nonce }) });
  tools.onRequest?.(requestDer);
  const result = await askResponders(
    {
      ...options,
      ...tools,
      now: () => tools.now(),
      urls: job.urls,
      origin: options.url === undefined ? 'certificate' : 'operator',
      requestDer,
      hasNonce: nonce !== undefined,
      spread: spreadOf(file.certificate),
      budget: job.budget,
    },
    (body) =>
      judgeResponse(body, {
        judge: { ...judge, now: tools.now() },
        stored: job.stored.verdict,
        ...(nonce === undefined ? {} : { nonce: { value: toHex(nonce), required: options.strict } }),
      }),
    graverTrouble,
  );
  const outcome = 'usable' in result ? await settleAnswer(job, result.usable) : settleTrouble(job, result.trouble);
  return {
    ...outcome,
    ...(result.contact === undefined ? {} : { responder: result.contact }),
    warnings: [...outcome.warnings, ...result.warnings],
  };
}

/** RFC 9654 §2.1: a client sends 32 octets. */
const nonceOctets = 32;
