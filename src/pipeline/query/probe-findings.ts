import { isBelieved, type BelievedEvidence, type Finding, type Verdict } from '../../core/index.js';
import { formatDuration, formatTime } from '../../core/time.js';
import { freshUntilBy } from '../fetch/response-memory.js';
import type { Trouble } from '../trouble.js';
import type { ResponderExchange } from '../verify/verify-report.js';

/** One way to ask one responder, and what came of it. */
export interface ResponderProbe extends Pick<ResponderExchange, 'url' | 'method' | 'hash'> {
  readonly isNonceSent: boolean;
  /** Absent where nobody was asked. */
  readonly exchange?: ResponderExchange;
  readonly receivedAt?: Date;
  readonly verdict?: Verdict;
  readonly bytes?: Uint8Array;
  /** Why there is no believed answer. */
  readonly trouble?: Trouble;
}

type Believed = ResponderProbe & { readonly verdict: Extract<Verdict, BelievedEvidence> };

/** What is wrong with a responder, or differs between the ways to ask it. */
export function probeFindings(probes: readonly ResponderProbe[]): Finding[] {
  const urls = [...new Set(probes.map(({ url }) => url))];
  return [
    ...differingVerdicts(probes),
    ...urls.flatMap((url) => findingsOn(probes.filter((probe) => probe.url === url))),
  ];
}

/** All of one responder. */
function findingsOn(probes: readonly ResponderProbe[]): Finding[] {
  return [
    ...refusedMethods(probes),
    ...refusedHashes(probes),
    ...lostNonces(probes),
    ...differingWindows(probes),
    ...cachingFindings(probes),
    ...signerFindings(probes),
    ...contentTypes(probes),
  ];
}

function warning(rule: string, source: string, message: string): Finding {
  return { rule, severity: 'warning', message, source };
}

/** Answers that contradict each other: about one certificate at one time there is one truth. */
function differingVerdicts(probes: readonly ResponderProbe[]): Finding[] {
  const kinds = new Map<string, ResponderProbe[]>();
  for (const probe of probes) {
    const { verdict } = probe;
    if (verdict === undefined || !isAnswered(probe)) continue;
    // That a responder does not know one of the hashes has a rule of its own.
    if (verdict.kind === 'unknown' && isKnownInOtherHash(probe, probes)) continue;
    const name = 'failure' in verdict ? `${verdict.kind} (${verdict.failure.code})` : verdict.kind;
    kinds.set(name, [...(kinds.get(name) ?? []), probe]);
  }
  if (kinds.size < 2) return [];
  const isOfSeveral = new Set(probes.map(({ url }) => url)).size > 1;
  const parts = [...kinds].map(([name, found]) => `${name} ${waysOf(found, isOfSeveral)}`);
  const message = `the answers differ: ${parts.join('; ')}`;
  return [{ rule: 'verdicts-differ', severity: 'error', message, source: 'RFC 6960 §2.2' }];
}

function isKnownInOtherHash({ hash, url }: ResponderProbe, probes: readonly ResponderProbe[]): boolean {
  return probes.some((other) => other.url === url && other.hash !== hash && isAnswered(other) && !isUnknown(other));
}

function refusedMethods(probes: readonly ResponderProbe[]): Finding[] {
  const methods = ['get', 'post'] as const;
  return methods.flatMap((method) => {
    const own = probes.filter((probe) => probe.method === method);
    const isOtherAnswered = probes.some((probe) => probe.method !== method && isAnswered(probe));
    const [first] = own;
    if (first === undefined || !isOtherAnswered || own.some(isAnswered)) return [];
    const message = `${first.url} answers no ${method.toUpperCase()}: ${first.trouble?.message ?? ''}`;
    const source = method === 'get' ? 'RFC 5019 §5' : 'RFC 6960 appendix A.1';
    return [warning(`${method}-refused`, source, message)];
  });
}

function refusedHashes(probes: readonly ResponderProbe[]): Finding[] {
  const isOtherKnown = probes.some((probe) => probe.hash === 'sha1' && isAnswered(probe) && !isUnknown(probe));
  const own = probes.filter(({ hash }) => hash === 'sha256');
  if (!isOtherKnown) return [];
  const unknown = own.find(isUnknown);
  if (unknown !== undefined) {
    const message = `${unknown.url} answers a SHA-256 CertID as unknown, and a SHA-1 one otherwise`;
    return [warning('sha256-unknown', 'RFC 9919', message)];
  }
  const [first] = own;
  if (first === undefined || own.some(isAnswered)) return [];
  const message = `${first.url} answers no SHA-256 CertID: ${first.trouble?.message ?? ''}`;
  return [warning('sha256-refused', 'RFC 9919', message)];
}

function lostNonces(probes: readonly ResponderProbe[]): Finding[] {
  const lost = probes.filter(believed).filter(({ isNonceSent, verdict }) => isNonceSent && verdict.nonce === undefined);
  const [first] = lost;
  if (first === undefined) return [];
  const message = `${first.url} does not echo the nonce (${waysOf(lost)})`;
  return [{ rule: 'nonce-not-echoed', severity: 'info', message, source: 'RFC 9654 §2.1' }];
}

