import type { CertId, Certificate } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';

/** A staple that was verified and is good, ready for a server. */
export interface StapleToPush {
  /** The certificate's file, as the server's configuration names it or close to it. */
  readonly certificatePath: FilePath;
  readonly certificate: Certificate;
  readonly staplePath: FilePath;
  /** The exact bytes of the staple file. */
  readonly bytes: Uint8Array;
  readonly certId: CertId;
  readonly nextUpdate: Date;
  /** The file changed in this run, or the last reload of it did not succeed. */
  readonly isChanged: boolean;
}

/** Why a target did not take a staple, or could not be reached: closed, stable for scripts. */
export type ReloadCode =
  | 'target-unreachable'
  | 'permission-denied'
  | 'timeout'
  | 'connection-lost'
  | 'authentication-failed'
  | 'key-invalid'
  | 'unexpected-reply'
  | 'too-large'
  | 'no-slot'
  | 'server-runs-older-certificate'
  | 'staple-refused'
  | 'staple-unreadable-by-server'
  | 'left-alone'
  | 'not-running'
  | 'wrong-process'
  | 'pid-file-unsafe'
  | 'command-failed'
  | 'nothing-stapled'
  | 'other-staple'
  | 'other-certificate'
  | 'not-good';

/** What became of one staple at one target. */
export interface PushResult {
  readonly certificatePath: FilePath;
  readonly ok: boolean;
  readonly code?: ReloadCode;
  readonly message?: string;
  readonly hint?: string;
}

/** What became of a target as a whole. `ok` only when every staple arrived. */
export interface TargetResult {
  /** The target as the user wrote it, without secrets. */
  readonly target: string;
  readonly ok: boolean;
  readonly certificates: readonly PushResult[];
  readonly milliseconds: number;
  /** What is wrong with the target itself, where it is. */
  readonly error?: { readonly code: ReloadCode; readonly message: string; readonly hint: string };
}

/** The time a driver may take, in milliseconds, and the run's interrupt. */
export interface ReloadLimits {
  readonly timeoutMilliseconds: number;
  readonly signal: AbortSignal;
}
