import { OcspError, decodeCertificate, type Certificate } from '../../core/index.js';
import { bytesEqual } from '../../core/bytes.js';
import { shownPath } from '../../core/file-path.js';
import { Oid } from '../../core/oid.js';
import { dnsNames, serverNameFor } from '../../core/subject-alternative-names.js';
import { compareStaple } from '../../probe/compare-staple.js';
import { probeServer } from '../../probe/tls-probe.js';
import type { ProbeResult } from '../../probe/probe-request.js';
import type { PushResult, ReloadCode, ReloadLimits, StapleToPush, TargetResult } from '../../servers/reload-result.js';
import { pause } from '../../system/pause.js';
import type { ConfirmPlace } from './confirm-place.js';
import { definedOnly } from '../../core/defined-only.js';

/** Between two tries: servers that reload by a signal need a second or two until new workers answer. */
const pauseMilliseconds = 150;

/** What one handshake proved of one staple. */
interface Proof {
  readonly staple: StapleToPush;
  readonly result: PushResult;
  /** The server has no certificate for these names and this key type: another server may serve it. */
  readonly isElsewhere: boolean;
}

/**
 * Proves by handshakes that the server at a place staples these very bytes. Where the place names no certificate, every
 * staple counts whose certificate the server has; at least one has to be sent.
 *
 * @param isPatient whether the server was told just now, so that a reload may need a while: at most the limits' timeout
 * @returns a result like that of a reload target, `confirm:` and the place as its name
 * @throws OcspError `interrupted`
 */
export async function proveByHandshake(
  place: ConfirmPlace,
  staples: readonly StapleToPush[],
  limits: ReloadLimits,
  now: () => Date,
  isPatient: boolean,
): Promise<TargetResult> {
  const started = performance.now();
  const expected = staplesOf(place, staples);
  const deadline = started + (isPatient ? limits.timeoutMilliseconds : 0);
  const proofs = await proveEach(place, expected, limits, now());
  for (;;) {
    const certificates = resultsOf(place, proofs);
    const ok = certificates.every((result) => result.ok);
    if (ok || performance.now() >= deadline) {
      return {
        target: `confirm:${place.text}`,
        ok,
        certificates,
        milliseconds: Math.round(performance.now() - started),
      };
    }
    await pause(pauseMilliseconds, limits.signal);
    for (const [index, { staple, result }] of proofs.entries()) {
      if (!result.ok) proofs[index] = await prove(place, staple, limits, now());
    }
  }
}

function staplesOf({ certificate }: ConfirmPlace, staples: readonly StapleToPush[]): readonly StapleToPush[] {
  if (certificate === undefined) return staples;
  return staples.filter(({ certificatePath }) => shownPath(certificatePath) === certificate);
}

async function proveEach(
  place: ConfirmPlace,
  staples: readonly StapleToPush[],
  limits: ReloadLimits,
  now: Date,
): Promise<Proof[]> {
  const proofs: Proof[] = [];
  for (const staple of staples) proofs.push(await prove(place, staple, limits, now));
  return proofs;
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

function nothingToProve(certificate: string): PushResult {
  const message = 'there is no good staple of it in this run that a server could send';
  return {
    certificatePath: certificate,
    ok: false,
    code: 'not-good',
    message,
    hint: 'repair what is said of it above',
  };
}

async function prove(place: ConfirmPlace, staple: StapleToPush, limits: ReloadLimits, now: Date): Promise<Proof> {
  const { certificate, certificatePath, bytes } = staple;
  const failed = (code: ReloadCode, message: string, hint: string, isElsewhere: boolean): Proof => ({
    staple,
    result: { certificatePath, ok: false, code, message, hint },
    isElsewhere,
  });
  let sent: ProbeResult;
  try {
    sent = await handshake(place, certificate, limits);
  } catch (error) {
    if (!(error instanceof OcspError) || error.code === 'interrupted') throw error;
    const code = error.code === 'timeout' ? 'timeout' : 'target-unreachable';
    // Of the other key type alone, a server ends the handshake that forces this one.
    return failed(code, error.message, error.hint, error.code === 'tls-failed');
  }
  const fault = compareStaple({
    sentCertificates: sent.certificates,
    sentStaple: sent.staple,
    expectedCertificate: certificate,
    expectedStaple: bytes,
    now,
  });
  if (fault === undefined) return { staple, result: { certificatePath, ok: true }, isElsewhere: false };
  const isElsewhere = fault.code === 'other-certificate' && !isForSameName(sent.certificates[0], certificate);
  return failed(fault.code, fault.message, fault.hint, isElsewhere);
}

/** Whether the server has a certificate of this name, though not this one: one from before a renewal. */
function isForSameName(sent: Uint8Array | undefined, expected: Certificate): boolean {
  if (sent === undefined) return false;
  try {
    const certificate = decodeCertificate(sent);
    const names = new Set(dnsNames(expected));
    return names.size === 0
      ? bytesEqual(certificate.subject, expected.subject)
      : dnsNames(certificate).some((name) => names.has(name));
  } catch (error) {
    if (error instanceof OcspError) return false;
    throw error;
  }
}

/** The key type is forced, so that a server with an RSA and an ECDSA certificate sends the one that is meant. */
async function handshake(place: ConfirmPlace, certificate: Certificate, limits: ReloadLimits): Promise<ProbeResult> {
  const serverName = place.serverName ?? serverNameFor(certificate);
  const keyType = keyTypeOf(certificate);
  return await probeServer(
    definedOnly({
      host: place.host,
      port: place.port,
      serverName,
      keyType,
      ...limits,
    }),
  );
}

/** The kind of key that a handshake can be made to ask for. */
export function keyTypeOf({ publicKey }: Certificate): 'rsa' | 'ecdsa' | undefined {
  if (publicKey.algorithm.oid === Oid.rsaEncryption) return 'rsa';
  return publicKey.algorithm.oid === Oid.ecPublicKey ? 'ecdsa' : undefined;
}
