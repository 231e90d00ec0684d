import { fileKindAt } from '../../system/file-kind.js';
import type { Server } from '../server.js';
import type { Daemon } from './daemon.js';

interface PlacedByPidFile<Name> extends Pick<Server<string>, 'example' | 'forms' | 'parse' | 'mistake'> {
  readonly name: Name;
}

/** What the records of servers share whose place is a pid file. */
export function placedByPidFile<Name extends string>({
  name,
  usualPidFile,
}: Pick<Daemon<Name>, 'name' | 'usualPidFile'>): PlacedByPidFile<Name> {
  return {
    name,
    example: `${name}:${usualPidFile}`,
    forms: [`${name}[:PIDFILE]`],
    parse: (text) => (text === '' ? usualPidFile : text),
    mistake: (pidFile) => {
      const kind = fileKindAt(pidFile);
      return kind === undefined || kind === 'a file' ? undefined : `the pid file ${pidFile} is ${kind}, not a file`;
    },
  };
}

/** The same of those that are told by a signal. */
export function toldBySignal<Name extends string>(
  daemon: Daemon<Name>,
): PlacedByPidFile<Name> & Pick<Server<string>, 'tell'> {
  return {
    ...placedByPidFile(daemon),
    tell: async (pidFile, staples, tools) => {
      const { reloadBySignal } = await import('./reload-by-signal.js');
      return await reloadBySignal(daemon, pidFile, staples, tools);
    },
  };
}