const hour = 3_600_000;

/** Answers that are older by one method mostly come from a cache. */
function differingWindows(probes: readonly ResponderProbe[]): Finding[] {
  const plain = probes.filter(believed).filter(({ isNonceSent, hash }) => !isNonceSent && hash === 'sha1');
  const [byPost, byGet] = (['post', 'get'] as const).map((method) => plain.find((probe) => probe.method === method));
  if (byPost === undefined || byGet === undefined) return [];
  const times = [byPost, byGet].map(({ verdict }) => verdict.statement.thisUpdate);
  const [post = new Date(0), get = new Date(0)] = times;
  const difference = post.getTime() - get.getTime();
  if (Math.abs(difference) < hour) return [];
  const message = `${byGet.url} answers by GET with a thisUpdate of ${formatTime(get)}, ${formatDuration(difference)} ${difference > 0 ? 'older' : 'newer'} than by POST`;
  return [{ rule: 'windows-differ', severity: 'info', message, source: 'RFC 5019 §6.2' }];
}

/** Of answers by GET without nonce, which caches on the way may keep. */
function cachingFindings(probes: readonly ResponderProbe[]): Finding[] {
  const [first] = probes.filter(believed).filter(({ method, isNonceSent }) => method === 'get' && !isNonceSent);
  if (first === undefined) return [];
  const { exchange, verdict, url } = first;
  const { cacheControl, expires } = exchange ?? {};
  const source = 'RFC 5019 §6.2';
  if (cacheControl === undefined && expires === undefined) {
    const message = `${url} sends neither Cache-Control nor Expires by GET, so that no cache knows how long the answer holds`;
    return [warning('caching-headers-missing', source, message)];
  }
  const { nextUpdate } = verdict.statement;
  const until = cachedUntil(first);
  if (nextUpdate === undefined || until === undefined || until.getTime() <= nextUpdate.getTime() + tolerated) return [];
  const message = `${url} lets caches keep the answer until ${formatTime(until)}, past its nextUpdate ${formatTime(nextUpdate)}`;
  return [warning('cached-past-next-update', source, message)];
}

/** Clocks differ, and headers have whole seconds. */
const tolerated = 60_000;

/** By max-age, else by Expires; undefined where neither says so. */
function cachedUntil({ exchange, receivedAt }: ResponderProbe): Date | undefined {
  const { cacheControl, expires } = exchange ?? {};
  if (receivedAt === undefined) return undefined;
  if (cacheControl !== undefined) {
    const until = freshUntilBy({ 'cache-control': cacheControl }, receivedAt);
    if (until !== undefined) return new Date(until);
    if (/no-(?:store|cache)/i.test(cacheControl)) return undefined;
  }
  const until = new Date(expires ?? '');
  return Number.isNaN(until.getTime()) ? undefined : until;
}

function signerFindings(probes: readonly ResponderProbe[]): Finding[] {
  const first = probes.filter(believed).find(({ verdict: { statement, responder } }) => {
    return statement.nextUpdate !== undefined && responder.notAfter < statement.nextUpdate;
  });
  if (first === undefined) return [];
  const { responder, statement } = first.verdict;
  const next = statement.nextUpdate === undefined ? '' : formatTime(statement.nextUpdate);
  const message = `the signer ${responder.name} ends at ${formatTime(responder.notAfter)}, before the nextUpdate of its answer, ${next}`;
  return [warning('signer-ends-first', 'RFC 6960 §4.2.2.2', message)];
}

function contentTypes(probes: readonly ResponderProbe[]): Finding[] {
  const other = probes.filter(isAnswered).find(({ exchange }) => {
    return exchange?.contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/ocsp-response';
  });
  if (other === undefined) return [];
  const type = other.exchange?.contentType;
  const what = type === undefined ? 'without a content type' : `as "${type.slice(0, 100)}"`;
  return [warning('content-type', 'RFC 6960 appendix A.2', `${other.url} sends its answer ${what}`)];
}

function believed(probe: ResponderProbe): probe is Believed {
  return probe.verdict !== undefined && isBelieved(probe.verdict);
}

/** Whether a signed answer came, believed or not. */
export function isAnswered({ verdict }: Pick<ResponderProbe, 'verdict'>): boolean {
  return verdict !== undefined && verdict.kind !== 'refused' && !isNotResponse(verdict);
}

function isNotResponse(verdict: Verdict): boolean {
  return 'failure' in verdict && verdict.failure.code === 'malformed-response';
}

function isUnknown({ verdict }: ResponderProbe): boolean {
  return verdict?.kind === 'unknown';
}

/** `by GET SHA-1, GET SHA-256 with nonce` */
function waysOf(probes: readonly ResponderProbe[], isUrlNamed = false): string {
  return `by ${probes.map((probe) => wayOf(probe, isUrlNamed)).join(', ')}`;
}

function wayOf({ url, method, hash, isNonceSent }: ResponderProbe, isUrlNamed: boolean): string {
  const way = `${method.toUpperCase()} ${hash}${isNonceSent ? ' with nonce' : ''}`;
  return isUrlNamed ? `${way} of ${url}` : way;
}
