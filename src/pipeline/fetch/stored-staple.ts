import {
  OcspError,
  alertTime,
  decodeResponse,
  isBelieved,
  isResponse,
  refreshTime,
  verifyResponse,
  windowOf,
  type Certificate,
  type HashAlgorithm,
  type RefreshPolicy,
  type Verdict,
} from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import { minimumRemainingMilliseconds } from '../../core/verify/verify-response.js';
import { readStapleNow } from '../../store/staple-file.js';
import { revokedMarkPath } from '../../store/staple-path.js';
import { isUsableStaple } from '../../store/storable.js';

/** Whose staple it is, and by what it is judged. */
export interface StapleJudge {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly trustedResponders: readonly Certificate[];
  readonly hash: HashAlgorithm;
  readonly now: Date;
  readonly skewMilliseconds: number;
}

/** What stands on disk for a certificate before anything is fetched. */
export interface StoredStaple {
  readonly bytes: Uint8Array | undefined;
  /** Undefined where no file is there. */
  readonly verdict: Verdict | undefined;
  /** The verdict on the kept revoked answer, where one stands for this certificate. */
  readonly revokedMark: Extract<Verdict, { kind: 'good' | 'revoked' | 'unknown' }> | undefined;
}

/** Reads and judges the staple and the kept revoked answer; throws as {@link judgeStored}. */
export function readStoredStaple(path: FilePath, judge: StapleJudge): StoredStaple {
  return judgeStored(readStoredFiles(path), judge);
}

/** A staple and the kept revoked answer as they are on disk; undefined what is not there. */
export interface StoredFiles {
  /** Undefined also where it cannot be read: the write will say so. */
  readonly bytes: Uint8Array | undefined;
  /** The error where it alone cannot be read: a revocation may stand in it. */
  readonly mark: Uint8Array | OcspError | undefined;
}

export function readStoredFiles(path: FilePath): StoredFiles {
  const bytes = readOrError(path);
  const mark = readOrError(revokedMarkPath(path));
  return bytes instanceof OcspError ? { bytes: undefined, mark: unlessError(mark) } : { bytes, mark };
}

/** Throws OcspError `file-unreadable` where the kept revoked answer could not be read. */
export function judgeStored({ bytes, mark }: StoredFiles, judge: StapleJudge): StoredStaple {
  if (mark instanceof OcspError) throw mark;
  return {
    bytes,
    verdict: bytes === undefined ? undefined : judgeStaple(bytes, judge),
    revokedMark: mark === undefined ? undefined : judgeRevokedMark(mark, judge),
  };
}

/** Only the kept revoked answer, where it exists and is believed. */
export function readRevokedMark(path: FilePath, judge: StapleJudge): StoredStaple['revokedMark'] {
  const mark = unlessError(readOrError(revokedMarkPath(path)));
  return mark === undefined ? undefined : judgeRevokedMark(mark, judge);
}

function unlessError(bytes: ReturnType<typeof readOrError>): Uint8Array | undefined {
  return bytes instanceof OcspError ? undefined : bytes;
}

function readOrError(path: FilePath): Uint8Array | OcspError | undefined {
  try {
    const found = readStapleNow(path);
    return found.state === 'present' ? found.bytes : undefined;
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
}

/** The verdict on a response for this certificate. */
export function judgeStaple(bytes: Uint8Array, judge: StapleJudge): Verdict {
  const { certificate, issuer, trustedResponders, now, skewMilliseconds } = judge;
  return verifyResponse(bytes, { subject: { certificate }, issuer, trustedResponders, now, skewMilliseconds });
}

/** A revocation does not lapse with the response that reported it, so it is judged at the time it was produced. */
export function judgeRevokedMark(bytes: Uint8Array, judge: StapleJudge): StoredStaple['revokedMark'] {
  const response = decodeResponse(bytes);
  if (!isResponse(response) || response.status !== 'successful') return undefined;
  const verdict = judgeStaple(bytes, { ...judge, now: response.basic.producedAt });
  return isBelieved(verdict) && verdict.kind === 'revoked' ? verdict : undefined;
}

/** Whether this staple may stay for now: believed, of an accepted status, for this CertID in the asked hash, and usable by a server. */
export function isServable(
  verdict: Verdict | undefined,
  judge: StapleJudge,
  acceptedStatuses: ReadonlySet<string>,
): boolean {
  return (
    verdict !== undefined &&
    isBelieved(verdict) &&
    acceptedStatuses.has(verdict.kind) &&
    isUsableStaple(verdict, judge.hash, judge.now)
  );
}

/** When the staple is due by the policy, and at the latest when servers stop stapling it; undefined without nextUpdate. */
export function nextRefreshOf(
  verdict: Verdict | undefined,
  certificate: Certificate,
  policy: RefreshPolicy,
): Date | undefined {
  if (verdict === undefined || !isBelieved(verdict)) return undefined;
  const window = windowOf(verdict.statement, verdict.responder);
  if (window === undefined) return undefined;
  const planned = refreshTime(window, policy, certificate);
  const latest = new Date(window.end.getTime() - minimumRemainingMilliseconds);
  return planned < latest ? planned : latest;
}

/** Whether the staple is good, usable, and so far from its end that a failed refresh need not be heard. */
export function mayKeep(
  { verdict, revokedMark }: StoredStaple,
  judge: StapleJudge,
  alertBeforeMilliseconds: number | undefined,
): boolean {
  if (revokedMark !== undefined || verdict === undefined || !isBelieved(verdict) || verdict.kind !== 'good')
    return false;
  if (!isUsableStaple(verdict, judge.hash, judge.now)) return false;
  const window = windowOf(verdict.statement, verdict.responder);
  return window !== undefined && judge.now < alertTime(window, judge.certificate, alertBeforeMilliseconds);
}
