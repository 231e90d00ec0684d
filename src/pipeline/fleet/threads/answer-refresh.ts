import { OcspError } from '../../../core/ocsp-error.js';
import type { FetchTools } from '../../fetch/fetch-job.js';
import { fetchListed } from '../../fetch/fetch-staple.js';
import {
  certificateFromElsewhere,
  type RefreshAnswer,
  type RefreshedElsewhere,
  type RefreshQuestion,
  type ThreadSetting,
} from './thread-message.js';

/** What another thread does for a refresh: all of it, from the file to the staple, but for an issuer's download, which many share. */
export function createRefreshAnswerer(
  { options, shard }: ThreadSetting,
  tools: FetchTools,
): (question: RefreshQuestion) => Promise<RefreshAnswer> {
  const withoutDownload = { ...options, downloadIssuer: false };
  const refresh = async (question: RefreshQuestion): Promise<RefreshedElsewhere | null> => {
    try {
      const outcome = await fetchListed(certificateFromElsewhere(question.certificate), withoutDownload, tools, shard);
      if (outcome === undefined) return null;
      const wantsDownload =
        options.downloadIssuer && 'trouble' in outcome && outcome.trouble.code === 'issuer-not-found';
      return wantsDownload ? { kind: 'refused' } : { kind: 'settled', outcome };
    } catch (error) {
      if (error instanceof OcspError) return { kind: 'refused' };
      throw error;
    }
  };
  return async (question) => ({ kind: 'refreshed', position: question.position, end: await refresh(question) });
}
