import { OcspError, decodeResponse, isResponse, type HashAlgorithm } from '../../core/index.js';
import { isHashName } from '../../core/hash.js';
import { numberOfResponseStatus } from '../../core/response.js';
import type { Answer } from '../../pipeline/serve/answer.js';
import { createIndexResponder } from '../../pipeline/serve/index-responder.js';
import { startResponderServer, type Exchange, type ResponderServer } from '../../pipeline/serve/http-server.js';
import type { Responder } from '../../pipeline/serve/responder.js';
import { readIndexSource } from '../../source/index-file.js';
import { createReloadingSource } from '../../source/reloading-source.js';
import type { StatusSource } from '../../source/status-source.js';
import { parseListenAddress, type HostAndPort } from '../../system/network/host-and-port.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import { escapeText } from '../render/escape-text.js';
import { OpensslFailure, orFailure, unusable } from './failure.js';
import { openSink, type Sink } from './files.js';
import type { OcspOptions } from './options.js';
import { prepareRequest } from './request.js';
import { readResponderMaterial } from './responder-signer.js';
import type { OpensslStreams } from './streams.js';
import { requestText } from './text/request-text.js';
import { responseText } from './text/response-text.js';

/** The responder side: whatever has -index. A request that is named is answered at once, else -port is listened on. Throws OpensslFailure. */
export async function runOpensslResponder(options: OcspOptions, streams: OpensslStreams): Promise<ExitCode> {
  const out = openSink(options.texts.out, streams.stdout);
  const say = (line: string): void => void streams.stderr.write(`${line}\n`);
  const responder = await responderOf(options, say);
  const prepared = await prepareRequest(options, out, streams);
  if (prepared !== undefined) return await answerOnce(prepared.der, responder, options, out, streams);
  return await serve(responder, options, { out, say });
}

/** A change of the index is seen within that. */
const checkEveryMilliseconds = 1000;

const minute = 60_000;
const day = 24 * 60 * minute;

async function responderOf(options: OcspOptions, say: (line: string) => void): Promise<Responder> {
  const { switches, texts, numbers } = options;
  const { index = '' } = texts;
  const { authorities, signer } = await readResponderMaterial(options);
  const { ndays, nmin } = numbers;
  const source = await openIndex(index, say);
  return createIndexResponder({
    authorities,
    signer,
    source,
    validityMilliseconds:
      ndays === undefined && nmin === undefined ? undefined : (ndays ?? 0) * day + (nmin ?? 0) * minute,
    certIdHash: certIdHashOf(texts.rcid),
    spoilsSignature: switches.has('badsig'),
  });
}

async function openIndex(index: string, say: (line: string) => void): Promise<(now: Date) => Promise<StatusSource>> {
  const line = `Problem with index file: ${escapeText(index)} (could not load/parse file)`;
  const files = await orFailure([line], () =>
    createReloadingSource([index], () => readIndexSource(index), {
      now: new Date(),
      checkEveryMilliseconds,
      onError: (error) => {
        say(`ocsp: error reloading updated index: ${escapeText(index)}`);
        if (error instanceof OcspError) say(`ocsp: ${escapeText(error.message)}; what was read before still holds`);
      },
    }),
  );
  return (now) => files.current(now);
}

function certIdHashOf(name: string | undefined): HashAlgorithm | undefined {
  const hash = name?.toLowerCase();
  if (hash === undefined || isHashName(hash)) return hash;
  throw new OpensslFailure([`ocsp: Unknown option or message digest: ${name}`], exitCodes.usage);
}

async function answerOnce(
  request: Uint8Array,
  responder: Responder,
  { switches, texts }: OcspOptions,
  out: Sink,
  { stdout }: OpensslStreams,
): Promise<ExitCode> {
  const { answer } = await responder.respond(request, new Date());
  if (texts.respout !== undefined) openSink(texts.respout, stdout).write(answer.der);
  const status = answer.kind === 'refused' ? answer.refusal.status : undefined;
  if (status !== undefined) {
    out.write(responderError(answer));
    if (!switches.has('ignore_err')) throw new OpensslFailure([], exitCodes.inputUnusable);
  }
  if (switches.has('text') || switches.has('resp_text')) out.write(textOf(answer));
  return exitCodes.success;
}

/** What running requests get once the last one that -nrequest allows is answered. */
const stopDeadlineMilliseconds = 10_000;

interface Told {
  readonly out: Sink;
  readonly say: (line: string) => void;
}

/** Serves until a signal ends the process, or -nrequest requests were answered. */
async function serve(responder: Responder, options: OcspOptions, { out, say }: Told): Promise<ExitCode> {
  const { nrequest = Infinity, timeout } = options.numbers;
  let count = 0;
  let onLast: () => void;
  const last = new Promise<void>((resolve) => (onLast = resolve));
  const server = await listen(options, (address) =>
    startResponderServer({
      ...address,
      responder,
      now: () => new Date(),
      ...(timeout === undefined ? {} : { limits: { requestTime: timeout * 1000 } }),
      onExchange: (exchange) => {
        count += 1;
        if (count > nrequest) return;
        tell(exchange, options, { out, say });
        if (count === nrequest) onLast();
      },
    }),
  );
  say('ocsp: waiting for OCSP client connections...');
  out.write(`ACCEPT ${server.url.replace('http://', '')} PID=${process.pid}\n`);
  await last;
  await server.stop(stopDeadlineMilliseconds);
  return exitCodes.success;
}

/** Every address of the machine unless -port names one, over IPv4 alone where there is no IPv6. */
async function listen(
  { endpoint: { port = '' } }: OcspOptions,
  start: (address: HostAndPort) => Promise<ResponderServer>,
): Promise<ResponderServer> {
  const named = parseListenAddress(port);
  const everywhere = { host: '::', port: Number(port) };
  try {
    return await start(named ?? everywhere);
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
    if (named === undefined && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL')) {
      return await orFailure([], () => start({ ...everywhere, host: '0.0.0.0' }));
    }
    throw unusable('Error setting up accept BIO', `ocsp: ${error.message}`);
  }
}

/** A request and its answer, on the streams on which openssl tells of them. */
function tell({ requestLine, request, answer }: Exchange, { switches }: OcspOptions, { out, say }: Told): void {
  say(`ocsp: Received request, 1st line: ${escapeText(requestLine)}`);
  if (answer === undefined) return;
  const isMalformed = answer.kind === 'refused' && answer.refusal.status === 'malformedRequest';
  if (isMalformed) say('ocsp: Error parsing DER-encoded request content');
  if (answer.kind === 'refused' && answer.refusal.error !== undefined)
    say(`ocsp: ${escapeText(answer.refusal.reason)}`);
  const hasText = switches.has('text');
  if ((hasText || switches.has('req_text')) && request !== undefined && !isMalformed) out.write(requestText(request));
  if (answer.kind === 'refused') out.write(responderError(answer));
  if (hasText || switches.has('resp_text')) out.write(textOf(answer));
}

function responderError(answer: Answer): string {
  if (answer.kind === 'signed') return '';
  const { status } = answer.refusal;
  return `Responder Error: ${status.toLowerCase()} (${numberOfResponseStatus(status)})\n`;
}

function textOf({ der }: Answer): string {
  const response = decodeResponse(der);
  return isResponse(response) ? responseText(response) : '';
}
