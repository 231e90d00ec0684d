import { OcspError, type Certificate } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import { Oid } from '../../core/oid.js';
import { serverNameFor } from '../../core/subject-alternative-names.js';
import { compareStaple } from '../../probe/compare-staple.js';
import { probeServer } from '../../probe/tls-probe.js';
import type { ProbeResult } from '../../probe/probe-request.js';
import type { PushResult, ReloadCode, ReloadLimits, StapleToPush, TargetResult } from '../../reload/reload-result.js';
import { parseTcpAddress } from '../../reload/reload-target.js';

/** Where a handshake has to show a staple: `[CERT=]HOST:PORT[#SERVERNAME]`. */
export interface ConfirmPlace {
  readonly text: string;
  readonly certificate?: string;
  readonly host: string;
  readonly port: number;
  readonly serverName?: string;
}

/** Reads the words of --confirm. Throws OcspError `usage`. */
export function parseConfirmPlace(text: string): ConfirmPlace {
  const [place = '', serverName, ...rest] = text.split('#');
  const equals = place.lastIndexOf('=');
  const address = parseTcpAddress(place.slice(equals + 1), 443);
  if (address === undefined || rest.length > 0 || serverName === '' || equals === 0) {
    throw new OcspError(
      'usage',
      `"${text}" is no place for a handshake`,
      'write it like 127.0.0.1:443, [::1]:853#dot.example or site.pem=127.0.0.1:443#www.example',
    );
  }
  return {
    text,
    ...address,
    ...(equals < 0 ? {} : { certificate: place.slice(0, equals) }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

/** Servers that reload by a signal need a second or two until new workers answer. */
const patienceMilliseconds = 10_000;
const pauseMilliseconds = 150;

/**
 * Proves by handshakes that the server at a place staples these very bytes, waiting a while for a reload to take effect.
 * Without a certificate in the place every staple whose certificate the server sends counts, of each key type; at least one has to be sent.
 *
 * @returns a result like that of a reload target, the place as its name
 * @throws OcspError `interrupted`, `usage` for a certificate that is not among the staples
 */
export async function confirmPlace(
  place: ConfirmPlace,
  staples: readonly StapleToPush[],
  limits: ReloadLimits,
  now: () => Date,
): Promise<TargetResult> {
  const started = performance.now();
  const expected = staplesOf(place, staples);
  const deadline = started + Math.max(patienceMilliseconds, limits.timeoutMilliseconds);
  let certificates = await confirmOnce(place, expected, limits, now());
  while (certificates.some(({ ok }) => !ok) && performance.now() < deadline) {
    await pause(limits.signal);
    certificates = await confirmOnce(place, expected, limits, now());
  }
  return {
    target: `confirm:${place.text}`,
    ok: certificates.every(({ ok }) => ok),
    certificates,
    milliseconds: Math.round(performance.now() - started),
  };
}

function staplesOf(place: ConfirmPlace, staples: readonly StapleToPush[]): readonly StapleToPush[] {
  if (place.certificate === undefined) return staples;
  const named = staples.filter(({ certificatePath }) => shownPath(certificatePath) === place.certificate);
  if (named.length > 0) return named;
  throw new OcspError(
    'usage',
    `--confirm: ${place.certificate} has no good staple in this run`,
    'name a certificate of this run as it is named there',
  );
}

async function confirmOnce(
  place: ConfirmPlace,
  staples: readonly StapleToPush[],
  limits: ReloadLimits,
  now: Date,
): Promise<PushResult[]> {
  const isOneOfSeveral = place.certificate === undefined && staples.length > 1;
  const results: PushResult[] = [];
  for (const staple of staples) {
    const result = await confirmStaple(place, staple, limits, now);
    // Other certificates of the run may be served elsewhere.
    if (!isOneOfSeveral || result.code !== 'other-certificate') results.push(result);
  }
  if (results.length > 0) return results;
  const [first] = staples;
  if (first === undefined) return [];
  const message = `${place.host}:${place.port} sends none of these certificates`;
  const hint = 'name the server name after #, or the certificate before =';
  return [{ certificatePath: first.certificatePath, ok: false, code: 'other-certificate', message, hint }];
}

async function confirmStaple(
  place: ConfirmPlace,
  { certificate, certificatePath, bytes }: StapleToPush,
  limits: ReloadLimits,
  now: Date,
): Promise<PushResult> {
  const failed = (code: ReloadCode, message: string, hint: string): PushResult => ({
    certificatePath,
    ok: false,
    code,
    message,
    hint,
  });
  let sent: ProbeResult;
  try {
    sent = await handshake(place, certificate, limits);
  } catch (error) {
    if (!(error instanceof OcspError) || error.code === 'interrupted') throw error;
    return failed(error.code === 'timeout' ? 'timeout' : 'target-unreachable', error.message, error.hint);
  }
  const fault = compareStaple({
    sentCertificates: sent.certificates,
    sentStaple: sent.staple,
    expectedCertificate: certificate,
    expectedStaple: bytes,
    now,
  });
  return fault === undefined ? { certificatePath, ok: true } : failed(fault.code, fault.message, fault.hint);
}

/** The key type is forced, so that a server with an RSA and an ECDSA certificate sends the one that is meant. */
async function handshake(place: ConfirmPlace, certificate: Certificate, limits: ReloadLimits): Promise<ProbeResult> {
  const serverName = place.serverName ?? serverNameFor(certificate);
  const keyType = keyTypeOf(certificate);
  return await probeServer({
    host: place.host,
    port: place.port,
    ...(serverName === undefined ? {} : { serverName }),
    ...(keyType === undefined ? {} : { keyType }),
    ...limits,
  });
}

function keyTypeOf({ publicKey }: Certificate): 'rsa' | 'ecdsa' | undefined {
  if (publicKey.algorithm.oid === Oid.rsaEncryption) return 'rsa';
  return publicKey.algorithm.oid === Oid.ecPublicKey ? 'ecdsa' : undefined;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(new OcspError('interrupted', 'interrupted while waiting for the server'));
    };
    if (signal.aborted) {
      reject(new OcspError('interrupted', 'interrupted while waiting for the server'));
      return;
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, pauseMilliseconds);
    signal.addEventListener('abort', stop, { once: true });
  });
}
