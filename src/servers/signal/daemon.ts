import type { Finding } from '../../core/index.js';

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
  /** How its configuration is tested before the signal. */
  readonly test: ConfigurationTest;
  /** What its configuration does that gets in the way of staples. */
  findingsIn?(configuration: string): Finding[];
}

/** What the test runs, and what of the command line of the running server goes into it. */
export interface ConfigurationTest {
  /** The words that make it a test. */
  readonly words: readonly string[];
  /** The options that a running server may have: those that name a `configuration` or a `folder`, and what is `passed`, are passed on. Others prevent the test. */
  readonly options: Readonly<Record<string, OptionKind>>;
  /** What its process title begins with, where it writes one over its command line. */
  readonly title?: string;
  /** Words that make it say how it was built: nginx's `--conf-path=` and `--prefix=`, Apache's `-D HTTPD_ROOT=`. */
  readonly tellsPaths?: readonly string[];
}

/** A `switch` has no value. `directives` are those of nginx's -g, of which only harmless ones are passed over. */
export type OptionKind = 'configuration' | 'folder' | 'passed' | 'value' | 'switch' | 'directives';
