import { isBelieved, type AnchorOptions, type Certificate, type Finding, type Verdict } from '../../core/index.js';
import type { FilePath } from '../../core/file-path.js';
import { authorityFailure, chooseIssuer } from '../../core/certificate/issuance.js';
import { formatTime } from '../../core/time.js';
import { chainToAnchor } from '../../core/verify/anchor.js';
import { compareStaple } from '../../probe/compare-staple.js';
import type { ProbeResult } from '../../probe/probe-request.js';
import { decodeSound, readCertificateFile, type CertificateFile } from '../../source/certificate-file.js';
import type { IssuerFinder } from '../../source/issuer-finder.js';
import { noIssuerAmong } from '../../source/missing-issuer.js';
import { readResponseFile } from '../../source/response-file.js';
import { staplePathFor } from '../../store/staple-location.js';
import { lifeOf } from '../certificate-life.js';
import { responderUrls } from '../fetch/fetch-job.js';
import { keyTypeOf } from '../reload/prove-by-handshake.js';
import {
  connectionFindings,
  describeSent,
  probeKeyTypes,
  probePlace,
  type ConnectionOptions,
} from './sent-certificates.js';
import { sizeTrouble } from './server-rules.js';
import { chainFindings, verdictOn } from './verdict-on.js';
import {
  noResponderNeeded,
  notJudged,
  reported,
  type ConnectionReport,
  type Judgement,
  type VerifyStapleOptions,
} from './verify-report.js';
import { examine, keptRevocation, verdictWithKept, withUntrusted, withWarnings } from './verify-staple.js';
import { definedOnly } from '../../core/defined-only.js';

export interface VerifyConnectionOptions extends VerifyStapleOptions, ConnectionOptions {
  /** Roots to trust where neither --ca nor a certificate's issuer is given. */
  readonly systemRoots: () => readonly Certificate[];
}

/**
 * Verifies what a server really sends. With a certificate: that one, its key type forced, its staple compared with the
 * file. Without: the server's ECDSA and RSA certificates, each where it has one.
 *
 * @returns a report for each handshake; trouble is in it and never thrown, `interrupted` and `usage` aside
 */
export async function verifyConnection(
  path: FilePath | undefined,
  issuers: IssuerFinder,
  options: VerifyConnectionOptions,
): Promise<ConnectionReport[]> {
  if (path !== undefined) return [await verifyServed(path, issuers, options)];
  const { place } = options;
  try {
    const found = await probeKeyTypes(options);
    return found.map((sent) => judgeSent(sent, options));
  } catch (error) {
    return [{ place, ...notJudged(error) }];
  }
}

async function verifyServed(
  path: FilePath,
  issuers: IssuerFinder,
  options: VerifyConnectionOptions,
): Promise<ConnectionReport> {
  const known = { certificate: path, place: options.place };
  try {
    const file = await readCertificateFile(path);
    const { found, chain } = await judgeServed(file, issuers, options);
    const report = withWarnings(file, { ...known, life: lifeOf(file.certificate), ...found });
    // Whatever the server sends or not, the certificate must be replaced.
    const kept = await keptRevocation(examine(file, issuers, options, chain));
    return kept === undefined ? report : { ...report, noResponder: false, verdict: verdictWithKept(report, kept) };
  } catch (error) {
    return { ...known, ...notJudged(error) };
  }
}

/** What the server sends, judged; `chain` may hold the issuer. */
async function judgeServed(
  file: CertificateFile,
  issuers: IssuerFinder,
  options: VerifyConnectionOptions,
): Promise<{ readonly found: ConnectionReport; readonly chain: readonly Certificate[] }> {
  try {
    const local = await issuers.findLocal(file);
    const sent = await probePlace(options, keyTypeOf(file.certificate), file.certificate);
    const settings = withUntrusted(options, local?.companions() ?? []);
    const found = judgeSent(sent, { ...options, ...settings }, file, local?.certificate);
    const chain = decodeSound(sent.certificates);
    if (found.verdict !== undefined || found.trouble?.code !== 'issuer-not-found') return { found, chain };
    // An --issuer file of the right name says more than that the server sends none.
    const why = await issuers.whyNone(file, { seen: chain, hint: found.trouble.hint });
    return { found: why.code === 'issuer-not-found' ? found : { ...found, ...notJudged(why) }, chain };
  } catch (error) {
    return { found: { place: options.place, ...notJudged(error) }, chain: [] };
  }
}

