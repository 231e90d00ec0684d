import type { FilePath } from '../../core/file-path.js';
import type { Shard } from '../../core/shard.js';
import type { ListedCertificate } from '../../source/certificate-list.js';
import type { Turn } from '../due-queue.js';
import type { FetchOptions } from '../fetch-job.js';
import type { Outcome } from '../outcome.js';

/** What a thread works with as long as it lives: plain data, since it is copied there. */
export interface ScanSetting {
  readonly options: FetchOptions;
  readonly issuers: readonly FilePath[];
  readonly shard: Shard | undefined;
}

/** Certificates to judge, as of `now`. */
export interface ScanQuestion {
  readonly first: number;
  readonly certificates: readonly ListedCertificate[];
  readonly now: Date;
}

/**
 * What was found of each certificate of a question: null for one that is none of the run's, `refused` where judging it
 * ends the run, which the asking thread then finds out by itself.
 */
export interface ScanAnswer {
  readonly first: number;
  readonly found: readonly (FoundElsewhere | null)[];
}

export type FoundElsewhere =
  | { readonly kind: 'settled'; readonly outcome: Outcome }
  | { readonly kind: 'due'; readonly turn: Turn }
  | { readonly kind: 'refused' };

/** A path that came from another thread: its bytes arrive as a plain array. */
export function pathFromElsewhere(path: FilePath | Uint8Array): FilePath {
  if (typeof path === 'string') return path;
  return Buffer.from(path.buffer, path.byteOffset, path.byteLength);
}
