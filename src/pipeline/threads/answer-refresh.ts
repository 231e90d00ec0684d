import { OcspError } from '../../core/ocsp-error.js';
import type { FetchTools } from '../fetch-job.js';
import { fetchListed } from '../fetch-staple.js';
import {
  certificateFromElsewhere,
  type RefreshAnswer,
  type RefreshedElsewhere,
  type RefreshQuestion,
  type ThreadSetting,
} from './thread-message.js';

/** What another thread does for a refresh: all of it, from the file to the staple. */
export function createRefreshAnswerer(
  { options, shard }: ThreadSetting,
  tools: FetchTools,
): (question: RefreshQuestion) => Promise<RefreshAnswer> {
  const refresh = async (question: RefreshQuestion): Promise<RefreshedElsewhere | null> => {
    try {
      const outcome = await fetchListed(certificateFromElsewhere(question.certificate), options, tools, shard);
      return outcome === undefined ? null : { kind: 'settled', outcome };
    } catch (error) {
      if (error instanceof OcspError) return { kind: 'refused' };
      throw error;
    }
  };
  return async (question) => ({ kind: 'refreshed', position: question.position, end: await refresh(question) });
}
