import { randomBytes } from 'node:crypto';
import { OcspError, decodeResponse, isResponse } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { probeResponders } from '../../pipeline/query/probe-responders.js';
import { askInTurn, queryCertificate, type QueryReport } from '../../pipeline/query/query-certificate.js';
import { subjectsOfFile, subjectsOfServer, type QuerySubject } from '../../pipeline/query/query-subject.js';
import type { QueryOptions, QueryTools } from '../../pipeline/query/question.js';
import { mapConcurrent } from '../../pipeline/fleet/map-concurrent.js';
import { troubleOfError } from '../../pipeline/trouble.js';
import { notJudged } from '../../pipeline/verify/verify-report.js';
import { readCertificateBundle } from '../../source/certificate-file.js';
import type { CertificatePath } from '../../source/certificate-paths.js';
import { readListed } from '../../source/folder-member.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import { replaceStaple } from '../../store/write-staple.js';
import { createHttpClient, type HttpClient } from '../../transport/http-client.js';
import { createResponderGate } from '../../transport/responder-gate.js';
import { isStdout } from '../config/file-folder.js';
import { exitCodeOfTrouble } from '../exit/exit-code-of.js';
import { gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import { httpClientOptionsFrom, readCertificates, usualSkewMilliseconds } from '../fetch/fetch-setup.js';
import { checkUrl } from '../flags/asking-flags.js';
import { catchInterrupts } from '../interrupt.js';
import type { Output } from '../output.js';
import { ownProcess } from '../../library/own-process.js';
import { sayTrouble } from '../render/trouble.js';
import { warnOfUnusedIssuers } from '../render/unused-issuers.js';
import { handshakeTimeoutMilliseconds, placeFrom, systemRoots } from '../verify/connection-place.js';
import { tellOneByOne, tellerFor } from '../verify/verify-teller.js';
import type { QueryFlags } from './query-flags.js';
import { queryAddition, type ToldReport } from './query-lines.js';

/** Certificates that are asked about at a time; a responder is sent half as many requests. */
const concurrency = 16;

/**
 * Asks about these certificates, or about those of the server of --connect, and tells.
 *
 * @throws OcspError for what belongs to no certificate
 */
export async function runQuery(
  paths: readonly CertificatePath[],
  flags: QueryFlags,
  stdout: Output,
  userAgent: string,
): Promise<ExitCode> {
  const output = isStdout(flags.out) ? asTalk(stdout) : stdout;
  const options = await queryOptionsFrom(flags, output);
  const client = createHttpClient(httpClientOptionsFrom(flags, userAgent));
  const interrupt = catchInterrupts();
  const tools = queryToolsFrom(flags, client, interrupt.signal, output);
  const reading = { now: tools.now(), addition: queryAddition };
  const count = flags.connect === undefined ? paths.length : 1;
  const isPlain = flags.all || flags.chain || flags.connect !== undefined;
  const teller =
    isPlain && !flags.nagios ? tellOneByOne(reading, output) : tellerFor(count, flags, reading, output, ofAnswers);
  const codes: ExitCode[] = [];
  try {
    const work = async (one: QuerySubject | QueryReport): Promise<ToldReport> => {
      if (!('file' in one)) return one;
      return await queryCertificate(one, options, tools, flags.all ? probeResponders : askInTurn);
    };
    for await (const report of inOrder(await oneForOut(subjectsFor(paths, flags, interrupt.signal), flags), work)) {
      const told = await withKeptResponse(report, flags.out, stdout);
      if (told.outTrouble !== undefined) codes.push(exitCodeOfTrouble(told.outTrouble));
      teller.take(told);
      if (told.outTrouble !== undefined && !output.json) sayTrouble(output, '', told.outTrouble);
    }
    if (!flags.nagios) warnOfUnusedIssuers(tools.issuers, output);
  } catch (error) {
    if (interrupt.exitCode() === undefined || !(error instanceof OcspError)) throw error;
  } finally {
    interrupt.release();
    client.close();
  }
  const stopped = interrupt.exitCode();
  if (stopped !== undefined) return stopped;
  const exitCode = teller.finish();
  return flags.nagios ? exitCode : gravestExitCode([exitCode, ...codes]);
}

/** Throws OcspError `usage` where --out - and --json both want stdout. */
export function requireStdoutFor({ out, json }: Pick<QueryFlags, 'out'> & { readonly json: boolean }): void {
  if (!isStdout(out) || !json) return;
  const hint = 'leave one of them out, or name a file with --out';
  throw new OcspError('usage', '--out - and --json both want stdout', hint);
}

const ofAnswers = {
  noun: 'answer',
  advice: 'its responder should have signed a newer one: tell the CA',
  command: 'restaple query',
};

function queryToolsFrom(
  { at, issuer }: QueryFlags,
  client: HttpClient,
  signal: AbortSignal,
  { warn }: Pick<Output, 'warn'>,
): QueryTools {
  return {
    client,
    gate: createResponderGate({ concurrency, perResponder: concurrency / 2 }),
    issuers: createIssuerFinder(issuer, undefined, warn),
    downloadedIssuers: new Map(),
    signal,
    now: () => at ?? new Date(),
    randomBytes: (count) => randomBytes(count),
  };
}

async function queryOptionsFrom(flags: QueryFlags, { warn }: Pick<Output, 'warn'>): Promise<QueryOptions> {
  if (flags.url !== undefined) checkUrl(flags.url);
  return definedOnly({
    url: flags.url,
    hash: flags.hash,
    nonce: flags.nonce,
    strict: flags.strict,
    method: flags.method,
    headers: flags.header,
    timeoutMilliseconds: flags.timeout,
    connectTimeoutMilliseconds: flags['connect-timeout'],
    retries: flags.retries,
    downloadIssuer: flags['fetch-issuer'],
    skewMilliseconds: usualSkewMilliseconds,
    trustedResponders: await readCertificates(flags['trusted-responder'], warn),
    anchors: flags.ca.flatMap((path) => readCertificateBundle(path, warn)),
    anchorFlag: '--ca',
    untrusted: flags.untrusted.flatMap((path) => readCertificateBundle(path, warn)),
    systemRoots,
  });
}

/** What to ask about; of what cannot be read the report. */
async function* subjectsFor(
  paths: readonly CertificatePath[],
  flags: QueryFlags,
  signal: AbortSignal,
): AsyncGenerator<QuerySubject | QueryReport> {
  if (flags.connect !== undefined) {
    const place = placeFrom(flags.connect, flags);
    try {
      const connection = { place, timeoutMilliseconds: handshakeTimeoutMilliseconds, signal };
      yield* await subjectsOfServer(connection, flags.chain);
    } catch (error) {
      yield { place, ...notJudged(error) };
    }
  }
  for (const listed of paths) {
    try {
      const file = readListed(listed);
      if (file !== undefined) yield* subjectsOfFile(file, flags.chain);
    } catch (error) {
      yield { certificate: listed.path, ...notJudged(error) };
    }
  }
}

/** With --out there is one response to keep, which is known before anybody is asked. */
async function oneForOut(
  subjects: AsyncIterable<QuerySubject | QueryReport>,
  { out }: QueryFlags,
): Promise<AsyncIterable<QuerySubject | QueryReport> | Iterable<QuerySubject | QueryReport>> {
  if (out === undefined) return subjects;
  const all: (QuerySubject | QueryReport)[] = [];
  for await (const subject of subjects) all.push(subject);
  if (all.length < 2) return all;
  const message = `--out keeps the response about one certificate, and here are ${all.length}`;
  throw new OcspError('usage', message, 'name one certificate, or leave out --out');
}

/** Works on several at a time, and yields what comes of them in their order. */
async function* inOrder<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const done = new Map<number, Result>();
  let next = 0;
  const numbered = async function* (): AsyncGenerator<readonly [number, Item]> {
    let number = 0;
    for await (const item of items) yield [number++, item] as const;
  };
  const settled = mapConcurrent(numbered(), concurrency, async ([number, item]) => {
    return [number, await work(item)] as const;
  });
  for await (const [number, result] of settled) {
    done.set(number, result);
    for (let found = done.get(next); found !== undefined; found = done.get(next)) {
      done.delete(next);
      next += 1;
      yield found;
    }
  }
}

/** Keeps the response where --out says; whatever it says of the certificate, as long as it is one. */
async function withKeptResponse(report: ToldReport, out: string | undefined, stdout: Output): Promise<ToldReport> {
  const { bytes } = report;
  if (out === undefined || bytes === undefined || !isOcspResponse(bytes)) return report;
  if (isStdout(out)) {
    stdout.bytes(bytes);
    return report;
  }
  try {
    await replaceStaple({ path: out, bytes, ownProcess: ownProcess(), isOcspResponse, decide: () => 'write' });
    return { ...report, out };
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    return { ...report, outTrouble: troubleOfError(error) };
  }
}

function isOcspResponse(bytes: Uint8Array): boolean {
  return isResponse(decodeResponse(bytes));
}

/** The same words on stderr, where stdout is for octets. */
function asTalk(output: Output): Output {
  const line = (text: string): void => void process.stderr.write(`${text}\n`);
  return {
    ...output,
    stdout: output.stderr,
    data: line,
    report: (text) => {
      if (!output.isQuiet) line(text);
    },
  };
}
