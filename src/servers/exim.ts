import { shownPath } from '../core/file-path.js';
import { fileKindAt } from '../system/file-kind.js';
import { commandLineOf } from '../system/running-process.js';
import { allTaken, TargetFailure } from './reload-result.js';
import { servesOversized, type Server } from './server.js';

export const usualPidFile = '/run/exim4/exim.pid';

export const daemon = { name: 'exim', program: /^exim4?$/, keepsRights: false } as const;

const failsHandshakes = 'fails every TLS handshake';

/** Exim reads the file again by itself: a signal would make it read its whole configuration, and end where that is broken. */
export const exim = {
  name: 'exim',
  example: `exim:${usualPidFile}`,
  parse: (text) => (text === '' ? usualPidFile : text),
  mistake: (pidFile) => {
    const kind = fileKindAt(pidFile);
    return kind === undefined || kind === 'a file' ? undefined : `the pid file ${pidFile} is ${kind}, not a file`;
  },
  async tell(pidFile, staples, { effectiveUserId }) {
    const { findServer } = await import('./signal/reload-by-signal.js');
    const { readingObstacle } = await import('../system/reading-obstacle.js');
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
  },
  async servesWithoutFile(pidFile, { limits, effectiveUserId }) {
    const { findServer } = await import('./signal/reload-by-signal.js');
    const { runIfOnlyRoots } = await import('./signal/configuration-test.js');
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
  },
  rules: {
    measured: '4.96 to 4.100',
    withBadFile: {
      expired: failsHandshakes,
      foreign: failsHandshakes,
      missing: `${failsHandshakes}; staples nothing where tls_ocsp_file asks \${if exists`,
      oversized: servesOversized,
    },
  },
} as const satisfies Server<string>;

/** A file that is asked for first, and nothing in its place: `${if exists{FILE}{FILE}}`. */
export const askingFirst =
  /\$\{\s*if\s+exists\s*\{\s*([^{}\s](?:[^{}]*[^{}\s])?)\s*\}\s*\{\s*((?:DER\s+|PEM\s+)?)\1\s*\}\s*(?:\{\s*\}\s*)?\}/g;

/** The configuration of a command line, where it names one. */
export function configurationIn([, ...words]: readonly string[]): string[] {
  const index = words.findIndex((word) => word.startsWith('-C'));
  const name = words[index]?.slice(2) ?? '';
  return index < 0 ? [] : [name === '' ? (words[index + 1] ?? '') : name];
}
