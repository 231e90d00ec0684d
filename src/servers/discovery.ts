import type { CertId, Certificate } from '../core/index.js';
import type { FilePath } from '../core/file-path.js';
import type { SocketAddress } from '../system/network/connection.js';
import type { HostAndPort } from '../system/network/host-and-port.js';
import type { HostProcess } from '../system/host-processes.js';
import type { CommandEnvironment } from '../system/run-command.js';
import type { ProcessRights } from '../system/running-process.js';
import type { ReloadLimits } from './reload-result.js';
import type { Daemon } from './signal/daemon.js';

/** A kind of server that can be found on this host, and what is advised for it. */
export interface Discoverer {
  readonly name: string;
  /** Names of its executable. */
  readonly program: RegExp;
  /** Where its packages have the configuration. */
  readonly usualConfiguration: string;
  /** Where other packages have it; the first that is there counts. */
  readonly otherConfigurations?: readonly string[];
  /** Whether a process of the program is the server; each is where absent. */
  isServer?(running: HostProcess): boolean;
  /** The configuration files that the arguments of a process name, absolute; none where it takes the usual one. */
  configurationsOf(running: HostProcess): readonly string[];
  /** What it serves by its configuration. */
  discover(instance: ServerInstance, tools: DiscoveryTools): FoundServer;
  /** How it prints its configuration, with --ask-servers; absent where what it prints says nothing new. */
  readonly printing?: ConfigurationPrinting;
  /**
   * What it says itself of these certificates, over the socket of its configuration.
   *
   * @throws TargetFailure where it does not answer; OcspError `interrupted`
   */
  ask?(found: FoundServer, subjects: readonly CertificateSubject[], tools: DiscoveryTools): Promise<ServerAnswer>;
  /** It reads what lies beside a certificate: no line names a staple. */
  readonly readsBeside?: true;
  /** What is to be written to have it read this staple; absent where it takes none by name. */
  settingFor?(staple: string, used: Pick<UsedCertificate, 'ownFetching'>): StapleSetting;
  /** A file that is named ends its own fetching. */
  readonly prefersFile?: true;
  /** Tests a configuration, for sh: a restart with a broken one would leave nothing running. */
  testCommand?(configuration: string): string;
  /** Has the running server take its configuration, for sh; absent where that takes a restart of its service. */
  reloadCommand?(configuration: string, unit: string | undefined): string;
}

/** The lines that name a staple's file, and where they go. */
export interface StapleSetting {
  readonly note: string;
  readonly text: string;
}

/** How a kind of server prints the configuration that it would start with. */
export interface ConfigurationPrinting {
  readonly daemon: Pick<Daemon, 'name' | 'test' | 'keepsRights'>;
  /** The words that make it print on stdout. */
  readonly words: readonly string[];
  /** The script of its package that knows the environment of its service: run where the command line names no configuration. */
  readonly script?: { readonly name: string; readonly reads: readonly string[] };
  /** What it serves by what it printed; `found` is what its files say. */
  read(printed: string, instance: ServerInstance, found: FoundServer): FoundServer;
}

/** A certificate that a server is asked about. */
export interface CertificateSubject {
  readonly certificatePath: FilePath;
  readonly certificate: Certificate;
  /** Absent where the issuer was not found. */
  readonly certId?: CertId;
  /** What is in the file of its staple. */
  readonly staple?: Uint8Array;
  readonly places?: readonly ServedPlace[];
}

/** What a server says itself. */
export interface ServerAnswer {
  /** Of each certificate that was asked about, in their order; absent where it does not say. */
  readonly loaded?: readonly LoadedState[];
  readonly remarks: readonly ServerRemark[];
}

/** A server to look at: one that runs, or a configuration that nobody runs. */
export interface ServerInstance {
  readonly running?: HostProcess;
  readonly configurations: readonly string[];
}

export interface DiscoveryTools {
  /** Whether this process is root, whom no other user's configuration may tell what to do. */
  readonly isRoot?: boolean;
  readonly limits: ReloadLimits;
  readonly environment: CommandEnvironment;
  randomBytes(count: number): Uint8Array;
  /** The user of this run, where servers may be run to print their configuration. */
  readonly printing?: { readonly effectiveUserId: number };
}

/** Where a certificate is served. */
export interface ServedPlace extends HostAndPort {
  /** The name to ask for; that of the certificate where absent. */
  readonly serverName?: string;
  readonly starttls?: 'smtp' | 'imap';
}

/** A line of a configuration file. */
export interface ConfigurationLine {
  readonly file: string;
  readonly line: number;
}

/** Lines that people add to a configuration file. */
export interface ConfigurationEdit {
  readonly file: string;
  readonly line?: number;
  readonly note: string;
  readonly text: string;
}

/** The service of a process, where it is the server's own and not one that starts many things. */
export function unitOf(running: HostProcess | undefined, server: string): string | undefined {
  return running?.unit?.includes(server) === true ? running.unit : undefined;
}

