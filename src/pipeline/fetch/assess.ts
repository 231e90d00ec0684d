import type { FilePath } from '../../core/file-path.js';
import { isInShard, type Shard } from '../../core/shard.js';
import type { CertificateFile } from '../../source/certificate-file.js';
import type { ListedCertificate } from '../../source/certificate-list.js';
import { readListed } from '../../source/folder-member.js';
import { staplePathFor } from '../../store/staple-location.js';
import { freshOutcome, outcomeOfError, outcomeWithoutResponder } from './describe-outcome.js';
import {
  isDue,
  judgeFor,
  removeLeftover,
  respondersFor,
  type DueCertificate,
  type FetchOptions,
  type JudgingTools,
} from './fetch-job.js';
import type { Outcome } from './outcome.js';
import { judgeStored, readStoredFiles } from './stored-staple.js';

/** What the files tell about a certificate without traffic: its outcome, or that a responder must be asked. */
export type Assessment =
  { readonly kind: 'settled'; readonly outcome: Outcome } | { readonly kind: 'due'; readonly due: DueCertificate };

/**
 * Reads a certificate and judges its staple without any traffic.
 *
 * @param shard the part of the fleet that this run works on; all of it when absent
 * @returns an assessment, undefined for a file that is not ours; what goes wrong with this certificate is in its outcome and never thrown
 * @throws OcspError `usage`, `interrupted`
 */
export async function assess(
  listed: ListedCertificate,
  options: FetchOptions,
  tools: JudgingTools,
  shard?: Shard,
): Promise<Assessment | undefined> {
  let staple: FilePath | undefined;
  let file: CertificateFile | undefined;
  try {
    file = readListed(listed);
    if (file === undefined || (shard !== undefined && !isInShard(file.certificate, shard))) return undefined;
    staple =
      options.withoutFile === true ? '-' : staplePathFor(listed.path, file.certificate, listed.out ?? options.out);
    const responders = respondersFor(file.certificate, options);
    if (responders.urls.length === 0) {
      return { kind: 'settled', outcome: await outcomeWithoutResponder(file, staple, options, tools) };
    }
    return await judgeOnDisk({ listed, file, staple, responders }, options, tools);
  } catch (error) {
    return { kind: 'settled', outcome: outcomeOfError(listed.path, { staple, file, now: tools.now() }, error) };
  }
}

const noFiles = { bytes: undefined, mark: undefined };

async function judgeOnDisk(due: DueCertificate, options: FetchOptions, tools: JudgingTools): Promise<Assessment> {
  const { file, staple } = due;
  const files = options.withoutFile === true ? noFiles : readStoredFiles(staple);
  // Without a staple there is nothing to judge, and the issuer is looked for when it is needed.
  if (files.bytes === undefined) return { kind: 'due', due: { files, ...due } };
  const issuer = await tools.issuers.findLocal(file);
  if (issuer === undefined) return { kind: 'due', due };
  const judge = judgeFor(file.certificate, issuer.certificate, options, tools.now());
  await removeLeftover(staple, options, tools);
  const judged = { file, staple, judge, stored: judgeStored(files, judge), options };
  return isDue(judged, tools.memory)
    ? { kind: 'due', due: { judged, ...due } }
    : { kind: 'settled', outcome: freshOutcome(judged) };
}
