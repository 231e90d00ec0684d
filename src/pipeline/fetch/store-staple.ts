import { OcspError, decodeResponse, isResponse, type Failure } from '../../core/index.js';
import { bytesEqual } from '../../core/bytes.js';
import type { FilePath } from '../../core/file-path.js';
import type { OwnProcess } from '../../store/lock-holder.js';
import { removeOwnFile } from '../../store/remove-file.js';
import { revokedMarkPath } from '../../store/staple-path.js';
import { storingFailure } from '../../store/storable.js';
import { replaceStaple } from '../../store/write-staple.js';
import type { UsableResponse } from './judge-response.js';
import { judgeStaple, type StapleJudge } from './stored-staple.js';

export type StoreResult =
  { readonly kind: 'written' | 'identical' } | { readonly kind: 'refused'; readonly failure: Failure };

/**
 * Replaces the staple with a verified response. Under the lock it is compared once more with what is on disk by then,
 * so that of two runs the one with the older response does not win.
 *
 * @throws OcspError `staple-unwritable`, `staple-unsafe`, `staple-locked`
 */
export async function storeStaple(
  path: FilePath,
  { bytes, verdict }: UsableResponse,
  judge: StapleJudge,
  ownProcess: OwnProcess,
): Promise<StoreResult> {
  let failure: Failure | undefined;
  const { written } = await replaceStaple({
    path,
    bytes,
    ownProcess,
    isOcspResponse,
    decide: (current) => {
      if (current !== null && bytesEqual(current, bytes)) return 'keep';
      const stored = current === null ? {} : { stored: judgeStaple(current, judge) };
      failure = storingFailure(verdict, { hash: judge.hash, now: judge.now, ...stored });
      return failure === undefined ? 'write' : 'keep';
    },
  });
  if (failure !== undefined) return { kind: 'refused', failure };
  return { kind: written ? 'written' : 'identical' };
}

/**
 * Keeps the signed revoked answer as a dot file beside the staple, so that a later outage cannot make it forgotten.
 *
 * @returns undefined, or why it could not be kept: the revocation is reported either way
 */
export async function keepRevokedAnswer(
  staple: FilePath,
  bytes: Uint8Array,
  ownProcess: OwnProcess,
): Promise<string | undefined> {
  const decide = (current: Uint8Array | null): 'write' | 'keep' =>
    current !== null && bytesEqual(current, bytes) ? 'keep' : 'write';
  return await troubleWith(replaceStaple({ path: revokedMarkPath(staple), bytes, ownProcess, isOcspResponse, decide }));
}

/**
 * Removes the kept revoked answer, as after a newer good one or for another certificate.
 *
 * @returns undefined, or why it could not be removed
 */
export async function clearRevokedMark(staple: FilePath, ownProcess: OwnProcess): Promise<string | undefined> {
  return await troubleWith(removeOwnFile(revokedMarkPath(staple), ownProcess));
}

/** The message of its OcspError; undefined where it succeeds. */
async function troubleWith(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof OcspError) return error.message;
    throw error;
  }
}

function isOcspResponse(bytes: Uint8Array): boolean {
  return isResponse(decodeResponse(bytes));
}
