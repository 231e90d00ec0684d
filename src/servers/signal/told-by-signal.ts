import type { Server } from '../server.js';

/** A server that is told by a signal to the process that its pid file names. */
export interface Daemon<Name extends string = string> {
  readonly name: Name;
  /** Where Debian's package puts it. */
  readonly usualPidFile: string;
  readonly signal: 'SIGHUP' | 'SIGUSR1';
  /** Names of its executable. */
  readonly program: RegExp;
  /**
   * The signalled process keeps the rights it was started with, so that it belongs to root or to us. One that gave them up
   * starts again in place without them.
   */
  readonly keepsRights: boolean;
}

/** What the records of such servers share; a place is a pid file. */
export function toldBySignal<Name extends string>(
  daemon: Daemon<Name>,
): Pick<Server<string>, 'example' | 'parse' | 'tell'> & { readonly name: Name; readonly daemon: Daemon } {
  const { name, usualPidFile } = daemon;
  return {
    name,
    daemon,
    example: `${name}:${usualPidFile}`,
    parse: (text) => (text === '' ? usualPidFile : text),
    tell: async (pidFile, staples, tools) => {
      const { reloadBySignal } = await import('./reload-by-signal.js');
      return await reloadBySignal(daemon, pidFile, staples, tools);
    },
  };
}
