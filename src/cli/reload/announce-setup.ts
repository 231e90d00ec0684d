import { randomBytes } from 'node:crypto';
import { OcspError } from '../../core/index.js';
import type { AnnounceTools } from '../../pipeline/reload/announce.js';
import { parseConsoleKey, readConsoleKeyFile } from '../../servers/dnsdist/key.js';
import { ownProcess } from '../own-process.js';

/** What a run that tells servers has to know. */
export interface AnnounceSettings {
  readonly dnsdistKeyFile?: string;
  readonly timeoutMilliseconds: number;
  readonly now?: Date;
}

/** The tools for telling targets, from this process and its environment. `warn` hears of keys that others can read. */
export function announceToolsFrom(
  settings: AnnounceSettings,
  signal: AbortSignal,
  warn: (line: string) => void,
): AnnounceTools {
  let key: Uint8Array | undefined;
  return {
    limits: { timeoutMilliseconds: settings.timeoutMilliseconds, signal },
    environment: process.env,
    ownProcess: ownProcess(),
    sendSignal: (pid, name) => {
      process.kill(pid, name);
    },
    // Read once: a pipe cannot be read again, and one warning is enough.
    dnsdistKey: () => (key ??= dnsdistKeyFrom(settings.dnsdistKeyFile, warn)),
    now: () => settings.now ?? new Date(),
    randomBytes: (count) => randomBytes(count),
  };
}

/** The key comes from a file or the environment, never from the command line, which every user of the machine can read. */
function dnsdistKeyFrom(file: string | undefined, warn: (line: string) => void): Uint8Array {
  if (file !== undefined) {
    const { key, warnings } = readConsoleKeyFile(file);
    for (const warning of warnings) warn(warning);
    return key;
  }
  const text = process.env['RESTAPLE_DNSDIST_KEY'];
  if (text !== undefined) return parseConsoleKey(text);
  throw new OcspError(
    'usage',
    'dnsdist wants its console key, and none was given',
    'put the text of setKey("…") into a file and name it with --dnsdist-key-file, or set RESTAPLE_DNSDIST_KEY',
  );
}
