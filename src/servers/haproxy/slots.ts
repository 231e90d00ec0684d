import { encodeCertId, minimalSerialNumber, type CertId } from '../../core/cert-id.js';
import { bytesEqual, toHex } from '../../core/bytes.js';
import { decodeResponse, isResponse, type BasicResponse } from '../../core/response.js';
import { excerptOf, failureOfReply, saysUnknownCommand } from './replies.js';
import type { HaproxySession } from './session.js';
import type { StapleToPush } from '../reload-result.js';
import { askedOnce } from './asked-once.js';

/** What haproxy has instead of a staple: these very bytes, another one (or none), or something it cannot show. */
export type HeldStaple = 'same' | 'other' | 'not-shown';

/** The places for staples that a haproxy has, asked for where they are needed and then kept. */
export interface HaproxySlots {
  /** Whether haproxy has a place for a staple of this CertID. */
  has(key: string): Promise<boolean>;
  /** Notes a place that has just been made, and the name of its certificate. */
  add(key: string, name?: string): Promise<void>;
  /** How haproxy fetches this staple itself (`ocsp-update on`, 2.8 and newer); undefined where it does not. */
  ownUpdate(key: string): Promise<OwnUpdate | undefined>;
  /** What haproxy calls the certificate of a place, from 3.0 on. */
  certificateName(key: string): Promise<string | undefined>;
  /** Reads back what haproxy holds. */
  compare(staple: Pick<StapleToPush, 'certId' | 'bytes'>): Promise<HeldStaple>;
}

/** What `show ssl ocsp-updates` says of one staple. */
export interface OwnUpdate {
  /** The last update went wrong. */
  readonly isFailing: boolean;
  /** `HTTP error, 3 failures, next try 29/Nov/2026:10:00:02 +0000`. */
  readonly state: string;
  /** What came of the last try, and when the next one is. */
  readonly status: string;
  readonly next: string;
}

/** The key of a place: the DER of the SHA-1 CertID in lower-case hex. */
export function slotKey(certId: CertId): string {
  // haproxy has the serial from openssl, which keeps no redundant zeros.
  return toHex(encodeCertId({ ...certId, serialNumber: minimalSerialNumber(certId.serialNumber) }));
}

export function slotsOf(session: HaproxySession): HaproxySlots {
  const keys = askedOnce(() => readKeys(session));
  const ownUpdates = askedOnce(() => readOwnUpdates(session));
  let readsBase64: boolean | undefined;

  return {
    async has(key) {
      return (await keys()).has(key);
    },
    async add(key, name) {
      const known = await keys();
      if (name !== undefined || !known.has(key)) known.set(key, name);
    },
    async ownUpdate(key) {
      return (await ownUpdates()).get(key);
    },
    async certificateName(key) {
      return (await keys()).get(key);
    },
    async compare(staple) {
      const key = slotKey(staple.certId);
      if (readsBase64 !== false) {
        const bytes = fromBase64(await session.ask(`show ssl ocsp-response base64 ${key}`));
        readsBase64 = bytes !== undefined;
        if (bytes !== undefined) return bytesEqual(bytes, staple.bytes) ? 'same' : 'other';
      }
      return compareText(await session.ask(`show ssl ocsp-response ${key}`), staple);
    },
  };
}

/** The keys of all places, each with the name of its certificate where this haproxy says it. */
async function readKeys(session: HaproxySession): Promise<Map<string, string | undefined>> {
  const reply = await session.ask('show ssl ocsp-response');
  const places = reply.matchAll(/^Certificate ID key *: *([0-9a-f]+) *\n(?:Certificate path *: *(.*))?/gim);
  // Without a single place there is not even the title.
  if (reply !== '' && !reply.includes('# Certificate IDs')) throw failureOfReply(reply);
  return new Map([...places].map(([, key = '', name]) => [key.toLowerCase(), name?.trimEnd()]));
}

async function readOwnUpdates(session: HaproxySession): Promise<ReadonlyMap<string, OwnUpdate>> {
  const reply = await session.ask('show ssl ocsp-updates');
  const updates = new Map<string, OwnUpdate>();
  // 2.6 and older have no updater.
  if (saysUnknownCommand(reply)) return updates;
  for (const line of reply.split('\n')) {
    const [key = '', , next = '-', , , failures = '', , outcome = ''] = line.split('|').map((cell) => cell.trim());
    if (/^[0-9a-f]{40,}$/i.test(key)) updates.set(key.toLowerCase(), ownUpdateOf(next, failures, outcome));
  }
  return updates;
}

/** Before the first try the outcome is none; only one that went well is called successful. */
function ownUpdateOf(next: string, failures: string, outcome: string): OwnUpdate {
  const isFailing = failures !== '0' && !/successful/i.test(outcome);
  const [status, time] = [excerptOf(outcome), excerptOf(next)];
  return { isFailing, state: `${status}, ${failures} failures, next try ${time}`, status, next: time };
}

/** The bytes of `show ssl ocsp-response base64`, 2.8 and newer; undefined for any other answer. */
function fromBase64(reply: string): Uint8Array | undefined {
  const text = reply.replace(/\s+/g, '');
  return text.length > 0 && text.length % 4 === 0 && /^MI[A-Za-z0-9+/]+={0,2}$/.test(text)
    ? Buffer.from(text, 'base64')
    : undefined;
}

/** openssl's text of a response against a staple: thisUpdate, and the signature, which covers all that was signed. */
function compareText(text: string, staple: Pick<StapleToPush, 'bytes'>): HeldStaple {
  const basic = basicResponseOf(staple.bytes);
  const thisUpdate = /^ *This Update: *(\S.*)$/m.exec(text)?.[1]?.trimEnd();
  const signature = signaturePattern.exec(`${text}\n`)?.[1]?.replace(/[\s:]/g, '');
  // A response that is longer than haproxy's buffer is not printed at all.
  if (basic === undefined || thisUpdate === undefined || signature === undefined) return 'not-shown';
  if (Date.parse(thisUpdate) !== basic.responses[0]?.thisUpdate.getTime()) return 'other';
  return signature.toLowerCase() === toHex(basic.signature) ? 'same' : 'other';
}

/** The first signature of the text is that of the response; openssl 1.1.1 has no line of its own for its title. */
const signaturePattern =
  /^ *Signature Algorithm: .*\n(?: *Signature Value: *\n)?((?: *(?:[0-9a-f]{2}:)*[0-9a-f]{2}:?\n)+)/im;

function basicResponseOf(bytes: Uint8Array): BasicResponse | undefined {
  const response = decodeResponse(bytes);
  return isResponse(response) && response.status === 'successful' ? response.basic : undefined;
}
