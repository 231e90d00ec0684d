import { OcspError, verifyResponse, type Certificate } from '../../core/index.js';
import { chooseIssuer } from '../../core/certificate/issuance.js';
import { definedOnly } from '../../core/defined-only.js';
import { compareStaple } from '../../probe/compare-staple.js';
import type { ProbeResult } from '../../probe/probe-request.js';
import type { ServedPlace } from '../../servers/discovery.js';
import { decodeSound } from '../../source/certificate-file.js';
import { shownHostAndPort } from '../../system/network/host-and-port.js';
import { isOwnAddress } from '../../system/network/own-address.js';
import { pause } from '../../system/pause.js';
import { windowOfVerdict } from '../fetch/staple-state.js';
import { keyTypeOf } from '../reload/prove-by-handshake.js';
import { probePlace } from '../verify/sent-certificates.js';
import type { HandshakeFacts } from './doctor-report.js';

/** What a handshake is compared with. */
export interface ExpectedHandshake {
  readonly certificate: Certificate;
  readonly issuer: Certificate | undefined;
  /** The file that the server should staple; absent where the server fetches by itself. */
  readonly expectedStaple: Uint8Array | undefined;
  readonly now: Date;
  readonly skewMilliseconds: number;
}

export interface HandshakeOptions extends ExpectedHandshake {
  /** A server that fetches with the first handshake has the answer for the next one. */
  readonly fetchesByItself: boolean;
  readonly timeoutMilliseconds: number;
  readonly signal: AbortSignal;
  /** Those that did not answer in time: a server that hangs is not waited for again with each of its certificates. */
  readonly silentPlaces: Set<string>;
}

/** What fetching takes a server, as a rule. */
const pauseMilliseconds = 1500;

/** What a server sends for a certificate at one place, its key type forced. Throws OcspError `interrupted`. */
export async function shakeHands(place: ServedPlace, options: HandshakeOptions): Promise<HandshakeFacts> {
  const first = await oneHandshake(place, options);
  if (!options.fetchesByItself || first.outcome !== 'nothing-stapled') return first;
  await pause(pauseMilliseconds, options.signal);
  return await oneHandshake(place, options);
}

async function oneHandshake(place: ServedPlace, options: HandshakeOptions): Promise<HandshakeFacts> {
  const { certificate, silentPlaces } = options;
  const name = shownHostAndPort(place);
  if (silentPlaces.has(name)) {
    const message = `${name} was not asked, since it did not answer an earlier handshake in time`;
    return { place, outcome: 'not-reached', message };
  }
  if (!isOwnAddress(place.host)) {
    const message = `${place.host} is not an address of this host now, and doctor asks no other host`;
    return { place, outcome: 'not-reached', message, hint: `run restaple doctor where ${place.host} is` };
  }
  const start = performance.now();
  try {
    return judgeHandshake(place, await probePlace({ place, ...options }, keyTypeOf(certificate), certificate), options);
  } catch (error) {
    if (!(error instanceof OcspError) || error.code === 'interrupted') throw error;
    const { message, hint } = error;
    // One that fails just before its time is up keeps others waiting as well.
    if (performance.now() - start > options.timeoutMilliseconds / 2) silentPlaces.add(name);
    return { place, outcome: outcomeOf(error), message, hint };
  }
}

function outcomeOf({ code }: OcspError): HandshakeFacts['outcome'] {
  // A server with a certificate of the other key type only ends the handshake.
  if (code === 'tls-failed') return 'other-certificate';
  // Mail servers do so with a staple that they cannot use.
  return code === 'starttls-failed' ? 'tls-refused' : 'not-reached';
}

/** What a server sent, compared with what it should send. */
export function judgeHandshake(place: ServedPlace, sent: ProbeResult, expected: ExpectedHandshake): HandshakeFacts {
  const { certificate, expectedStaple, now } = expected;
  const fault = compareStaple(
    definedOnly({
      sentCertificates: sent.certificates,
      sentStaple: sent.staple,
      expectedCertificate: certificate,
      expectedStaple,
      now,
    }),
  );
  if (fault !== undefined) return { place, outcome: fault.code, message: fault.message, hint: fault.hint };
  return expectedStaple === undefined ? judgeStaple(place, sent, expected) : { place, outcome: 'served' };
}

/** Whether it showed something that should not be; a server that was not reached showed nothing. */
export function isWrong({ outcome }: HandshakeFacts): boolean {
  return outcome !== 'served' && outcome !== 'not-reached';
}

/** Of a staple that is in no file. */
function judgeStaple(
  place: ServedPlace,
  { certificates, staple }: ProbeResult,
  expected: ExpectedHandshake,
): HandshakeFacts {
  const { certificate, now, skewMilliseconds } = expected;
  const issuer = expected.issuer ?? chooseIssuer(certificate, decodeSound(certificates.slice(1)), 'elsewhere');
  if (staple === undefined || issuer === undefined) return { place, outcome: 'served' };
  const verdict = verifyResponse(staple, { subject: { certificate }, issuer, now, skewMilliseconds });
  const window = windowOfVerdict(verdict);
  if (verdict.kind === 'good') {
    return definedOnly({ place, outcome: 'served', thisUpdate: window?.start, validUntil: window?.end });
  }
  const what = 'failure' in verdict ? verdict.failure.message : `it says ${verdict.kind}`;
  return { place, outcome: 'other-staple', message: `the server staples a response that clients cannot use: ${what}` };
}
