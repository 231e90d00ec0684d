import { isIP } from 'node:net';
import { createCertId, type Certificate } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { unlessOcspError } from '../../core/ocsp-error.js';
import {
  placesToAsk,
  type CertificateSubject,
  type Discoverer,
  type FoundServer,
  type LoadedState,
  type UsedCertificate,
} from '../../servers/discovery.js';
import { readCertificateFile, readCertificateFileNow, type CertificateFile } from '../../source/certificate-file.js';
import type { IssuerFinder } from '../../source/issuer-finder.js';
import { readResponseFile } from '../../source/response-file.js';
import { readingObstacle } from '../../system/reading-obstacle.js';
import { keyTypeOf } from '../reload/prove-by-handshake.js';
import { troubleOfError, type Trouble } from '../trouble.js';
import { windowOfVerdict } from '../fetch/staple-state.js';
import { reportCertificate, type CertificateReport } from '../verify/certificate-report.js';
import { staplingServers, type StaplingServer } from '../verify/server-rules.js';
import type { FileReport, VerifyReport } from '../verify/verify-report.js';
import { verifyStaple } from '../verify/verify-staple.js';
import type { CertificateFacts, HandshakeFacts, Refresher, StapleFacts } from './doctor-report.js';
import { shakeHands } from './handshakes.js';
import { strangerTo } from './host-files.js';
import type { Refreshers } from './refreshers.js';

/** What it takes to examine certificates; one set serves a whole host. */
export interface ExaminationTools {
  readonly issuers: IssuerFinder;
  readonly refreshers: Refreshers;
  /** Asks the responder of a certificate now; absent where nothing may be sent off the host. */
  readonly query?: (file: CertificateFile) => Promise<VerifyReport>;
  readonly now: Date;
  readonly skewMilliseconds: number;
  /** Of one handshake. */
  readonly timeoutMilliseconds: number;
  /** Places that did not answer in time. */
  readonly silentPlaces: Set<string>;
  readonly signal: AbortSignal;
}

/** A certificate of a server whose file was read, or could not be. */
export interface Candidate {
  readonly server: FoundServer;
  readonly discoverer: Discoverer;
  readonly used: UsedCertificate;
  readonly file?: CertificateFile;
  readonly issuer?: Certificate;
  /** Why there is no file. */
  readonly trouble?: Trouble;
  /** Who besides root decides what the configuration says of it, where this process is root. */
  readonly stranger?: string;
}

/** All that was found of a certificate of a server. */
export interface Examination extends Candidate {
  readonly report?: CertificateReport;
  readonly facts?: CertificateFacts;
  readonly staple?: StapleFacts;
  /** The judgement of the staple's file, where it is there. */
  readonly stapleReport?: FileReport;
  readonly loaded?: LoadedState;
  readonly handshakes: readonly HandshakeFacts[];
  /** What the responder says now, where it was asked. */
  readonly answer?: VerifyReport;
  readonly refreshedBy: readonly Refresher[];
}

/** Reads the certificate and looks for its issuer in files; what goes wrong is in the result. */
export async function readCandidate(
  { found: server, discoverer }: { readonly found: FoundServer; readonly discoverer: Discoverer },
  used: UsedCertificate,
  issuers: IssuerFinder,
  isRoot?: boolean,
): Promise<Candidate> {
  const stranger = server.stranger ?? strangerTo(used.position === undefined ? [] : [used.position.file], isRoot);
  try {
    const file = withChain(await readCertificateFile(used.certificate), used.chainFile);
    const issuer = await issuers.findLocal(file);
    return definedOnly({ server, discoverer, used, file, issuer: issuer?.certificate, stranger });
  } catch (error) {
    return definedOnly({ server, discoverer, used, trouble: troubleOfError(error), stranger });
  }
}

/** The certificates of another file count as if they were in the same one; a file that cannot be read has none. */
function withChain(file: CertificateFile, chainFile: string | undefined): CertificateFile {
  const chain = chainFile === undefined ? undefined : unlessOcspError(() => readCertificateFileNow(chainFile));
  return chain === undefined ? file : { ...file, others: [...file.others, chain.certificate.der, ...chain.others] };
}

/** What its server is asked about it; undefined where it was not read. */
export function subjectOf({ file, issuer, used }: Candidate): CertificateSubject | undefined {
  if (file === undefined) return undefined;
  const { places, stapleFile } = used;
  const { path: certificatePath, certificate } = file;
  const certId = issuer === undefined ? undefined : unlessOcspError(() => createCertId(certificate, issuer, 'sha1'));
  const staple = stapleFile === undefined ? undefined : bytesIn(stapleFile);
  return definedOnly({ certificatePath, certificate, certId, staple, places });
}

/** More places tell nothing new: a certificate of a hundred server blocks is the same in all. */
const maximumPlaces = 4;

