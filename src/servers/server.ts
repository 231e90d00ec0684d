import type { ReloadLimits, StapleToPush, Told } from './reload-result.js';
import type { Discoverer } from './discovery.js';
import type { HaproxyConfiguration } from './haproxy/configuration.js';
import type { CommandEnvironment } from '../system/run-command.js';

/**
 * A server, or another way to tell one: a record in a file or folder of its own, and a line in `servers.ts`. One that is no
 * {@link Server} can be found and not told.
 */
export interface KnownServer {
  /** What stands before the colon of a target, and after `--for`. */
  readonly name: string;
  /** How `doctor` finds it on this host and what it advises: loaded when it looks. */
  readonly discoverer?: () => Promise<Discoverer>;
  /** The command by which `doctor --ask-servers` has it print its configuration, for the help. */
  readonly printedBy?: string;
}

/** One that can be told of staples. What it takes to tell it is loaded when it is told. */
export interface Server<Place = unknown> extends KnownServer {
  /** A target of it, for messages. */
  readonly example: string;
  /** How its targets are written, for the help. */
  readonly forms: readonly string[];
  /** Reads what a target has after `name:`, which may be nothing; undefined where it is not a place of such a server. */
  parse(text: string): Place | undefined;
  /** It cannot be told without the console key of --dnsdist-key-file. */
  readonly needsKey?: boolean;
  /** It takes staples one by one; where absent, it reads its files again, whether there are staples or not. */
  readonly needsStaples?: boolean;
  /** What is plainly wrong with a place, whatever runs now, such as a file of another kind: a sentence. Nobody is asked. */
  mistake?(place: Place, environment: CommandEnvironment): string | undefined;
  /**
   * Tells the server at a place.
   *
   * @throws TargetFailure where it could not be told at all; OcspError `interrupted`
   */
  tell(place: Place, staples: readonly StapleToPush[], tools: ServerTools): Promise<Told>;
  /**
   * Whether a server whose handshakes fail with an expired staple staples nothing once the file is gone, by its configuration. Where it
   * does, --withdraw may remove the file in time.
   */
  servesWithoutFile?(place: Place, tools: Pick<ServerTools, 'limits' | 'effectiveUserId'>): Promise<WithoutFile>;
  /** What it takes and serves, where that was measured: the server is then one for `--for`. */
  readonly rules?: ServerRules;
}

/** What a server does once a staple file is gone: `obstacle` says why its handshakes would fail, `whyNotChecked` why nobody knows. */
export interface WithoutFile {
  readonly obstacle?: string;
  readonly whyNotChecked?: string;
}

/** What telling a server needs from outside. */
export interface ServerTools {
  readonly limits: ReloadLimits;
  /** Handed on to commands, without restaple's secrets. */
  readonly environment: CommandEnvironment;
  readonly effectiveUserId: number;
  /** Sends the signal or throws the system's error. */
  readonly sendSignal: (pid: number, signal: 'SIGHUP' | 'SIGUSR1') => void;
  /** Throws OcspError where there is none. */
  dnsdistKey(): Uint8Array;
  /** Push a staple that the server should fetch itself, where its own fetching fails. */
  readonly takesOver?: boolean;
  /** The files of --haproxy-config, read when first asked for; undefined where none were named. Throws OcspError `usage`. */
  haproxyConfiguration?(): HaproxyConfiguration | undefined;
  now(): Date;
  /** As many octets as asked, unpredictable. */
  randomBytes(count: number): Uint8Array;
}

/** Whether a server of the table can be told. */
export function isTold(server: KnownServer): server is Server {
  return 'tell' in server;
}

/** A staple file that is no good: past its nextUpdate, about another certificate, not there, of about 20 kB. */
export type BadFile = 'expired' | 'foreign' | 'missing' | 'oversized';

/** What a server takes from a file and serves, as measured; what is absent, it does not look at. */
export interface ServerRules {
  /** The versions that were measured: `3.0 to 3.4`. */
  readonly measured: string;
  /**
   * What the server does with each bad file: a clause that follows its name, with one of `serves it`, `staples nothing`,
   * `does not start`, `fails every TLS handshake` for each version. `verify --for` says it, and docs/operation.md has it as a table.
   */
  readonly withBadFile: Readonly<Record<BadFile, string>>;
  readonly takesOneStatementOnly?: boolean;
  readonly takesSha1Only?: boolean;
  readonly wantsNextUpdate?: boolean;
  /** It stops stapling so long before nextUpdate, in milliseconds. */
  readonly stopsBefore?: number;
  /** The largest response it takes from a file, in octets. */
  readonly largestInFile?: number;
  readonly crashesOnLarger?: true;
  /** The largest response it takes over its admin socket, in octets. */
  readonly largestOverSocket?: number;
  /** With a staple it wants the issuer of the certificate in the certificate's file or as `CERT.issuer`, and does not start without. */
  readonly wantsIssuer?: boolean;
  /** It verifies the response by the certificates in it and in the certificate's file, and does not start where neither has the signer. */
  readonly wantsSigner?: boolean;
  /** It may get responses by itself too: what then, and how it is switched off. */
  readonly fetchesItself?: string;
  /** What it serves although no client would take it. */
  readonly laxness?: { readonly rule: string; readonly serves: string };
}

/**
 * The largest response that a server can staple to clients of TLS 1.2: OpenSSL's ones break the handshake with a larger
 * CertificateStatus. In octets.
 */
const largestForClients = 16_380;

/** Why clients would not take a response of so many octets: a clause, or undefined where they would. */
export function tooLargeForClients(octets: number): string | undefined {
  if (octets <= largestForClients) return undefined;
  return `clients of TLS 1.2 abort the handshake on one of more than ${largestForClients}`;
}

/** What a server of OpenSSL does with a response for another certificate that it does not compare with its own. */
export const foreignByOpenSsl = 'serves it; with OpenSSL 3.6 staples nothing';

/** What a server does that hands on whatever the file holds, of any size. */
export const servesOversized = 'serves it, which clients of TLS 1.2 do not survive';

/** Why a server would not take a response of so many octets from its file: a clause, or undefined where it would. */
export function tooLargeInFile({ name, rules }: Pick<Server, 'name' | 'rules'>, octets: number): string | undefined {
  const largest = rules?.largestInFile ?? Infinity;
  if (octets <= largest) return undefined;
  if (rules?.crashesOnLarger === true) return `${name} crashes on a file of more than ${largest} octets`;
  return `${name} ignores a file of more than ${largest} octets, whatever tune.bufsize says`;
}
