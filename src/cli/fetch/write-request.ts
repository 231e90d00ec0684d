import { OcspError } from '../../core/index.js';
import type { OwnProcess } from '../../store/lock-holder.js';
import { replaceFile } from '../../store/replace-file.js';

/**
 * Writes a request where --request-out says, whole or not at all.
 *
 * @throws OcspError as `replaceFile` does
 */
export async function writeRequestFile(path: string, request: Uint8Array, ownProcess: OwnProcess): Promise<void> {
  try {
    const decide = (): 'write' => 'write';
    await replaceFile({ path, kind: 'request', pieces: [request], ownProcess, decide, durable: false });
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    const hint = error.hint.replace(' with --out', ' with --request-out');
    const message = error.message.replace('; what was stored is untouched', '');
    throw new OcspError(error.code, message, hint, { cause: error });
  }
}
