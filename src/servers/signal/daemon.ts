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
