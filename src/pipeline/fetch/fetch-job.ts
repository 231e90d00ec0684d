import { OcspError, isBelieved, type Certificate, type HashAlgorithm, type RefreshPolicy } from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import type { RequestSigner } from '../../core/sign-request.js';
import type { CertificateFile } from '../../source/certificate-file.js';
import type { ListedCertificate } from '../../source/certificate-list.js';
import type { IssuerFinder } from '../../source/issuer-finder.js';
import type { Leftovers } from '../../store/leftovers.js';
import type { OwnProcess } from '../../store/lock-holder.js';
import { removeLeftoverTemporaryFile } from '../../store/remove-file.js';
import type { HttpClient } from '../../transport/http-client.js';
import type { ResponderGate } from '../../transport/responder-gate.js';
import { overriddenResponders, type OverriddenResponders, type ResponderOverride } from './responder-override.js';
import type { ResponseMemory } from './response-memory.js';
import { startBudget, type Budget } from './budget.js';
import {
  isServable,
  mayKeep,
  nextRefreshOf,
  type StapleJudge,
  type StoredFiles,
  type StoredStaple,
} from './stored-staple.js';

/** The settings of a fetch; durations in milliseconds. */
export interface FetchOptions {
  /** A file, folder or template for the staple; `CERT.ocsp` when absent. */
  readonly out?: string;
  /** The operator's responder, in place of the certificate's own. */
  readonly url?: string;
  /** The operator's responders by issuer or host, where `url` names none. */
  readonly responders?: readonly ResponderOverride[];
  readonly force: boolean;
  readonly refreshPolicy: RefreshPolicy;
  readonly hash: HashAlgorithm;
  readonly nonce: boolean;
  /** A missing nonce is a failure. */
  readonly strict: boolean;
  /** Which way a request goes: GET and POST by name, `auto` GET where it fits and POST when that fails. */
  readonly method: 'post' | 'get' | 'auto';
  readonly headers: readonly (readonly [string, string])[];
  /** Who signs requests, for responders that answer sigRequired to others (RFC 6960 §4.1.2). */
  readonly requestSigner?: RequestSigner;
  readonly timeoutMilliseconds: number;
  readonly connectTimeoutMilliseconds: number;
  readonly retries: number;
  readonly trustedResponders: readonly Certificate[];
  readonly acceptedStatuses: ReadonlySet<'good' | 'revoked'>;
  readonly alertBeforeMilliseconds?: number;
  readonly skewMilliseconds: number;
  readonly downloadIssuer: boolean;
  /** A downloaded issuer is kept beside its certificate. */
  readonly storeIssuer: boolean;
  /** Fetches and verifies, writes nothing. */
  readonly dryRun: boolean;
  /** The staple is nobody's file: none is looked at, and with `dryRun` a new one is for `onStaple` alone. */
  readonly withoutFile?: boolean;
}

/** What a fetch works with; one set serves a whole run. */
export interface FetchTools {
  readonly client: HttpClient;
  readonly gate: ResponderGate;
  readonly issuers: IssuerFinder;
  /** Answers of this run by URI: a fleet shares a handful of issuers. */
  readonly downloadedIssuers: Map<string, Promise<readonly Uint8Array[]>>;
  readonly ownProcess: OwnProcess;
  readonly signal: AbortSignal;
  now(): Date;
  randomBytes(count: number): Uint8Array;
  /** Told of each request before it is sent. */
  onRequest?(requestDer: Uint8Array): Promise<void>;
  /** Takes each verified staple that a dry run does not write. */
  onStaple?(bytes: Uint8Array): void;
  /** Told of each exchange with a responder: the URL's host with a port that is not the scheme's own, and how long it took. */
  onExchange?(host: string, milliseconds: number): void;
  /** What earlier answers of this process said about asking again. */
  readonly memory?: ResponseMemory;
  /** Found once for many certificates. */
  readonly leftovers?: Leftovers;
}

/** What it takes to judge a certificate's files; one set serves a whole scan. */
export type JudgingTools = Pick<FetchTools, 'issuers' | 'ownProcess' | 'now' | 'memory' | 'leftovers'>;

/** A certificate, and what stands on disk for it. */
export interface JudgedCertificate {
  readonly file: CertificateFile;
  readonly staple: FilePath;
  readonly judge: StapleJudge;
  readonly stored: StoredStaple;
  readonly options: FetchOptions;
}

