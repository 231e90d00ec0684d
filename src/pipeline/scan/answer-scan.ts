import { OcspError } from '../../core/ocsp-error.js';
import type { ListedCertificate } from '../../source/certificate-list.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import { createLeftovers } from '../../store/leftovers.js';
import type { OwnProcess } from '../../store/lock-holder.js';
import { turnOf } from '../due-queue.js';
import type { JudgingTools } from '../fetch-job.js';
import { assess } from './assess.js';
import {
  pathFromElsewhere,
  type FoundElsewhere,
  type ScanAnswer,
  type ScanQuestion,
  type ScanSetting,
} from './scan-message.js';

/** What another thread does for a scan: judges the certificates of a question, by their files alone. */
export function createScanAnswerer(
  { options, issuers, shard }: ScanSetting,
  ownProcess: OwnProcess,
): (question: ScanQuestion) => Promise<ScanAnswer> {
  const leftovers = createLeftovers();
  const finder = createIssuerFinder(issuers.map(pathFromElsewhere));
  const judge = async (listed: ListedCertificate, tools: JudgingTools): Promise<FoundElsewhere | null> => {
    try {
      const assessment = await assess({ ...listed, path: pathFromElsewhere(listed.path) }, options, tools, shard);
      if (assessment.kind === 'ignored') return null;
      return assessment.kind === 'settled' ? assessment : { kind: 'due', turn: turnOf(assessment.due) };
    } catch (error) {
      if (error instanceof OcspError) return { kind: 'refused' };
      throw error;
    }
  };
  return async ({ first, certificates, now }) => {
    const tools = { issuers: finder, ownProcess, leftovers, now: () => now };
    const found: (FoundElsewhere | null)[] = [];
    for (const listed of certificates) found.push(await judge(listed, tools));
    return { first, found };
  };
}
