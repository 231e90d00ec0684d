import {
  OcspError,
  decodeCertificate,
  isBelieved,
  verifyResponse,
  windowOf,
  type Certificate,
} from '../../core/index.js';
import { bytesEqual } from '../../core/bytes.js';
import { shownPath } from '../../core/file-path.js';
import { chooseIssuer } from '../../core/certificate/issuance.js';
import { unlessOcspError } from '../../core/ocsp-error.js';
import { Oid } from '../../core/oid.js';
import { formatTime } from '../../core/time.js';
import { dnsNames, serverNameFor } from '../../core/certificate/subject-alternative-names.js';
import { compareStaple, sharesName, type StapleFault } from '../../probe/compare-staple.js';
import { clientCertificateSentence, probeServer } from '../../probe/tls-probe.js';
import type { ProbeRequest, ProbeResult } from '../../probe/probe-request.js';
import {
  notTaken,
  resultOf,
  type PushResult,
  type ReloadLimits,
  type StapleToPush,
  type TargetResult,
} from '../../servers/reload-result.js';
import { shownHostAndPort } from '../../system/network/host-and-port.js';
import type { ServerTools } from '../../servers/server.js';
import { decodeSound, readCertificateFileNow } from '../../source/certificate-file.js';
import { createIssuerFinder } from '../../source/issuer-finder.js';
import { pause } from '../../system/pause.js';
import type { ConfirmPlace } from './confirm-place.js';
import { definedOnly } from '../../core/defined-only.js';

/** Between two tries: servers that reload by a signal need a second or two until new workers answer. */
const pauseMilliseconds = 150;

type ProofTools = Pick<ServerTools, 'limits' | 'now'> & Pick<ProbeRequest, 'starttls'>;

/** What telling the targets came to before the proof. */
export interface BeforeProof {
  /** The server was told just now, so that a reload may need a while: at most the limits' timeout. */
  readonly isPatient: boolean;
  /** Whether the server fetches this staple itself, so that it need not be the file's. */
  readonly isLeftAlone: (staple: StapleToPush) => boolean;
}

/** What one handshake proved of one staple. */
interface Proof {
  readonly result: PushResult;
  /** The server has no certificate for these names and this key type: another server may serve it. */
  readonly isElsewhere: boolean;
}

/**
 * Proves by handshakes that the server at a place staples these very bytes, or what it fetched itself and is good now. Where
 * the place names no certificate, every staple counts whose certificate the server has; at least one has to be sent.
 *
 * @returns a result like that of a reload target, `confirm:` and the place as its name
 * @throws OcspError `interrupted`
 */
export async function proveByHandshake(
  place: ConfirmPlace,
  staples: readonly StapleToPush[],
  tools: ProofTools,
  { isPatient, isLeftAlone }: BeforeProof,
): Promise<TargetResult> {
  const expected = staplesOf(place, staples);
  const deadline = performance.now() + (isPatient ? tools.limits.timeoutMilliseconds : 0);
  return await resultOf(`confirm:${place.text}`, expected, async () => {
    const proofs: Proof[] = [];
    for (;;) {
      for (const [index, staple] of expected.entries()) {
        if (proofs[index]?.result.ok !== true) {
          proofs[index] = await prove(place, staple, tools, isLeftAlone(staple));
        }
      }
      const certificates = resultsOf(place, proofs);
      if (certificates.every(({ ok }) => ok) || performance.now() >= deadline) return { certificates };
      await pause(pauseMilliseconds, tools.limits.signal);
    }
  });
}

/**
 * The result of a target that does not say which staples it took, after handshakes with the places where it listens: a staple
 * is known to be taken where one of them sends it, and known to be lost where one sends its certificate with another, or all
 * with none. What no place has stays as it was told, and so does what is undecided unless all answer. A place that does not
 * answer is asked once.
 *
 * @throws OcspError `interrupted`
 */
