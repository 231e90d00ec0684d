import type { FilePath } from '../../../core/file-path.js';
import type { Shard } from '../../../core/shard.js';
import type { ListedCertificate } from '../../../source/certificate-list.js';
import type { IssuerSource } from '../../../source/missing-issuer.js';
import type { GateEntry, RequestResult } from '../../../transport/responder-gate.js';
import type { Turn } from '../due-queue.js';
import type { FetchOptions } from '../../fetch/fetch-job.js';
import type { Outcome } from '../../fetch/outcome.js';
import type { Outbox } from './outbox.js';

/** What a thread works with as long as it lives: plain data, since it is copied there. */
export interface ThreadSetting {
  readonly options: FetchOptions;
  readonly issuers: readonly IssuerSource[];
  readonly shard: Shard | undefined;
  /** Whether it has to tell of its exchanges with responders. */
  readonly isObserved: boolean;
}

/** What the first thread says to another. */
export type ToThread =
  | ScanQuestion
  | RefreshQuestion
  /** The answer to `enter` of this number. */
  | { readonly kind: 'entry'; readonly number: number; readonly entry: EntryElsewhere }
  /** The run was interrupted: what is being written is finished, nothing else. */
  | { readonly kind: 'abort' }
  | { readonly kind: 'end' };

/** A thread that works for this one, as long as it lives. */
export type CrewMember = Outbox<ToThread>;

/** One kind of work that the threads do. */
export interface CrewWork {
  /** A message of any kind: others are for other work. */
  hear(member: CrewMember, message: FromThread): void;
  /** This one has ended, whatever ended it. */
  lose(member: CrewMember): void;
}

/** What a thread says to the first one. */
export type FromThread =
  | ScanAnswer
  | RefreshAnswer
  /** It wants to ask this host; `patience` as of `ResponderGate.enter`. */
  | { readonly kind: 'enter'; readonly number: number; readonly host: string; readonly patience: number }
  /** The request that was let in under this number is over. */
  | { readonly kind: 'leave'; readonly number: number; readonly result: RequestResult; readonly reason: string }
  | { readonly kind: 'holdOff'; readonly host: string; readonly milliseconds: number }
  /** It found issuers in these of what --issuer named. */
  | { readonly kind: 'issuersUsed'; readonly positions: readonly number[] }
  | { readonly kind: 'exchange'; readonly host: string; readonly milliseconds: number };

/** Certificates to judge only by their files, as of `now`; `first` is the place of the first one. */
export interface ScanQuestion {
  readonly kind: 'scan';
  readonly first: number;
  readonly certificates: readonly ListedCertificate[];
  readonly now: Date;
}

/** What was found of each certificate of a question: null for one that is none of the run's. */
export interface ScanAnswer {
  readonly kind: 'scanned';
  readonly first: number;
  readonly found: readonly (FoundElsewhere | null)[];
}

/** A certificate to refresh. */
export interface RefreshQuestion {
  readonly kind: 'refresh';
  readonly position: number;
  readonly certificate: ListedCertificate;
}

export interface RefreshAnswer {
  readonly kind: 'refreshed';
  readonly position: number;
  readonly end: RefreshedElsewhere | null;
}

/** `refused` where the work on a certificate ends the run, which the asking thread then finds out itself. */
export type RefreshedElsewhere = { readonly kind: 'settled'; readonly outcome: Outcome } | { readonly kind: 'refused' };

export type FoundElsewhere = RefreshedElsewhere | { readonly kind: 'due'; readonly turn: Turn };

/** An entry of the gate without the pass, whose place is given back by a message. */
export type EntryElsewhere =
  | { readonly kind: 'pass'; readonly heldMilliseconds: number }
  | Exclude<GateEntry, { readonly kind: 'pass' }>
  | { readonly kind: 'interrupted' };

/** A certificate that came from another thread. */
export function certificateFromElsewhere(listed: ListedCertificate): ListedCertificate {
  return { ...listed, path: pathFromElsewhere(listed.path) };
}

/** A path that came from another thread: its bytes arrive as a plain array. */
export function pathFromElsewhere(path: FilePath | Uint8Array): FilePath {
  if (typeof path === 'string') return path;
  return Buffer.from(path.buffer, path.byteOffset, path.byteLength);
}

/** An outcome that came from another thread, of this certificate. */
export function outcomeFromElsewhere(outcome: Outcome, certificate: FilePath): Outcome {
  const { staple } = outcome;
  return { ...outcome, certificate, staple: staple && pathFromElsewhere(staple) };
}
