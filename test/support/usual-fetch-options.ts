import { usualFetchOptions as usual } from '../../src/library/fetch.js';
import type { FetchOptions } from '../../src/pipeline/fetch/fetch-job.js';

/** What the flags of `fetch` come to by default, but for one attempt and no download of issuers. */
export const usualFetchOptions: FetchOptions = { ...usual, responders: [], retries: 0, downloadIssuer: false };
