import type { CertId, Certificate, Finding } from '../core/index.js';
import { definedOnly } from '../core/defined-only.js';
import type { HostAndPort } from '../system/network/host-and-port.js';
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
  /** The file changed in this run; for a target: it has not taken these bytes before, as far as is known. */
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
  | 'own-update-fails'
  | 'gone-with-reload'
  | 'not-running'
  | 'wrong-process'
  | 'pid-file-unsafe'
  | 'command-failed'
  | 'configuration-broken'
  | 'not-reloaded'
  | 'nothing-stapled'
  | 'other-staple'
  | 'other-certificate'
  | 'not-good'
  | 'not-served';

/** What is wrong with a target or with a staple at it, and the next step. */
export interface TargetTrouble {
  readonly code: ReloadCode;
  readonly message: string;
  readonly hint: string;
  /** The server does not have this certificate at all. */
  readonly isNotServed?: boolean;
}

/** What became of one staple at one target, and what is wrong or worth saying. */
export interface PushResult extends Partial<TargetTrouble> {
  readonly certificatePath: FilePath;
  readonly ok: boolean;
  /** Whether it was taken, the server did not say: handshakes with all its listeners do. */
  readonly isUndecided?: true;
  /** The same was said when this very staple was told before. */
  readonly wasSaidBefore?: true;
}

/** What became of a target as a whole. `ok` only when every staple arrived. */
export interface TargetResult {
  /** The target as the user wrote it, without secrets. */
  readonly target: string;
  readonly ok: boolean;
  readonly certificates: readonly PushResult[];
  readonly milliseconds: number;
  /** What is wrong with the target itself, where it is. */
  readonly error?: TargetTrouble;
  /** What is worth knowing of the target although it was told, where anything is. */
  readonly findings?: readonly Finding[];
  /** Where the server can be asked by a handshake, if it does not say itself which staples it took. */
  readonly listeners?: readonly HostAndPort[];
}

/** What a server made of the staples that it was told of, one result each in their order. */
export type Told = Pick<TargetResult, 'certificates' | 'error' | 'findings' | 'listeners'>;

/** Why a target, or a staple at it, failed: thrown inside a driver, and always turned into a result. */
export class TargetFailure extends Error implements TargetTrouble {
  readonly code: ReloadCode;
  readonly hint: string;
  readonly isNotServed: boolean;

  constructor(
    code: ReloadCode,
    message: string,
    hint: string,
    { isNotServed = false, ...options }: { cause?: unknown; isNotServed?: boolean } = {},
  ) {
    super(message, options);
    this.name = 'TargetFailure';
    this.code = code;
    this.hint = hint;
    this.isNotServed = isNotServed;
  }
}

/** A server that takes all staples at once, and was told. */
export function allTaken(staples: readonly StapleToPush[], findings: readonly Finding[] = []): Told {
  const certificates = staples.map(({ certificatePath }) => ({ certificatePath, ok: true }));
  return { certificates, ...(findings.length === 0 ? {} : { findings }) };
}

export function notTaken(
  { certificatePath }: Pick<StapleToPush, 'certificatePath'>,
  { code, message, hint, isNotServed }: TargetTrouble,
): PushResult {
  return { certificatePath, ok: false, code, message, hint, ...(isNotServed === true ? { isNotServed } : {}) };
}

/** The result without the failures of certificates that this server does not have, where these may be skipped. */
export function passingOver(
  result: TargetResult,
  staples: readonly StapleToPush[],
  mayPassOver: (staple: StapleToPush) => boolean,
): TargetResult {
  const certificates = result.certificates.map((one, index): PushResult => {
    const staple = staples[index];
    if (one.isNotServed !== true || staple === undefined || !mayPassOver(staple)) return one;
    return definedOnly({ certificatePath: one.certificatePath, ok: true, code: 'not-served', message: one.message });
  });
  return { ...result, ok: result.error === undefined && certificates.every(({ ok }) => ok), certificates };
}

/** The code of what became of a staple at a target, where it has one. */
export function codeOf(
  result: TargetResult | undefined,
  { certificatePath }: Pick<StapleToPush, 'certificatePath'>,
): ReloadCode | undefined {
  return result?.certificates.find((one) => one.certificatePath === certificatePath)?.code;
}

/** A target that took nothing: a staple with trouble of its own has that, the others share the target's. */
export function noneTaken(
  staples: readonly StapleToPush[],
  trouble: TargetTrouble,
  own: ReadonlyMap<StapleToPush, TargetTrouble> = new Map(),
): Told {
  const { code, message, hint } = trouble;
  return {
    certificates: staples.map((staple) => notTaken(staple, own.get(staple) ?? trouble)),
    error: { code, message, hint },
  };
}

/** What became of a target; a TargetFailure is one that no staple reached, each for the same reason. */
export async function resultOf(
  target: string,
  staples: readonly StapleToPush[],
  tell: () => Promise<Told>,
): Promise<TargetResult> {
  const start = performance.now();
  const { certificates, error, findings, listeners } = await tell().catch((failure: unknown): Told => {
    if (!(failure instanceof TargetFailure)) throw failure;
    return noneTaken(staples, failure);
  });
  const ok = error === undefined && certificates.every((one) => one.ok);
  const milliseconds = Math.round(performance.now() - start);
  return definedOnly({ target, ok, certificates, milliseconds, error, findings, listeners });
}

/** The time a driver may take, in milliseconds, and the run's interrupt. */
export interface ReloadLimits {
  readonly timeoutMilliseconds: number;
  readonly signal: AbortSignal;
}
