import { shownPath } from '../core/file-path.js';
import { replaceFile, type ReplacedFile, type ReplaceFileOptions } from './replace-file.js';
import { largestStaple } from './staple-file.js';
import type { StapleTarget } from './staple-target.js';
import type { CurrentFile } from './written-kind.js';
import { unsafe } from './store-error.js';

export interface ReplaceStapleOptions extends Pick<
  ReplaceFileOptions,
  'path' | 'ownProcess' | 'decide' | 'durable' | 'lockWaitMilliseconds'
> {
  /** The new contents, 1 byte to 64 KiB, already verified. */
  readonly bytes: Uint8Array;
  /** Is this the DER of an OCSPResponse? Asked before the target of a symbolic link is replaced. */
  readonly isOcspResponse: (bytes: Uint8Array) => boolean;
}

export type ReplacedStaple = ReplacedFile;

/**
 * Replaces a staple as {@link replaceFile} replaces a file. What a symbolic link leads to must be empty or an OCSP response.
 *
 * @returns whether it was written, and the real path.
 * @throws OcspError as {@link replaceFile} does
 */
export async function replaceStaple(options: ReplaceStapleOptions): Promise<ReplacedStaple> {
  const { bytes, isOcspResponse, ...rest } = options;
  if (bytes.length === 0 || bytes.length > largestStaple) {
    throw new TypeError(`a staple has 1 to ${largestStaple} bytes, not ${bytes.length}`);
  }
  const judgeLinked = (target: StapleTarget, current: CurrentFile): void =>
    requireReplaceable(target, current, isOcspResponse);
  return await replaceFile({ ...rest, kind: 'response', pieces: [bytes], judgeLinked });
}

function requireReplaceable(
  { link, path }: StapleTarget,
  { bytes, status }: CurrentFile,
  isOcspResponse: ReplaceStapleOptions['isOcspResponse'],
): void {
  if (link === undefined) return;
  if (bytes === null || status === undefined) {
    throw unsafe(link, `it is a dangling link to ${shownPath(path)}`, 'remove the link');
  }
  if (status.size === 0) return;
  if (status.size <= largestStaple && isOcspResponse(bytes)) return;
  throw unsafe(
    link,
    `it is a symbolic link to ${shownPath(path)}, which is neither empty nor an OCSP response`,
    'correct or remove the link; if it is meant, empty that file first',
  );
}
