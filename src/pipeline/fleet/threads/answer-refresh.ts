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

/** Why there is none among files, where a download may still bring one. */
const withoutIssuer: ReadonlySet<string> = new Set(['issuer-not-found', 'issuer-mismatch', 'issuer-unsupported']);

/** What another thread does for a refresh: all of it, from the file to the staple, but for an issuer's download, which many share. */
export async function answerRefresh(
  { position, certificate }: RefreshQuestion,
  { options, shard }: ThreadSetting,
  tools: FetchTools,
): Promise<RefreshAnswer> {
  const refresh = async (): Promise<RefreshedElsewhere | null> => {
    try {
      const withoutDownload = { ...options, downloadIssuer: false };
      const outcome = await fetchListed(certificateFromElsewhere(certificate), withoutDownload, tools, shard);
      if (outcome === undefined) return null;
      const lacksIssuer = 'trouble' in outcome && withoutIssuer.has(outcome.trouble.code);
      return lacksIssuer && options.downloadIssuer ? { kind: 'refused' } : { kind: 'settled', outcome };
    } catch (error) {
      if (error instanceof OcspError) return { kind: 'refused' };
      throw error;
    }
  };
  return { kind: 'refreshed', position, end: await refresh() };
}
