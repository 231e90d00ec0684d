import { definedOnly } from '../../core/defined-only.js';
import type { Finding } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import { minimumRemainingMilliseconds } from '../../core/verify/verify-response.js';
import {
  isCertificateOf,
  loadedCertificatesOf,
  type LoadedCertificate,
  type LoadedCertificates,
} from './certificates.js';
import { askedOnce } from './asked-once.js';
import { failureOfReply, saysUpdated } from './replies.js';
import { stapleRace } from './staple-race.js';
import { escapedArgument, openHaproxySession, type HaproxySession } from './session.js';
import { nextStartOf, type NextStart } from './next-start.js';
import { slotKey, slotsOf, type HaproxySlots, type OwnUpdate } from './slots.js';
import {
  notTaken,
  TargetFailure,
  type PushResult,
  type ReloadCode,
  type StapleToPush,
  type Told,
} from '../reload-result.js';
import type { ServerTools } from '../server.js';
import { largestInFile, type HaproxyPlace } from './place.js';

/** What is known about a haproxy while staples are pushed into it. */
interface Haproxy extends Pick<ServerTools, 'takesOver'> {
  readonly session: HaproxySession;
  readonly slots: HaproxySlots;
  readonly certificates: LoadedCertificates;
  readonly starts: NextStart;
  /** Before the first staple is set: notes whether this haproxy survives that. */
  readonly warnOfRace: () => Promise<void>;
}

type PushTools = Pick<ServerTools, 'limits' | 'now' | 'takesOver' | 'haproxyConfiguration'>;

/**
 * Pushes staples into a running haproxy (2.2 to 3.5) by its runtime API and reads each back. Nothing it does outlasts a
 * reload of haproxy, which reads the files again: write those first.
 *
 * @param staples each verified, of a certificate that haproxy loads
 * @returns one result per staple, in their order. With `ok` and the code `left-alone`: haproxy fetches that staple itself.
 * @throws OcspError `interrupted`; whatever haproxy does is a result
 */
export async function pushToHaproxy(
  place: HaproxyPlace,
  staples: readonly StapleToPush[],
  { limits, now, takesOver, haproxyConfiguration }: PushTools,
): Promise<Told> {
  const session = openHaproxySession(place, limits);
  const slots = slotsOf(session);
  const findings: Finding[] = [];
  const loaded = loadedCertificatesOf(session);
  const haproxy = {
    session,
    slots,
    certificates: loaded,
    starts: nextStartOf(session, loaded, haproxyConfiguration),
    warnOfRace: askedOnce(async () => {
      findings.push(...(await stapleRace(session)));
    }),
    ...definedOnly({ takesOver }),
  };
  const certificates: PushResult[] = [];
  let lost: TargetFailure | undefined;
  let trouble: TargetFailure | undefined;
  try {
    for (const staple of staples) {
      if (trouble !== undefined) {
        certificates.push(notTaken(staple, trouble));
        continue;
      }
      try {
        certificates.push({
          certificatePath: staple.certificatePath,
          ok: true,
          ...(await pushOfAnySize(staple, haproxy, now())),
        });
        lost = undefined;
      } catch (error) {
        if (!(error instanceof TargetFailure)) throw error;
        certificates.push(notTaken(staple, error));
        if (!isOfConnection(error, session)) continue;
        // A lost connection may be the fault of this one staple; a second in a row is not.
        if (error.code !== 'connection-lost' || lost !== undefined) trouble = error;
        lost = error;
      }
    }
  } finally {
    session.close();
  }
  const error = trouble ?? lost;
  return definedOnly({
    certificates,
    findings: findings.length === 0 ? undefined : findings,
    error: error === undefined ? undefined : { code: error.code, message: error.message, hint: error.hint },
  });
}

/** What is worth saying although it went well. */
type Remark = Pick<PushResult, 'code' | 'message' | 'hint'>;

