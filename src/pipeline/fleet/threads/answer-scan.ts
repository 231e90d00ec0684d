import { OcspError } from '../../../core/ocsp-error.js';
import type { ListedCertificate } from '../../../source/certificate-list.js';
import { turnOf } from '../due-queue.js';
import type { JudgingTools } from '../../fetch/fetch-job.js';
import { assess } from '../../fetch/assess.js';
import {
  certificateFromElsewhere,
  type FoundElsewhere,
  type ScanAnswer,
  type ScanQuestion,
  type ThreadSetting,
} from './thread-message.js';

/** What another thread does for a scan: judges the certificates of a question, only by their files. */
export async function answerScan(
  { first, certificates, now }: ScanQuestion,
  { options, shard }: ThreadSetting,
  own: Omit<JudgingTools, 'now'>,
): Promise<ScanAnswer> {
  const tools = { ...own, now: () => now };
  const judge = async (listed: ListedCertificate): Promise<FoundElsewhere | null> => {
    try {
      const assessment = await assess(certificateFromElsewhere(listed), options, tools, shard);
      return assessment?.kind === 'due' ? { kind: 'due', turn: turnOf(assessment.due) } : (assessment ?? null);
    } catch (error) {
      if (error instanceof OcspError) return { kind: 'refused' };
      throw error;
    }
  };
  const found: (FoundElsewhere | null)[] = [];
  for (const listed of certificates) found.push(await judge(listed));
  return { kind: 'scanned', first, found };
}
