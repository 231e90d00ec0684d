import { once } from 'node:events';
import { distinguishedNameToString, type Certificate, type ResponseSigner } from '../../core/index.js';
import { formatTime } from '../../core/time.js';
import { startResponderServer, type Exchange } from '../../pipeline/serve/http-server.js';
import { createResponder } from '../../pipeline/serve/responder.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import { catchInterrupts } from '../interrupt.js';
import type { Output } from '../output.js';
import type { ServeFlags } from './serve-flags.js';
import { openServeSource, serveSourceReader } from './serve-source.js';
import { signerFrom, validityFrom } from '../flags/signer-flags.js';
import { definedOnly } from '../../core/defined-only.js';

/** What running requests get after a signal. */
const stopDeadlineMilliseconds = 10_000;

/** Serves until SIGTERM or SIGINT, then finishes what is running: exit 0, since that is how a server ends. */
export async function runServe(flags: ServeFlags, output: Output): Promise<ExitCode> {
  const now = new Date();
  const read = serveSourceReader(flags, output);
  const validityMilliseconds = validityFrom(flags);
  const { issuer, signer } = await signerFrom(flags, now, output);
  const source = await openServeSource(flags, read, issuer, now, output);
  warnOfEarlyEnd(signer.certificate, new Date(now.getTime() + validityMilliseconds), output);
  const interrupt = catchInterrupts();
  try {
    const server = await startResponderServer({
      ...flags.listen,
      trustedProxies: flags['trusted-proxy'],
      responder: createResponder({ issuer, signer, source, validityMilliseconds }),
      now: () => new Date(),
      onExchange: exchangeTeller(output),
    });
    if (!output.isQuiet) output.say(`serving on ${server.url} ${describe(issuer, signer)}`);
    if (!interrupt.signal.aborted) await once(interrupt.signal, 'abort');
    output.mention('stopping after the running requests');
    await server.stop(stopDeadlineMilliseconds);
  } finally {
    interrupt.release();
  }
  return exitCodes.success;
}

function warnOfEarlyEnd({ notAfter }: Certificate, asked: Date, output: Output): void {
  if (notAfter >= asked) return;
  output.warn(
    `answers are valid until ${formatTime(notAfter)}, when the signer's certificate expires, sooner than asked`,
  );
}

function describe(issuer: Certificate, signer: ResponseSigner): string {
  const name = distinguishedNameToString(issuer.subject);
  if (signer.certificate === issuer) return `for ${name}, signed with its own key`;
  return `for ${name}, signed by ${distinguishedNameToString(signer.certificate.subject)}`;
}

/** One line per request with --json, or for people with --verbose; trouble of our own is always told, once while it lasts. */
function exchangeTeller(output: Output): (exchange: Exchange) => void {
  let told = '';
  return (exchange) => {
    if (output.json) output.record(exchangeRecord(exchange));
    else if (output.isVerbose) output.say(exchangeLine(exchange));
    const { answer } = exchange;
    if (answer?.kind === 'signed') told = '';
    if (answer?.kind !== 'refused' || answer.refusal.error === undefined) return;
    const { status, reason } = answer.refusal;
    if (told !== reason) output.say(`answering ${status}: ${reason}`);
    told = reason;
  };
}

function exchangeRecord(exchange: Exchange): Record<string, unknown> {
  const { time, remote, method, httpStatus, answer, isCached, unusualContentType, milliseconds } = exchange;
  return definedOnly({
    time: time.toISOString(),
    remote,
    method,
    status: httpStatus,
    requests: answer?.kind === 'signed' ? answer.statuses : [],
    responseStatus: answer?.kind === 'signed' ? 'successful' : (answer?.refusal.status ?? null),
    reason: answer?.kind === 'refused' ? answer.refusal.reason : undefined,
    cached: isCached,
    nonce: answer?.kind === 'signed' && answer.hasNonce,
    contentType: unusualContentType,
    milliseconds: Math.round(milliseconds * 1000) / 1000,
  });
}

function exchangeLine({ remote, method, httpStatus, answer }: Exchange): string {
  const start = `${remote} ${method} ${httpStatus}`;
  if (answer === undefined) return start;
  if (answer.kind === 'refused') return `${start} ${answer.refusal.status}: ${answer.refusal.reason}`;
  return `${start} ${answer.statuses.map(({ serialNumber, status }) => `${serialNumber} ${status}`).join(', ')}`;
}