/** The first places of a certificate, each with the name to ask for; a host and port counts once. */
export function placesToAsk(
  { places, serverName }: Pick<UsedCertificate, 'places' | 'serverName'>,
  most: number,
): ServedPlace[] {
  const found = new Map<string, ServedPlace>();
  for (const place of places) {
    const key = `${place.host} ${place.port}`;
    if (!found.has(key)) found.set(key, serverName === undefined ? place : { ...place, serverName });
    if (found.size === most) break;
  }
  return [...found.values()];
}

/** A certificate that a server uses, and how it comes by its staple. */
export interface UsedCertificate {
  /** The file, absolute. */
  readonly certificate: string;
  readonly places: readonly ServedPlace[];
  /** The name to ask for at all these places. */
  readonly serverName?: string;
  /** The line that names it. */
  readonly position?: ConfigurationLine;
  /** The staple's file, where the server reads one. */
  readonly stapleFile?: string;
  /** Only where the file is there: the configuration does not name it. */
  readonly isFileOptional?: true;
  /** Why there is no file that restaple could write: the server takes none, or its setting was not understood. */
  readonly noStapleFile?: 'not-taken' | 'not-known';
  /** Where the line goes that names the staple's file; beside the certificate's line where absent. */
  readonly stapleSettingAt?: Omit<ConfigurationEdit, 'text'>;
  /** What makes the server fetch the staple itself, where it takes none from a file. */
  readonly ownFetchingEdits?: readonly ConfigurationEdit[];
  /** What to look for where the server staples nothing although it should, a clause. */
  readonly ifNothingStapled?: string;
  /** A file of certificates that the server sends with this one. */
  readonly chainFile?: string;
  /** The setting by which the server fetches the staple itself, where it does. */
  readonly ownFetching?: OwnFetching;
  /** The server says that it uses it, and no line that was read does: how it comes by its staple is not known. */
  readonly isNamedByNoLine?: true;
  /** Why the server staples nothing for it, whatever it is given, where that is so: a sentence. */
  readonly cannotStaple?: string;
  /** What is to be written where, to have the server read this staple; absent where its kind says it all. */
  readonly settingFor?: (staple: string) => StapleSetting;
  /** What is known to keep a staple of this certificate from being right: sentences. */
  readonly remarks?: readonly ServerRemark[];
}

/** How a server fetches a staple itself. */
export interface OwnFetching {
  /** `ocsp-update on`, in the words of its configuration. */
  readonly setting: string;
  /** The part of the server that does, where it has a name: `mod_md`. */
  readonly by?: string;
  /** How often it asks, where that is known. */
  readonly when?: string;
  /** It can reach no responder that has a name, since it was given nobody to ask for addresses. */
  readonly hasNoResolver?: true;
}

/** What runs in the server. */
export interface LoadedState {
  /** The certificate of the file, another one under its name, none, or one of which the server does not say what it is. */
  readonly certificate: 'same' | 'other' | 'none' | 'not-said';
  /** Whether it has a place for its staple; absent where it does not say. */
  readonly hasSlot?: boolean;
  /** The staple of the file, or another one; absent where there is no file or it does not say. */
  readonly staple?: 'same' | 'other';
  /** Of its own fetching: what came of the last time, and when it asks again, in its words. */
  readonly ownFetching?: { readonly isFailing: boolean; readonly status: string; readonly next: string };
}

/** Something about a server that is worth saying, with the next step. */
export interface ServerRemark {
  /**
   * `unreadable`: a file may not be read, or has mistakes; `not-understood`: it has a part that nobody read; the rest is said of
   * what was read. `unclaimed`: an ACME client has certificates that none of the servers uses. `not-found`: a server that was asked
   * for is not on this host.
   */
  readonly code: 'unreadable' | 'not-understood' | 'not-asked' | 'not-running' | 'setting' | 'unclaimed' | 'not-found';
  readonly message: string;
  readonly hint?: string;
}

/** A server of this host, and the certificates that it uses. */
export interface FoundServer {
  /** As in the table of servers. */
  readonly name: string;
  readonly pid?: number;
  /** The service of systemd that runs it, where its name is of that server. */
  readonly unit?: string;
  /** The files of its configuration that were read, the main one first. */
  readonly configurations: readonly string[];
  /** Other files may belong to it: an include was not followed, or a file was not read. */
  readonly isPartial?: true;
  /** Who besides root could change one of these files, where this process is root. */
  readonly stranger?: string;
  /** Who reads the staples when the server reloads; absent where that is not known. */
  readonly reader?: ProcessRights;
  readonly certificates: readonly UsedCertificate[];
  /** The target of --reload for it; absent where there is none. */
  readonly target?: string;
  /** Where it answers questions. */
  readonly control?: { readonly address: SocketAddress };
  /** The file that has the key of --dnsdist-key-file. */
  readonly keyFile?: string;
  /** Where staples go that no line names yet; beside its configuration where absent. */
  readonly stapleFolder?: string;
  /** Tests a new configuration, and has the server take it: for sh. */
  readonly applyCommand?: string;
  readonly remarks: readonly ServerRemark[];
}
