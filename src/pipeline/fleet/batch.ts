import { OcspError } from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import type { Shard } from '../../core/shard.js';
import type { CertificateList, ListedCertificate } from '../../source/certificate-list.js';
import type { IssuerSource } from '../../source/missing-issuer.js';
import { createLeftovers } from '../../store/leftovers.js';
import { createDueQueue, type DueEntry, type DueQueue, type Scanned } from './due-queue.js';
import type { FetchOptions, FetchTools } from '../fetch/fetch-job.js';
import { fetchListed, refreshStaple } from '../fetch/fetch-staple.js';
import { mapConcurrent } from './map-concurrent.js';
import type { Outcome } from '../fetch/outcome.js';
import { scan } from './scan.js';
import { isResponseAbout, withOneStapleEach, type StapleJudgement } from './shared-staples.js';
import { readStoredFiles } from '../fetch/stored-staple.js';
import { startCrew, type Crew, type HelperThreads } from './threads/crew.js';
import type { RefreshThreads } from './threads/refresh-threads.js';

/** The outcome of one certificate of a list, and its place there. */
export interface ListedOutcome {
  readonly position: number;
  readonly listed: ListedCertificate;
  readonly outcome: Outcome;
  /** Nothing was done this time: it is the outcome of an earlier pass, which still stands. */
  readonly isRepeated?: boolean;
}

export interface BatchLimits {
  /** The part of the fleet that this run works on; all of it when absent. */
  readonly shard?: Shard;
  /** Threads that may help; none when absent. */
  readonly helpers?: HelperThreads;
  /** Certificates under way at once; how many of them ask a responder is the gate's matter. */
  readonly concurrency: number;
  /** The last outcome of a certificate whose responder must not be asked for now; undefined where it may be asked. */
  readonly postponed?: (certificate: FilePath) => Outcome | undefined;
}

/** With fewer certificates a thread costs more than it takes over, and listing a folder more than looking into it. */
const isMany = 500;

/**
 * Fetches the staples of many certificates and yields each outcome as it settles. First every staple on disk is judged,
 * without traffic; then those that are due are asked for, Must-Staple certificates before the others; in the end once
 * more those whose responder was suspended meanwhile, and again for as long as it serves some of them. After an abort no further certificate is taken, and those that were
 * interrupted yield nothing.
 *
 * @throws OcspError `usage` when a staple would replace a certificate, before anything is sent
 */
export async function* fetchStaples(
  given: CertificateList,
  options: FetchOptions,
  ownTools: FetchTools,
  limits: BatchLimits,
): AsyncGenerator<ListedOutcome> {
  const list = await withOneStapleEach(given, options.out, stapleJudgement(options, ownTools));
  const queue = createDueQueue();
  const { helpers, shard } = limits;
  const tools = list.length < isMany ? ownTools : { ...ownTools, leftovers: createLeftovers() };
  const batch: Batch = { list, options, tools, limits };
  const issuers = list.length < isMany ? undefined : await issuersOf(tools);
  const crew =
    helpers === undefined || issuers === undefined ? undefined : startCrew(helpers, { options, tools, shard, issuers });
  try {
    for await (const settled of settleWithoutTraffic(batch, queue, crew)) {
      for (const listed of settled) {
        if (tools.signal.aborted) return;
        yield listed;
      }
    }
    const others = queue.size() < isMany || !mayWorkElsewhere(tools) ? undefined : crew?.refresh();
    if (others === undefined) crew?.end();
    let entries: Iterable<DueEntry> = queue.take();
    let isLast = false;
    do {
      const suspended: DueEntry[] = [];
      for await (const listed of refreshAll(batch, entries, others)) {
        if ('trouble' in listed.outcome && listed.outcome.wasSuspended && !isLast)
          suspended.push({ position: listed.position });
        else yield listed;
      }
      entries = suspended;
      if (suspended.length === 0) return;
      isLast = !tools.gate.reopen();
    } while (!tools.signal.aborted);
  } finally {
    crew?.end();
  }
}

/** By the issuers at hand, without traffic; a kept revoked answer counts where there is no staple. */
function stapleJudgement({ trustedResponders, skewMilliseconds }: FetchOptions, tools: FetchTools): StapleJudgement {
  return async (file, staple) => {
    const { bytes, mark } = readStoredFiles(staple);
    const stored = bytes ?? mark;
    if (stored === undefined || stored instanceof OcspError) return false;
    const issuer = await tools.issuers.findLocal(file).catch(() => undefined);
    if (issuer === undefined) return false;
    const { certificate } = file;
    return isResponseAbout(stored, {
      subject: { certificate },
      issuer: issuer.certificate,
      trustedResponders,
      now: tools.now(),
      skewMilliseconds,
    });
  };
}

/** What --issuer named; undefined where it cannot be read, which each certificate then says for itself. */
async function issuersOf({ issuers }: FetchTools): Promise<readonly IssuerSource[] | undefined> {
  try {
    return await issuers.sources();
  } catch (error) {
    if (error instanceof OcspError) return undefined;
    throw error;
  }
}

/** Only this thread has what the process remembers about responders, and those who want to see requests. */
function mayWorkElsewhere(tools: FetchTools): boolean {
  return tools.memory === undefined && tools.onRequest === undefined;
}

/** What stays the same over the parts of a run. */
interface Batch {
  readonly list: CertificateList;
  readonly options: FetchOptions;
  readonly tools: FetchTools;
  readonly limits: BatchLimits;
}

async function* settleWithoutTraffic(
  { list, options, tools, limits }: Batch,
  queue: DueQueue,
  crew: Crew | undefined,
): AsyncGenerator<readonly ListedOutcome[]> {
  const settledOne = (scanned: Scanned): ListedOutcome | undefined => {
    const { position } = scanned;
    const listed = list.at(position);
    if (scanned.kind === 'settled') return { position, listed, outcome: scanned.outcome };
    const earlier = limits.postponed?.(listed.path);
    if (earlier !== undefined) return { position, listed, outcome: earlier, isRepeated: true };
    queue.add(position, scanned.turn, scanned.due);
    return undefined;
  };
  for await (const some of scan(list, options, tools, limits.shard, crew)) {
    yield some.map(settledOne).filter((settled) => settled !== undefined);
  }
}

async function* refreshAll(
  { list, options, tools, limits }: Batch,
  entries: Iterable<DueEntry>,
  others: RefreshThreads | undefined,
): AsyncGenerator<ListedOutcome> {
  const { signal } = tools;
  const work = async ({ position, due }: DueEntry): Promise<ListedOutcome | undefined> => {
    try {
      if (signal.aborted) return undefined;
      const listed = list.at(position);
      const here = async (): Promise<Outcome | undefined> => {
        if (signal.aborted) return undefined;
        return due === undefined
          ? await fetchListed(listed, options, tools, limits.shard)
          : await refreshStaple(due, options, tools);
      };
      const outcome = others === undefined ? await here() : await others.share(position, listed, here);
      return outcome === undefined ? undefined : { position, listed, outcome };
    } catch (error) {
      if (error instanceof OcspError && error.code === 'interrupted') return undefined;
      throw error;
    }
  };
  for await (const listed of mapConcurrent(entries, limits.concurrency, work)) if (listed !== undefined) yield listed;
}