/** haproxy reads no file as large as it may take over the socket, so reloading it does not help. */
async function pushOfAnySize(staple: StapleToPush, haproxy: Haproxy, now: Date): Promise<Remark> {
  const isLost = staple.bytes.length > largestInFile;
  try {
    const remark = await push(staple, haproxy, now);
    return isLost && remark.message === undefined ? goneWithReload(staple) : remark;
  } catch (error) {
    if (!isLost || !(error instanceof TargetFailure) || error.code !== 'too-large') throw error;
    const hint = `ask the CA for a smaller response: ${lost}, and with a larger tune.bufsize it stays only until then`;
    throw new TargetFailure(error.code, error.message, hint, { cause: error });
  }
}

const lost = `haproxy ignores a file of more than ${largestInFile} octets at each start and reload`;

function goneWithReload({ bytes }: StapleToPush): Remark {
  const message = `with ${bytes.length} octets it is gone with the next reload: ${lost}`;
  return { code: 'gone-with-reload', message, hint: 'ask the CA for a smaller response' };
}

async function push(staple: StapleToPush, haproxy: Haproxy, now: Date): Promise<Remark> {
  const { slots } = haproxy;
  const key = slotKey(staple.certId);
  const unusable = hashProblem(staple) ?? timeProblem(staple, now);
  // What haproxy does not have, it need not take either.
  if (unusable !== undefined)
    throw (await haproxy.certificates.find(staple)) === undefined ? notLoaded(staple) : unusable;
  const own = await slots.ownUpdate(key);
  if (own !== undefined && (!own.isFailing || haproxy.takesOver !== true)) return leaveAlone(own);
  const remark = (await hasAlready(staple, slots)) ? {} : await set(staple, haproxy);
  if (remark.message !== undefined) return remark;
  return (await haproxy.starts.remarkOn(staple, await slots.certificateName(key))) ?? remark;
}

/** What haproxy has is not set again: older ones do not survive every change of a staple that a handshake reads. */
async function hasAlready(staple: StapleToPush, slots: HaproxySlots): Promise<boolean> {
  if (staple.isChanged || !(await slots.has(slotKey(staple.certId)))) return false;
  return (await slots.compare(staple)) === 'same';
}

async function set(staple: StapleToPush, haproxy: Haproxy): Promise<Remark> {
  const { session, slots } = haproxy;
  const key = slotKey(staple.certId);
  const activated = (await slots.has(key)) ? undefined : await activate(staple, haproxy);
  await haproxy.warnOfRace();
  const reply = await session.ask('set ssl ocsp-response', { payload: base64Of(staple) });
  if (!saysUpdated(reply)) throw failureOfReply(reply);
  await slots.add(key, activated);
  return checkHeld(staple, slots);
}

/** haproxy looks staples up only by the SHA-1 CertID; its own reply would be about an unknown certificate. */
function hashProblem({ certId }: StapleToPush): TargetFailure | undefined {
  if (certId.hashAlgorithm === 'sha1') return undefined;
  return new TargetFailure(
    'staple-refused',
    `the CertID of the staple is hashed with ${certId.hashAlgorithm}, haproxy takes only SHA-1`,
    'fetch it in SHA-1: restaple fetch --force --hash sha1',
  );
}

function timeProblem({ nextUpdate }: StapleToPush, now: Date): TargetFailure | undefined {
  // 2.6 and 3.0 take such a staple, say so, and staple nothing.
  if (nextUpdate.getTime() - now.getTime() >= minimumRemainingMilliseconds) return undefined;
  return new TargetFailure(
    'staple-refused',
    'the nextUpdate of the staple is less than 300 s away: haproxy would staple nothing',
    'fetch a new response: restaple fetch --force',
  );
}

/** haproxy fetches the staple itself: that is well as long as it succeeds. */
function leaveAlone({ isFailing, state }: OwnUpdate): Remark {
  if (!isFailing) {
    return {
      code: 'left-alone',
      message: `haproxy fetches this staple itself (ocsp-update on: ${state}), so it was not pushed`,
      hint: 'set "ocsp-update off" for this certificate if restaple should do it',
    };
  }
  throw new TargetFailure(
    'own-update-fails',
    `haproxy fetches this staple itself (ocsp-update on) and fails: ${state}`,
    'see why in its log; or set "ocsp-update off" for this certificate, or push it now with --take-over',
  );
}

