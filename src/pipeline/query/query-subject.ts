import { distinguishedNameToString, type Certificate } from '../../core/index.js';
import { bytesEqual } from '../../core/bytes.js';
import { shownHostAndPort } from '../../system/network/host-and-port.js';
import type { ProbeResult } from '../../probe/probe-request.js';
import { decodeSound, type CertificateFile } from '../../source/certificate-file.js';
import { responderUrls } from '../fetch/fetch-job.js';
import {
  connectionFindings,
  describeSent,
  probeKeyTypes,
  type ConnectionOptions,
} from '../verify/sent-certificates.js';
import type { ConnectionReport, FileReport, VerifyReport } from '../verify/verify-report.js';

type KnownOf<Report extends VerifyReport> = Pick<
  Report,
  'certificate' | 'subject' | 'place' | 'sent' | 'findings' | 'warnings'
>;

/** One certificate to ask about. */
export interface QuerySubject {
  readonly file: CertificateFile;
  /** What is known of it before anybody is asked. */
  readonly known: KnownOf<FileReport> | KnownOf<ConnectionReport>;
  /** The certificates that came with it in a handshake; undefined for a file. */
  readonly sent?: readonly Certificate[];
}

/** The certificate of a file; with `isChain` every certificate in it that names a responder, the first in any case. */
export function subjectsOfFile(file: CertificateFile, isChain: boolean): QuerySubject[] {
  const { path, warnings } = file;
  const known = { certificate: path, ...(warnings.length === 0 ? {} : { warnings }) };
  if (!isChain) return [{ file, known }];
  return membersOf([file.certificate, ...decodeSound(file.others)]).map(({ certificate, others }, index) => ({
    file: { ...file, certificate, others },
    known: {
      ...(index === 0 ? known : { certificate: path }),
      subject: distinguishedNameToString(certificate.subject),
    },
  }));
}

/**
 * The certificates that a server sends, one for each key type that it has; with `isChain` the others of the handshake that
 * name a responder too.
 *
 * @throws OcspError as `probeServer` does
 */
export async function subjectsOfServer(options: ConnectionOptions, isChain: boolean): Promise<QuerySubject[]> {
  const found = await probeKeyTypes(options);
  const subjects = found.flatMap((handshake) => subjectsOfHandshake(handshake, options, isChain));
  // Two key types mostly share the certificates above them.
  return withoutRepetitions(subjects, ({ file }) => file.certificate);
}

function subjectsOfHandshake(handshake: ProbeResult, { place }: ConnectionOptions, isChain: boolean): QuerySubject[] {
  const [own, ...sent] = decodeSound(handshake.certificates);
  if (own === undefined) return [];
  const fileOf = (certificate: Certificate): CertificateFile => {
    return { path: shownHostAndPort(place), certificate, others: [], warnings: [], version: undefined, isSent: true };
  };
  const findings = connectionFindings(handshake, own, place);
  const known = { place, sent: describeSent(handshake, own), ...(findings.length === 0 ? {} : { findings }) };
  if (!isChain) return [{ file: fileOf(own), known, sent }];
  return membersOf([own, ...sent]).map(({ certificate }, index) => ({
    file: fileOf(certificate),
    known: { ...(index === 0 ? known : { place }), subject: distinguishedNameToString(certificate.subject) },
    sent: [own, ...sent],
  }));
}

/** Those to ask about, each with the others beside it: its issuer is mostly the next. */
function membersOf(chain: readonly Certificate[]): { certificate: Certificate; others: readonly Uint8Array[] }[] {
  const distinct = withoutRepetitions(chain, (certificate) => certificate);
  return distinct
    .filter((certificate, index) => index === 0 || responderUrls(certificate, undefined).length > 0)
    .map((certificate) => ({
      certificate,
      others: distinct.filter((other) => other !== certificate).map(({ der }) => der),
    }));
}

function withoutRepetitions<Item>(items: readonly Item[], certificateOf: (item: Item) => Certificate): Item[] {
  return items.filter((item, index) => {
    const { der } = certificateOf(item);
    return !items.slice(0, index).some((earlier) => bytesEqual(certificateOf(earlier).der, der));
  });
}
