import { defaultRefreshPolicy } from '../../src/core/index.js';
import type { FetchOptions } from '../../src/pipeline/fetch/fetch-job.js';

/** What the flags of `fetch` come to by default, but for one attempt of a few seconds and no download of issuers. */
export const usualFetchOptions: FetchOptions = {
  responders: [],
  force: false,
  refreshPolicy: defaultRefreshPolicy,
  hash: 'sha1',
  nonce: false,
  strict: false,
  method: 'post',
  headers: [],
  timeoutMilliseconds: 10_000,
  connectTimeoutMilliseconds: 5000,
  retries: 0,
  trustedResponders: [],
  acceptedStatuses: new Set(['good']),
  skewMilliseconds: 300_000,
  downloadIssuer: false,
  storeIssuer: true,
  dryRun: false,
};