/** Everything that is known of one certificate before anybody is asked. */
export interface Job extends JudgedCertificate {
  readonly responders: OverriddenResponders;
  readonly budget: Budget;
  readonly tools: FetchTools;
  readonly isIssuerDownloaded: boolean;
}

/** A certificate whose responders have to be asked, so far as the files alone tell. */
export interface DueCertificate {
  readonly listed: ListedCertificate;
  readonly file: CertificateFile;
  readonly staple: FilePath;
  readonly responders: OverriddenResponders;
  /** What was read of its staple, where that is not judged yet. */
  readonly files?: StoredFiles;
  /** What is on disk, where it could be judged already. */
  readonly judged?: JudgedCertificate;
}

/** Certificates name one or two; a bound on what a hostile one can have asked, and of whom. */
const maximumResponders = 8;

/** Whom to ask, and on whose word: the operator's URL or override, or the certificate's own responders; at most 8. */
export function respondersFor(
  certificate: Certificate,
  { url, responders = [] }: Pick<FetchOptions, 'url' | 'responders'>,
): OverriddenResponders {
  const overridden = url === undefined ? overriddenResponders(certificate, responders) : undefined;
  if (overridden !== undefined) return { ...overridden, urls: overridden.urls.slice(0, maximumResponders) };
  return { urls: responderUrls(certificate, url), origin: url === undefined ? 'certificate' : 'operator' };
}

/** The operator's URL, or the certificate's own responders that HTTP reaches, the first 8 of them. */
export function responderUrls(certificate: Certificate, url: string | undefined): readonly string[] {
  if (url !== undefined) return [url];
  return certificate.ocspUris.filter((uri) => /^https?:/i.test(uri)).slice(0, maximumResponders);
}

/** What is said of URIs from which blanks were cut off. */
export function paddingWarnings({ paddedUris }: Pick<Certificate, 'paddedUris'>, uris: readonly string[]): string[] {
  return uris
    .filter((uri) => paddedUris.includes(uri))
    .map((uri) => `the certificate has blanks or line ends around its URI ${uri}, which were cut off`);
}

/** Removes what a killed run left beside the staple. What cannot be removed keeps nobody from asking: a write will tell of it. */
export async function removeLeftover(
  staple: FilePath,
  { dryRun }: FetchOptions,
  { leftovers, ownProcess }: Pick<JudgingTools, 'leftovers' | 'ownProcess'>,
): Promise<void> {
  if (dryRun || leftovers?.mayBeBeside(staple) === false) return;
  try {
    await removeLeftoverTemporaryFile(staple, ownProcess);
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
  }
}

/** Everything for one certificate takes at most one timeout for each round. */
export function startJobBudget({ timeoutMilliseconds, retries }: FetchOptions): Budget {
  return startBudget(timeoutMilliseconds * (retries + 1));
}

export function judgeFor(certificate: Certificate, issuer: Certificate, options: FetchOptions, now: Date): StapleJudge {
  const { trustedResponders, hash, skewMilliseconds } = options;
  return { certificate, issuer, trustedResponders, hash, now, skewMilliseconds };
}

/** Whether anybody has to be asked: forced, revoked before, nothing usable on disk, or the time has come. */
export function isDue(judged: JudgedCertificate, memory: ResponseMemory | undefined): boolean {
  const { stored, judge, options, file } = judged;
  if (options.force || stored.revokedMark !== undefined) return true;
  if (!isServable(stored.verdict, judge, options.acceptedStatuses)) return true;
  const due = nextRefreshOf(stored.verdict, file.certificate, options.refreshPolicy);
  if (due !== undefined && due > judge.now) return false;
  return !hasNothingNewer(judged, memory);
}

/** The responder said by max-age that it has nothing newer yet; never heeded where the staple nears its end. */
function hasNothingNewer(
  { stored, judge, options, staple }: JudgedCertificate,
  memory: ResponseMemory | undefined,
): boolean {
  const { verdict } = stored;
  if (verdict === undefined || !isBelieved(verdict)) return false;
  const until = memory?.freshUntil(staple, verdict.statement.thisUpdate);
  return until !== undefined && until > judge.now && mayKeep(stored, judge, options.alertBeforeMilliseconds);
}