export async function askedByHandshake(
  { listeners = [], ...told }: TargetResult,
  staples: readonly StapleToPush[],
  tools: ProofTools,
): Promise<TargetResult> {
  const certificates = [...told.certificates];
  const places = new Set(listeners.map(({ host, port }) => ({ host, port, text: shownHostAndPort({ host, port }) })));
  for (const [index, staple] of staples.entries()) {
    const result = certificates[index];
    if (result?.isUndecided === true && places.size === listeners.length) {
      certificates[index] = await decidedAt(places, staple, result, tools);
    } else if (result?.ok === true) certificates[index] = (await askedAt(places, staple, tools)) ?? result;
  }
  return { ...told, ok: told.ok && certificates.every(({ ok }) => ok), certificates };
}

/** @param places those that do not answer are taken out */
async function askedAt(
  places: Set<ConfirmPlace>,
  staple: StapleToPush,
  tools: ProofTools,
): Promise<PushResult | undefined> {
  let taken: PushResult | undefined;
  let without: { readonly result: PushResult; readonly place: ConfirmPlace } | undefined;
  for (const place of places) {
    const { result, isElsewhere } = await prove(place, staple, tools);
    if (result.ok) taken = { certificatePath: staple.certificatePath, ok: true };
    else if (result.code === 'other-staple') return afterReload(result, place);
    else if (result.code === 'nothing-stapled') without ??= { result, place };
    else if (!isElsewhere && !isAnswer(result)) places.delete(place);
  }
  if (taken === undefined) return without === undefined ? undefined : afterReload(without.result, without.place);
  // It took the file: a place that does not send it was not told to.
  return without === undefined
    ? taken
    : { ...taken, message: `${without.place.text} sends this certificate without it` };
}

/**
 * Taken where a place sends it, and each that has its certificate; one that does not answer may have kept another.
 *
 * @param places those that do not answer are taken out
 */
async function decidedAt(
  places: Set<ConfirmPlace>,
  staple: StapleToPush,
  undecided: PushResult,
  tools: ProofTools,
): Promise<PushResult> {
  let decided = undecided;
  for (const place of places) {
    const { result, isElsewhere } = await prove(place, staple, tools);
    if (result.ok) decided = { certificatePath: staple.certificatePath, ok: true };
    else if (!isElsewhere) {
      if (!isAnswer(result)) places.delete(place);
      return { ...undecided, ...definedOnly({ message: afterReload(result, place).message }) };
    }
  }
  return decided;
}

/** Whether a handshake came about, whatever it showed. */
function isAnswer({ code }: PushResult): boolean {
  return code === 'other-certificate' || code === 'other-staple' || code === 'nothing-stapled';
}

function afterReload(result: PushResult, { text }: ConfirmPlace): PushResult {
  return { ...result, message: `after the reload, at ${text}: ${result.message ?? ''}` };
}

function staplesOf({ certificate }: ConfirmPlace, staples: readonly StapleToPush[]): readonly StapleToPush[] {
  if (certificate === undefined) return staples;
  return staples.filter(({ certificatePath }) => shownPath(certificatePath) === certificate);
}

function resultsOf(place: ConfirmPlace, proofs: readonly Proof[]): PushResult[] {
  const [first] = proofs;
  if (first === undefined) return place.certificate === undefined ? [] : [nothingToProve(place.certificate)];
  if (place.certificate !== undefined || proofs.length === 1) return proofs.map(({ result }) => result);
  const served = proofs.filter(({ isElsewhere }) => !isElsewhere);
  if (served.length > 0) return served.map(({ result }) => result);
  // Where no handshake came about at all, why is what there is to say.
  if (proofs.every(({ result }) => result.code !== 'other-certificate')) return [first.result];
  const message = `${place.host}:${place.port} sends none of these certificates`;
  const hint = 'name the server name after #, or the certificate before =';
  return [{ ...first.result, code: 'other-certificate', message, hint }];
}

function nothingToProve(certificatePath: string): PushResult {
  const message = 'this run has no good staple for it that a server could send';
  return notTaken({ certificatePath }, { code: 'not-good', message, hint: 'fix the problem reported for it above' });
}

