import type { Finding } from '../../core/index.js';
import type { CommandResult } from '../../system/run-command.js';

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
  /** How it says where it was built to look for its configuration, which its command line may leave out. */
  readonly builtIn?: {
    /** The words that make it say so. */
    readonly words: readonly string[];
    read(said: Pick<CommandResult, 'stdout' | 'stderr'>): { readonly file?: string; readonly folder?: string };
  };
}

/** A `switch` has no value. `directives` are lines of a configuration, of which only harmless ones are passed over. */
export type OptionKind = 'configuration' | 'folder' | 'passed' | 'value' | 'switch' | 'directives';
