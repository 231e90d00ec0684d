import { shownPath } from '../../core/file-path.js';
import { readingObstacle } from '../../system/reading-obstacle.js';
import { commandLineOf } from '../../system/running-process.js';
import { allTaken, TargetFailure, type StapleToPush, type Told } from '../reload-result.js';
import type { ServerTools, WithoutFile } from '../server.js';
import { runIfOnlyRoots } from '../signal/configuration-test.js';
import { findServer } from '../signal/reload-by-signal.js';
import { askingFirst, configurationIn } from './configuration.js';
import { daemon, failsHandshakes } from './daemon.js';

/** Nothing is sent: whether its process can read the staples. Throws TargetFailure. */
export function tellExim(
  pidFile: string,
  staples: readonly StapleToPush[],
  { effectiveUserId }: Pick<ServerTools, 'effectiveUserId'>,
): Told {
  const found = findServer(daemon, pidFile, effectiveUserId);
  for (const { staplePath } of found.userId === 0 ? [] : staples) {
    const obstacle = readingObstacle(staplePath, found);
    if (obstacle === undefined) continue;
    throw new TargetFailure(
      'staple-unreadable-by-server',
      `exim ${failsHandshakes}: it runs as user ${found.userId}, who may not read ${shownPath(staplePath)} (${obstacle})`,
      `let that user's group read it: chgrp Debian-exim ${shownPath(staplePath)} && chmod g+r ${shownPath(staplePath)}`,
    );
  }
  const message = 'it reads the file again by itself within seconds';
  return allTaken(staples, [
    { rule: 'server-reads-by-itself', severity: 'info', message, source: 'measured with exim' },
  ]);
}

/** By what it says of its setting. Throws TargetFailure, OcspError `interrupted`. */
export async function servesWithoutFile(
  pidFile: string,
  { limits, effectiveUserId }: Pick<ServerTools, 'limits' | 'effectiveUserId'>,
): Promise<WithoutFile> {
  const found = findServer(daemon, pidFile, effectiveUserId);
  const commandLine = commandLineOf(found.pid);
  if (commandLine.some((word) => word.startsWith('-D'))) return { whyNotChecked: 'its command line sets macros' };
  const configuration = configurationIn(commandLine);
  const words = [...configuration.flatMap((path) => ['-C', path]), '-bP', 'tls_ocsp_file'];
  const result = await runIfOnlyRoots(found, configuration, words, limits);
  if (typeof result === 'string') return { whyNotChecked: result };
  const value = /^tls_ocsp_file =(.*)$/m.exec(result.stdout)?.[1]?.trim();
  if (value === undefined) return { whyNotChecked: 'exim -bP tls_ocsp_file does not say' };
  const unasked = value.replace(askingFirst, '').replace(/^[\s:]+|[\s:]+$/g, '');
  if (unasked === '') return {};
  if (unasked.includes('$')) return { whyNotChecked: `tls_ocsp_file = ${value}` };
  return {
    obstacle: `without the file it ${failsHandshakes}: write \${if exists{${unasked}}{${unasked}}} into tls_ocsp_file and restart it`,
  };
}