function judgeSent(
  sent: ProbeResult,
  options: VerifyConnectionOptions,
  file?: CertificateFile,
  knownIssuer?: Certificate,
): ConnectionReport {
  const { place, now } = options;
  const { certificates: sentCertificates, staple: sentStaple } = sent;
  const expectedCertificate = file?.certificate;
  const expectedStaple = file === undefined ? undefined : stapleOf(file, options);
  const fault = compareStaple(definedOnly({ sentCertificates, sentStaple, expectedCertificate, expectedStaple, now }));
  const [own, ...others] = decodeSound(sentCertificates);
  const nothing = definedOnly({ place, noResponder: false, fault });
  if (own === undefined) return nothing;
  const findings = connectionFindings(sent, own, place);
  const facts = { place, sent: describeSent(sent, own), life: lifeOf(expectedCertificate ?? own) };
  const seen = { ...facts, ...(findings.length === 0 ? {} : { findings }) };
  // A staple for another certificate says nothing here.
  if (fault?.code === 'other-certificate') return { ...nothing, ...seen };
  const trust = (): Trust => trustFor(others, knownIssuer, options);
  if (sentStaple !== undefined) {
    const found = judged(() => reportedOnSent(sentStaple, own, trust(), options));
    return { ...seen, ...definedOnly({ fault }), ...found };
  }
  const needsNone = responderUrls(own, undefined).length === 0 && !own.mustStaple && expectedStaple === undefined;
  if (needsNone && fault?.code === 'nothing-stapled') return { ...seen, ...judged(() => withoutStaple(own, trust())) };
  return { ...nothing, ...seen };
}

/** Where the issuer is missing, what was seen of the server still is worth saying. */
function judged(judge: () => Judgement): Judgement {
  try {
    return judge();
  } catch (error) {
    return notJudged(error);
  }
}

/** No staple, and none needed: but a server whose chain reaches nothing trusted is not the one that was meant. */
function withoutStaple(own: Certificate, trust: Trust): Judgement {
  const anchoring = chainToAnchor(issuerAmong(own, trust), trust);
  if ('chain' in anchoring) return noResponderNeeded(own);
  return reported({ kind: 'invalid', failure: anchoring.failure, findings: [] }, 'handshake');
}

/** Where the issuer may be found, and what its chain has to reach; `untrusted` is what the server sent. */
type Trust = Required<AnchorOptions>;

/** The caller's --ca, else the issuer at hand, else the system's roots; in between files, and what the server sent. */
function trustFor(
  others: readonly Certificate[],
  knownIssuer: Certificate | undefined,
  { anchors, untrusted, now, systemRoots }: VerifyConnectionOptions,
): Trust {
  const known = knownIssuer === undefined ? [] : [knownIssuer];
  // Nobody named the system's roots individually.
  const roots = (): Certificate[] => systemRoots().filter((root) => authorityFailure(root, 'local') === undefined);
  const trusted = anchors.length > 0 ? anchors : knownIssuer === undefined ? roots() : known;
  return { anchors: trusted, local: [...known, ...untrusted], untrusted: others, now };
}

/** Throws OcspError `issuer-not-found`, `issuer-unsupported`. */
function issuerAmong(own: Certificate, { anchors, local, untrusted }: Trust): Certificate {
  const issuer =
    chooseIssuer(own, local, 'local') ??
    chooseIssuer(own, untrusted, 'elsewhere') ??
    chooseIssuer(own, anchors, 'anchor');
  if (issuer !== undefined) return issuer;
  throw noIssuerAmong(own, [...local, ...untrusted, ...anchors]);
}

/** What is too large for a server in its file is so in its handshake. */
function reportedOnSent(
  staple: Uint8Array,
  own: Certificate,
  trust: Trust,
  options: VerifyConnectionOptions,
): Judgement {
  const verdict = verdictOnSent(staple, own, trust, options);
  const { server } = options;
  const trouble = server === undefined || verdict.kind !== 'good' ? undefined : sizeTrouble(server, staple);
  return trouble === undefined ? reported(verdict, 'handshake') : { noResponder: false, trouble };
}

function verdictOnSent(staple: Uint8Array, own: Certificate, trust: Trust, options: VerifyConnectionOptions): Verdict {
  const issuer = issuerAmong(own, trust);
  const verdict = verdictOn(staple, { certificate: own }, issuer, { ...options, anchors: [] });
  if (!isBelieved(verdict)) return verdict;
  const anchoring = chainToAnchor(issuer, trust);
  if ('failure' in anchoring) return { ...verdict, kind: 'invalid', failure: anchoring.failure };
  const findings = [...verdict.findings, ...chainFindings(issuer, anchoring), ...validityFindings(own, trust.now)];
  return { ...verdict, findings };
}

/** A current staple does not help a certificate that clients refuse for its dates; that it is over is said of every certificate. */
function validityFindings(own: Certificate, now: Date): Finding[] {
  if (own.notBefore <= now) return [];
  const message = `the certificate that the server sends begins at ${formatTime(own.notBefore)}`;
  return [{ rule: 'certificate-outside-validity', severity: 'error', message, source: 'RFC 5280 §4.1.2.5' }];
}

function stapleOf(file: CertificateFile, options: VerifyConnectionOptions): Uint8Array | undefined {
  const path = options.response ?? staplePathFor(file.path, file.certificate, options.out);
  const bytes = readResponseFile(path);
  return bytes === undefined || bytes.length === 0 ? undefined : bytes;
}