async function prove(
  place: ConfirmPlace,
  staple: StapleToPush,
  { limits, now, starttls }: ProofTools,
  isLeftAlone = false,
): Promise<Proof> {
  const { certificate, certificatePath, bytes } = staple;
  let sent: ProbeResult;
  try {
    sent = await handshake(place, certificate, limits, starttls);
  } catch (error) {
    if (!(error instanceof OcspError) || error.code === 'interrupted') throw error;
    const { message, hint } = error;
    const code = error.code === 'timeout' ? 'timeout' : 'target-unreachable';
    // A server with only the other key type ends the handshake that forces this one.
    return { result: notTaken(staple, { code, message, hint }), isElsewhere: error.code === 'tls-failed' };
  }
  const fault = compareStaple({
    sentCertificates: sent.certificates,
    sentStaple: sent.staple,
    expectedCertificate: certificate,
    expectedStaple: bytes,
    now: now(),
  });
  if (fault === undefined) {
    const remark = sent.clientCertificate === 'required' ? { message: clientCertificateSentence } : {};
    return { result: { certificatePath, ok: true, ...remark }, isElsewhere: false };
  }
  if (isLeftAlone && fault.code === 'other-staple') {
    return { result: await resultOfOwnStaple(staple, sent, fault, now()), isElsewhere: false };
  }
  const isElsewhere = fault.code === 'other-certificate' && !isForSameName(sent.certificates[0], certificate);
  return { result: notTaken(staple, fault), isElsewhere };
}

/** Clocks may differ as much. */
const skewMilliseconds = 300_000;

/** Of a server that fetches the staple itself: it has to be good for the certificate now, whatever the file holds. */
async function resultOfOwnStaple(
  target: StapleToPush,
  { staple = new Uint8Array(), certificates }: ProbeResult,
  fault: StapleFault,
  now: Date,
): Promise<PushResult> {
  const { certificate, certificatePath } = target;
  const issuer = await issuerOf(target, certificates);
  if (issuer === undefined) return notTaken(target, fault);
  const verdict = verifyResponse(staple, { subject: { certificate }, issuer, now, skewMilliseconds });
  const end = isBelieved(verdict) ? windowOf(verdict.statement, verdict.responder)?.end : undefined;
  const until = end === undefined ? '' : ` until ${formatTime(end)}`;
  // Skew does not extend what clients are sent.
  if (verdict.kind === 'good' && (end === undefined || end > now)) {
    const message = `the server sends the staple that it fetched itself, not that of the file; it is good${until}`;
    return { certificatePath, ok: true, code: 'left-alone', message };
  }
  const why = isBelieved(verdict) ? `it was ${verdict.kind}${until}` : verdict.failure.message;
  return notTaken(target, { ...fault, message: `the server sends a staple that it fetched itself: ${why}` });
}

/** From the certificate's files, else from the handshake. */
async function issuerOf(
  { certificate, certificatePath }: StapleToPush,
  sent: readonly Uint8Array[],
): Promise<Certificate | undefined> {
  const file = unlessOcspError(() => readCertificateFileNow(certificatePath));
  const found = file === undefined ? undefined : await createIssuerFinder([]).findLocal(file);
  return found?.certificate ?? chooseIssuer(certificate, decodeSound(sent), 'elsewhere');
}

/** Whether the server has a certificate of this name, though not this one: one from before a renewal. */
function isForSameName(sent: Uint8Array | undefined, expected: Certificate): boolean {
  if (sent === undefined) return false;
  const isSame = unlessOcspError(() => {
    const certificate = decodeCertificate(sent);
    if (dnsNames(expected).length === 0) return bytesEqual(certificate.subject, expected.subject);
    return sharesName(certificate, expected);
  });
  return isSame === true;
}

/** The key type is forced, so that a server with an RSA and an ECDSA certificate sends the one that is meant. */
async function handshake(
  place: ConfirmPlace,
  certificate: Certificate,
  limits: ReloadLimits,
  starttls: ProbeRequest['starttls'],
): Promise<ProbeResult> {
  const { host, port, serverName = serverNameFor(certificate) } = place;
  return await probeServer(
    definedOnly({ host, port, serverName, keyType: keyTypeOf(certificate), starttls, ...limits }),
  );
}

/** The kind of key that a handshake can be made to ask for. */
export function keyTypeOf({ publicKey }: Certificate): 'rsa' | 'ecdsa' | undefined {
  if (publicKey.algorithm.oid === Oid.rsaEncryption) return 'rsa';
  return publicKey.algorithm.oid === Oid.ecPublicKey ? 'ecdsa' : undefined;
}
