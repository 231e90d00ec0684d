import {
  decodeResponse,
  isResponse,
  type BasicResponse,
  type Certificate,
  type OcspResponse,
} from '../../core/index.js';
import { Tag, readWhole } from '../../core/der/der.js';
import { unlessMalformed } from '../../core/der/malformed.js';
import { numberOfResponseStatus, type ResponseStatus } from '../../core/response.js';
import { checkNonce } from '../../core/verify/binding.js';
import { opensslRefusals, type OpensslException, type OpensslRefusal } from '../../core/verify/openssl-acceptance.js';
import { exitCodes, gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import { askAsOpenssl } from './exchange.js';
import { OpensslFailure, errorQueueLine, unusable } from './failure.js';
import { loadCertificates, openSink, readMessage, type Sink } from './files.js';
import { responseText } from './text/response-text.js';
import type { OcspOptions } from './options.js';
import { prepareRequest, type PreparedRequest } from './request.js';
import type { OpensslStreams } from './streams.js';
import { printSummary } from './summary.js';
import { trustedCertificates, type TrustedCertificates } from './trust.js';

/** The client side: whatever has no -index. Throws OpensslFailure. */
export async function runOpensslClient(
  options: OcspOptions,
  streams: OpensslStreams,
  userAgent: string,
): Promise<ExitCode> {
  const { switches, texts } = options;
  const out = openSink(texts.out, streams.stdout);
  const prepared = await prepareRequest(options, out, streams);
  if (prepared === undefined) assertNeedsNoRequest(options);
  const der = await responseBytes(prepared, options, userAgent);
  if (der === undefined) return exitCodes.success;
  const response = decodeResponse(der);
  if (!isResponse(response) && !isOutsideSound(der)) {
    throw unusable('Error reading OCSP response', `ocsp: ${response.message}`);
  }
  if (texts.respout !== undefined) openSink(texts.respout, streams.stdout).write(der);
  if (!isResponse(response)) throw notParsed(response.message);
  if (response.status !== 'successful') reportRefusal(response.status, out, switches.has('ignore_err'));
  if (switches.has('text') || switches.has('resp_text')) out.write(responseText(response));
  return await judge(response, prepared, options, { out, streams });
}

/** Without a request there is nobody to ask and nothing to write or to sign. */
function assertNeedsNoRequest({ texts, endpoint, nonce }: OcspOptions): void {
  const isNeeded =
    texts.signer !== undefined || texts.reqout !== undefined || endpoint.host !== undefined || nonce === true;
  if (isNeeded) throw new OpensslFailure(['Need an OCSP request for this operation!'], exitCodes.usage);
}

async function responseBytes(
  prepared: PreparedRequest | undefined,
  options: OcspOptions,
  userAgent: string,
): Promise<Uint8Array | undefined> {
  if (prepared !== undefined && options.endpoint.host !== undefined) {
    return await askAsOpenssl(prepared.der, options, userAgent);
  }
  return options.texts.respin === undefined ? undefined : await readMessage(options.texts.respin);
}

/** openssl decodes the outside first, and tells of the inside only after it has written the response. */
function isOutsideSound(der: Uint8Array): boolean {
  const status = unlessMalformed(() => readWhole(der, Tag.sequence, 'OCSPResponse').element(Tag.enumerated, 'status'));
  return status !== undefined;
}

function reportRefusal(status: Exclude<ResponseStatus, 'successful'>, out: Sink, goesOn: boolean): void {
  out.write(`Responder Error: ${status.toLowerCase()} (${numberOfResponseStatus(status)})\n`);
  if (!goesOn) throw new OpensslFailure([], exitCodes.unavailable);
}

function notParsed(why: string): OpensslFailure {
  return new OpensslFailure(['Error parsing response', `ocsp: ${why}`], exitCodes.notBelieved);
}

async function judge(
  response: OcspResponse,
  prepared: PreparedRequest | undefined,
  options: OcspOptions,
  { out, streams }: { readonly out: Sink; readonly streams: OpensslStreams },
): Promise<ExitCode> {
  const { switches, texts, numbers } = options;
  const now = new Date();
  const trusted = await trustedCertificates(options);
  const { verify_other: file } = texts;
  const others = file === undefined ? [] : await loadCertificates(file, 'validator certificates');
  if (response.status !== 'successful') {
    const why = errorQueueLine('OCSP_response_get1_basic', 'no response data');
    throw new OpensslFailure(['Error parsing response', why], exitCodes.unavailable);
  }
  const { basic } = response;
  const say = (line: string): void => void streams.stderr.write(`${line}\n`);
  const isBelieved = switches.has('noverify') || isAccepted(basic, prepared, options, { now, trusted, others, say });
  const summary = printSummary(out, basic, prepared?.asked ?? [], {
    now,
    skewSeconds: numbers.validity_period ?? 300,
    ageSeconds: numbers.status_age,
  });
  const strict = gravestExitCode([summary.exitCode, isBelieved ? exitCodes.success : exitCodes.notBelieved]);
  if (switches.has('strict-exit')) return strict;
  return isBelieved && summary.hasAll ? exitCodes.success : 1;
}

interface Judging {
  readonly now: Date;
  readonly trusted: TrustedCertificates;
  readonly others: readonly Certificate[];
  readonly say: (line: string) => void;
}

function isAccepted(
  basic: BasicResponse,
  prepared: PreparedRequest | undefined,
  options: OcspOptions,
  { now, trusted, others, say }: Judging,
): boolean {
  const nonce = prepared?.request.nonce;
  const problem = nonce === undefined ? undefined : checkNonce(basic, { value: nonce, required: true });
  if (problem?.code === 'nonce-missing') say('WARNING: no nonce in response');
  else if (problem !== undefined) throw new OpensslFailure(['Nonce Verify error'], exitCodes.notBelieved);
  const by = (known: readonly Certificate[]): readonly OpensslRefusal[] =>
    refusalsBy(basic, known, trusted, options, now);
  const first = by(others);
  const issuers = prepared?.issuers ?? [];
  const second = first.length === 0 || issuers.length === 0 ? [] : by(issuers);
  const isGood = first.length === 0 || (issuers.length > 0 && second.length === 0);
  say(isGood ? 'Response verify OK' : 'Response Verify Failure');
  if (!isGood) for (const refusal of [...first, ...second]) say(lineOf(refusal));
  return isGood;
}

const exceptionNames: readonly OpensslException[] = [
  'trust_other',
  'no_intern',
  'no_signature_verify',
  'no_cert_verify',
  'no_chain',
  'no_cert_checks',
  'no_explicit',
];

function exceptionsOf({ switches }: OcspOptions): ReadonlySet<OpensslException> {
  return new Set(exceptionNames.filter((name) => switches.has(name)));
}

/** -attime counts although -no_check_time is there, as in openssl. */
function trustTime({ switches, numbers }: OcspOptions, now: Date): Date | undefined {
  if (numbers.attime !== undefined) return new Date(numbers.attime * 1000);
  return switches.has('no_check_time') ? undefined : now;
}

/** The folder of trusted certificates is read only where those of the file do not do. */
function refusalsBy(
  basic: BasicResponse,
  others: readonly Certificate[],
  { ofFile, ofFolder }: TrustedCertificates,
  options: OcspOptions,
  now: Date,
): readonly OpensslRefusal[] {
  const partialChain = options.switches.has('partial_chain');
  const at = trustTime(options, now);
  const exceptions = exceptionsOf(options);
  const by = (trusted: readonly Certificate[]): readonly OpensslRefusal[] =>
    opensslRefusals(basic, others, { trusted, partialChain, at }, exceptions);
  const found = by(ofFile);
  if (found.every(({ reason }) => reason !== 'certificate verify error')) return found;
  return by([...ofFile, ...ofFolder()]);
}

const routines: Readonly<Record<OpensslRefusal['reason'], string>> = {
  'signer certificate not found': 'OCSP_basic_verify',
  'signature failure': 'ocsp_verify',
  'certificate verify error': 'ocsp_verify_signer',
  'missing ocspsigning usage': 'ocsp_check_delegated',
  'root ca not trusted': 'OCSP_basic_verify',
  'response contains no revocation data': 'ocsp_check_ids',
};

function lineOf({ reason, detail }: OpensslRefusal): string {
  return errorQueueLine(routines[reason], reason, detail);
}