/**
 * Makes a place for the staple of a certificate that was loaded without an .ocsp file, by a transaction of the
 * certificate. Its `Success!` says nothing about the staple, which has to be set again for the honest answer.
 *
 * @returns what haproxy calls the certificate
 */
async function activate(staple: StapleToPush, { session, certificates }: Haproxy): Promise<string> {
  const loaded = await certificates.find(staple);
  if (loaded === undefined) throw notLoaded(staple);
  if (!isCertificateOf(staple, loaded)) throw olderCertificate(staple, loaded);
  const { name } = loaded;
  const argument = escapedArgument(name);
  if (argument === undefined) throw unnameable(name);
  const pending = await certificates.pendingChange();
  if (pending !== undefined) throw changeUnderWay(pending);

  const created = await session.ask(`set ssl cert ${argument}.ocsp`, {
    payload: base64Of(staple),
    uninterrupted: true,
  });
  if (!created.includes('Transaction created')) throw failureOfReply(created);
  const committed = await session.ask(`commit ssl cert ${argument}`, { uninterrupted: true });
  if (committed.includes('Success!')) return name;
  await session.ask(`abort ssl cert ${argument}`, { uninterrupted: true });
  throw failureOfReply(committed);
}

async function checkHeld(staple: StapleToPush, slots: HaproxySlots): Promise<Remark> {
  switch (await slots.compare(staple)) {
    case 'same':
      return {};
    case 'not-shown':
      return { message: 'haproxy took the staple, but does not show it: it could not be compared' };
    case 'other':
      throw new TargetFailure(
        'other-staple',
        'haproxy said that it took the staple, but has another one',
        'look for another program that pushes staples into this haproxy, then try again',
      );
  }
}

/** Codes that speak of one staple, whether haproxy keeps the connection after them or not. */
const codesOfStaple: readonly ReloadCode[] = ['staple-refused', 'too-large', 'no-slot'];

/** Whether trouble ended the connection, or none came about, so that the next staple would fare no better. */
function isOfConnection(error: TargetFailure, session: HaproxySession): boolean {
  // From 3.0 on a master keeps the connection where the worker is gone.
  if (error.code === 'not-running') return true;
  return !session.isConnected && !codesOfStaple.includes(error.code);
}

function base64Of({ bytes }: StapleToPush): string {
  return Buffer.from(bytes).toString('base64');
}

function notLoaded({ certificatePath }: StapleToPush): TargetFailure {
  return new TargetFailure(
    'no-slot',
    `haproxy has not loaded the certificate ${shownPath(certificatePath)}`,
    'name the file in a "crt" of its configuration and reload it',
    { isNotServed: true },
  );
}

function olderCertificate({ certificatePath, certificate }: StapleToPush, loaded: LoadedCertificate): TargetFailure {
  const running = loaded.serialNumber === undefined ? '' : ` (serial ${loaded.serialNumber})`;
  return new TargetFailure(
    'server-runs-older-certificate',
    `haproxy runs another certificate${running} under ${shownName(loaded.name)} than ${shownPath(certificatePath)} now holds (serial ${certificate.serialNumber})`,
    'reload haproxy: it then loads the new certificate and its staple',
  );
}

function changeUnderWay(name: string): TargetFailure {
  return new TargetFailure(
    'no-slot',
    `haproxy loaded this certificate without OCSP, which cannot be changed while a change of ${shownName(name)} is under way`,
    `end that with "commit ssl cert ${shownName(name)}" or "abort ssl cert ${shownName(name)}", then try again`,
  );
}

function unnameable(name: string): TargetFailure {
  return new TargetFailure(
    'no-slot',
    `haproxy loaded this certificate without OCSP, and no command can name ${shownName(name)}`,
    'reload haproxy, so that it loads the certificate together with its .ocsp file',
  );
}

function shownName(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}