/** Judges the staple on disk, shakes hands with the server, and looks who refreshes it. Throws OcspError `interrupted`. */
export async function examineCertificate(
  candidate: Candidate,
  loaded: LoadedState | undefined,
  tools: ExaminationTools,
): Promise<Examination> {
  const { file, issuer, used, server } = candidate;
  if (file === undefined) return { ...candidate, handshakes: [], refreshedBy: [] };
  const { certificate } = file;
  const { stapleReport, staple, bytes } = await examineStaple(candidate, tools);
  const places = server.pid === undefined ? [] : placesToAsk(used, maximumPlaces);
  const handshakes = await Promise.all(
    places.map((place) =>
      shakeHands(place, {
        certificate,
        issuer,
        // What it fetches itself may be newer than the file.
        expectedStaple: used.ownFetching === undefined ? bytes : undefined,
        fetchesByItself: used.ownFetching !== undefined,
        ...tools,
      }),
    ),
  );
  // Of a certificate that may be on any of them, ports with another one say nothing.
  const isShown = ({ outcome }: HandshakeFacts): boolean =>
    used.isNamedByNoLine !== true || (outcome !== 'other-certificate' && outcome !== 'not-reached');
  const owner = used.stapleFile === undefined ? undefined : { certificate: file.path, staple: used.stapleFile };
  const ownRefresher = ownRefresherOf(candidate, loaded, handshakes);
  const report = reportCertificate(certificate);
  const answer = report.missingResponder === undefined ? await tools.query?.(file) : undefined;
  return definedOnly({
    ...candidate,
    report,
    facts: certificateFacts(certificate, report, issuer !== undefined),
    staple,
    stapleReport,
    loaded,
    handshakes: handshakes.filter(isShown),
    answer,
    refreshedBy: [...(ownRefresher ?? []), ...(owner === undefined ? [] : tools.refreshers.of(owner))],
  });
}

/** What a certificate says, as far as it bears on its staple. */
export function certificateFacts(
  certificate: Certificate,
  report: CertificateReport,
  isIssuerKnown: boolean,
): CertificateFacts {
  const { subject, issuer, serialNumber, notBefore, notAfter, ocspUris, mustStaple, shortLived } = report;
  return definedOnly({
    subject,
    issuer,
    serialNumber,
    notBefore,
    notAfter,
    keyType: keyTypeOf(certificate),
    ocspUris,
    mustStaple,
    shortLived,
    isIssuerKnown,
  });
}

function ownRefresherOf(
  candidate: Candidate,
  loaded: LoadedState | undefined,
  handshakes: readonly HandshakeFacts[],
): Refresher[] | undefined {
  const { server, used } = candidate;
  const { ownFetching } = used;
  if (ownFetching === undefined) return undefined;
  if (lacksResolver(candidate) && !handshakes.some(({ outcome }) => outcome === 'served')) return undefined;
  if (loaded?.ownFetching?.isFailing === true) return undefined;
  const next = loaded?.ownFetching?.next;
  const when = next === undefined ? ownFetching.when : `next ${next}`;
  return [definedOnly({ by: ownFetching.by ?? server.name, where: ownFetching.setting, when })];
}

/** The server fetches by itself, and knows only the addresses that the responder's name had when the server started, if any. */
export function lacksResolver({ used, file }: Candidate): boolean {
  if (used.ownFetching?.hasNoResolver !== true) return false;
  const [uri = ''] = file?.certificate.ocspUris ?? [];
  return !URL.canParse(uri) || isIP(new URL(uri).hostname.replace(/^\[(.*)\]$/, '$1')) === 0;
}

interface ExaminedStaple {
  readonly staple?: StapleFacts;
  readonly stapleReport?: FileReport;
  readonly bytes?: Uint8Array;
}

async function examineStaple({ used, file, server }: Candidate, tools: ExaminationTools): Promise<ExaminedStaple> {
  const { stapleFile } = used;
  if (stapleFile === undefined || file === undefined) return {};
  const bytes = bytesIn(stapleFile);
  const options = {
    // A template's braces in a real name stay what they are.
    ...(/[{}]/.test(stapleFile) ? { response: stapleFile } : { out: stapleFile }),
    now: tools.now,
    skewMilliseconds: tools.skewMilliseconds,
    ignoreTimes: false,
    trustedResponders: [],
    anchors: [],
    untrusted: [],
    ...definedOnly({ server: staplingServers.find((name): name is StaplingServer => name === server.name) }),
  };
  const stapleReport = await verifyStaple(file.path, tools.issuers, options);
  const { verdict, trouble, nextRefresh, alertFrom } = stapleReport;
  const isThere = trouble?.code !== 'response-missing' && !stapleReport.noResponder;
  const statement = verdict?.statement;
  const staple = definedOnly({
    file: stapleFile,
    isThere,
    verdict: verdict?.kind,
    code: isThere ? trouble?.code : undefined,
    thisUpdate: statement?.thisUpdate,
    nextUpdate: statement?.nextUpdate,
    validUntil: verdict === undefined ? undefined : windowOfVerdict(verdict)?.end,
    nextRefresh,
    alertFrom,
    obstacle: server.reader === undefined ? undefined : readingObstacle(stapleFile, server.reader),
  });
  return definedOnly({ staple, stapleReport, bytes });
}

/** Undefined for an empty file and one that cannot be read: the judgement says why. */
function bytesIn(stapleFile: string): Uint8Array | undefined {
  try {
    const bytes = readResponseFile(stapleFile);
    return bytes?.length === 0 ? undefined : bytes;
  } catch {
    return undefined;
  }
}
