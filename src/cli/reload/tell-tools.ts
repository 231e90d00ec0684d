import { randomBytes } from 'node:crypto';
import { OcspError } from '../../core/index.js';
import type { TellTools } from '../../pipeline/reload/tell-targets.js';
import { parseConsoleKey, readConsoleKeyFile } from '../../servers/dnsdist/key.js';
import type { ReloadTarget } from '../../servers/reload-target.js';
import type { HaproxyConfiguration } from '../../servers/haproxy/configuration.js';
import { knownHaproxyConfiguration } from '../flags/haproxy-configuration.js';
import type { AnnounceFlags } from '../flags/reload-flags.js';
import type { Output } from '../output.js';
import { ownProcess } from '../../library/own-process.js';

/**
 * The tools for telling these targets, from the flags, this process and its environment.
 *
 * @throws OcspError for a key that a target needs and that is not available: before a staple is written that nobody could then
 *   be told of
 */
export function tellToolsFrom(
  flags: AnnounceFlags & { readonly at?: Date | undefined },
  targets: readonly ReloadTarget[],
  signal: AbortSignal,
  output: Output,
): TellTools {
  const own = ownProcess();
  let key: Uint8Array | undefined;
  // Read once: a pipe cannot be read again, and one warning is enough.
  const dnsdistKey = (): Uint8Array => (key ??= dnsdistKeyFrom(flags['dnsdist-key-file'], output));
  if (targets.some(({ server }) => server.needsKey === true)) dnsdistKey();
  let configuration: HaproxyConfiguration | undefined;
  return {
    haproxyConfiguration: () => (configuration ??= knownHaproxyConfiguration(flags['haproxy-config'])),
    takesOver: flags['take-over'],
    limits: { timeoutMilliseconds: flags['reload-timeout'], signal },
    environment: process.env,
    ownProcess: own,
    effectiveUserId: own.effectiveUserId,
    sendSignal: (pid, name) => void process.kill(pid, name),
    dnsdistKey,
    now: () => flags.at ?? new Date(),
    randomBytes,
    ...(flags.starttls === undefined ? {} : { starttls: flags.starttls }),
  };
}

/** The key comes from a file or the environment, never from the command line, which every user of the machine can read. */
function dnsdistKeyFrom(file: string | undefined, output: Output): Uint8Array {
  if (file !== undefined) {
    const { key, warnings } = readConsoleKeyFile(file);
    for (const warning of warnings) output.warn(warning);
    return key;
  }
  const text = process.env['RESTAPLE_DNSDIST_KEY'];
  if (text !== undefined) return parseConsoleKey(text);
  throw new OcspError(
    'usage',
    'dnsdist needs its console key, and none was given',
    'put the text of setKey("…") into a file and name it with --dnsdist-key-file, or set RESTAPLE_DNSDIST_KEY',
  );
}
