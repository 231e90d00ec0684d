import { fileKindAt } from '../../system/file-kind.js';
import type { Server } from '../server.js';
import type { Daemon } from './daemon.js';

/** What the records of such servers share; a place is a pid file. */
export function toldBySignal<Name extends string>(
  daemon: Daemon<Name>,
): Pick<Server<string>, 'example' | 'parse' | 'mistake' | 'tell'> & { readonly name: Name; readonly daemon: Daemon } {
  const { name, usualPidFile } = daemon;
  return {
    name,
    daemon,
    example: `${name}:${usualPidFile}`,
    parse: (text) => (text === '' ? usualPidFile : text),
    mistake: (pidFile) => {
      const kind = fileKindAt(pidFile);
      return kind === undefined || kind === 'a file' ? undefined : `the pid file ${pidFile} is ${kind}, not a file`;
    },
    tell: async (pidFile, staples, tools) => {
      const { reloadBySignal } = await import('./reload-by-signal.js');
      return await reloadBySignal(daemon, pidFile, staples, tools);
    },
  };
}
