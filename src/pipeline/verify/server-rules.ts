import {
  decodeResponse,
  isBelieved,
  isResponse,
  type BelievedEvidence,
  type Failure,
  type FailureCode,
  type Finding,
  type Verdict,
} from '../../core/index.js';
import { failure } from '../../core/verify/failure.js';
import { formatTime } from '../../core/time.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { configuredAs, type HaproxyConfiguration } from '../../servers/haproxy/configuration.js';
import { remarkByConfiguration } from '../../servers/haproxy/next-start.js';
import {
  tooLargeForClients,
  tooLargeInFile,
  type BadFile,
  type Server,
  type ServerRules,
} from '../../servers/server.js';
import { servers } from '../../servers/servers.js';
import type { CertificateFile } from '../../source/certificate-file.js';
import type { IssuerFinder } from '../../source/issuer-finder.js';
import { issuerPathOf, readIssuerFile } from '../fetch/issuer-file.js';
import type { ServerTroubleCode, Trouble } from '../trouble.js';

type RuledServer = Extract<(typeof servers)[number], { readonly rules: ServerRules }>;

/** The name of a server whose rules are known. */
export type StaplingServer = RuledServer['name'];

/** Servers that staple from a file, and whose rules are known. */
export const staplingServers: readonly StaplingServer[] = servers.flatMap((server) =>
  'rules' in server ? [server.name] : [],
);

function rulesOf(name: StaplingServer): ServerRules {
  const rules = (servers as readonly Server[]).find((one) => one.name === name)?.rules;
  if (rules === undefined) throw new TypeError(`there are no rules of ${name}`);
  return rules;
}

/** What a server does with such a file, in a clause with the versions that were measured. */
export function withBadFile(server: StaplingServer, kind: BadFile): string {
  const { measured, withBadFile: deeds } = rulesOf(server);
  return `${server} (${measured}) ${deeds[kind]}`;
}

/** Failures that are about a file of which every server's deed is known. */
const badFiles: Readonly<Partial<Record<FailureCode, BadFile>>> = {
  expired: 'expired',
  'cert-id-mismatch': 'foreign',
};

/** The failure, and what the server does with such a file. */
function withDeed(server: StaplingServer, found: Failure): Failure {
  const kind = badFiles[found.code];
  if (kind === undefined) return found;
  return { ...found, message: `${found.message}: ${withBadFile(server, kind)}` };
}

/**
 * Whether a server would take this response and serve it: the verdict as it was, or `invalid` with the failure for which
 * the server would not, and with what it then does. Skew never extends nextUpdate here.
 */
export function judgeForServer(verdict: Verdict, server: StaplingServer, bytes: Uint8Array, now: Date): Verdict {
  if (verdict.kind === 'invalid') return { ...verdict, failure: withDeed(server, verdict.failure) };
  if (!isBelieved(verdict)) return verdict;
  const refusal = refusalBy(server, verdict, now);
  if (refusal !== undefined) return { ...verdict, kind: 'invalid', failure: withDeed(server, refusal) };
  return { ...verdict, findings: [...verdict.findings, ...findingsFor(server, bytes)] };
}

/** Why a server would not serve this response, although nothing is wrong with that: it is too large. */
export function sizeTrouble(server: StaplingServer, bytes: Uint8Array): Trouble | undefined {
  const what =
    tooLargeInFile({ name: server, rules: rulesOf(server) }, bytes.length) ?? tooLargeForClients(bytes.length);
  if (what === undefined) return undefined;
  const hint = 'ask the CA for a smaller response, with fewer certificates in it';
  return serverTrouble('too-large', `the response has ${bytes.length} octets, and ${what}`, hint);
}

/** Why a server would not start with the staple of a certificate: it wants the issuer at hand. */
export function issuerTrouble(
  server: StaplingServer,
  file: CertificateFile,
  issuers: Pick<IssuerFinder, 'choose'>,
): Trouble | undefined {
  if (rulesOf(server).wantsIssuer !== true) return undefined;
  const name = shownPath(issuerPathOf(file.path));
  const isInFile = issuers.choose(file.certificate, file.others) !== undefined;
  const state = readIssuerFile(file);
  if (state === 'unfit') {
    const message = `${server} does not start with this staple: ${name} does not begin with the issuer of the certificate`;
    const hint = isInFile
      ? `remove ${name}: the file of the certificate has its issuer`
      : `write the issuer there, in PEM`;
    return serverTrouble('issuer-stale', message, hint);
  }
  if (isInFile || state === 'fits') return undefined;
  const message = `${server} does not start with this staple: the issuer is neither in ${shownPath(file.path)} nor in ${name}`;
  return serverTrouble(
    'issuer-missing',
    message,
    `append the CA certificate to the file, or save it as ${name}, in PEM`,
  );
}

/** Why a server would not start with a response that the issuer signed itself: it has to find that issuer. */
export function signerTrouble(
  server: StaplingServer,
  file: CertificateFile,
  verdict: Verdict,
  bytes: Uint8Array,
): Trouble | undefined {
  if (rulesOf(server).wantsSigner !== true || !isBelieved(verdict) || verdict.responder.kind !== 'issuer')
    return undefined;
  const response = decodeResponse(bytes);
  const embedded = isResponse(response) && response.status === 'successful' ? response.basic.certificates : [];
  if (file.others.length + embedded.length > 0) return undefined;
  const message = `${server} does not start with this staple (signer certificate not found): neither the response nor ${shownPath(file.path)} has the issuer that signed it`;
  return serverTrouble('issuer-missing', message, 'append the CA certificate to the file of the certificate, in PEM');
}

/** Why haproxy would not find the staple at its next start, by its configuration. */
export function placeTrouble(
  server: StaplingServer,
  path: FilePath,
  staplePath: FilePath,
  haproxy: HaproxyConfiguration | undefined,
): Trouble | undefined {
  if (server !== 'haproxy' || haproxy === undefined) return undefined;
  const entries = configuredAs(haproxy, path);
  const remarks = entries.map((entry) => remarkByConfiguration({ staplePath }, entry));
  const { message, hint } = remarks.find((remark) => remark !== undefined) ?? {};
  if (message === undefined || hint === undefined) return undefined;
  return serverTrouble('gone-with-reload', message, hint);
}

/** The finding that the configuration of --haproxy-config says nothing of a certificate. */
export function findingOfPlace(
  server: StaplingServer | undefined,
  path: FilePath,
  haproxy: HaproxyConfiguration | undefined,
): Finding | undefined {
  if (server !== 'haproxy' || haproxy === undefined || configuredAs(haproxy, path).length > 0) return undefined;
  const message = `no file of --haproxy-config loads ${shownPath(path)}: where haproxy reads its staple from is not known`;
  return { rule: 'not-in-configuration', severity: 'warning', message, source: '--haproxy-config' };
}

function serverTrouble(code: ServerTroubleCode, message: string, hint: string): Trouble {
  return { kind: 'server', code, message, hint };
}

function refusalBy(
  server: StaplingServer,
  { statement, statementCount }: BelievedEvidence,
  now: Date,
): Failure | undefined {
  const { takesOneStatementOnly, takesSha1Only, wantsNextUpdate, stopsBefore = 0 } = rulesOf(server);
  const { certId, nextUpdate } = statement;
  if (takesOneStatementOnly === true && statementCount !== 1) {
    const message = `${server} takes a response with one SingleResponse, this one has ${statementCount}`;
    return failure('several-responses', message, { count: statementCount });
  }
  if (takesSha1Only === true && certId.hashAlgorithm !== 'sha1') {
    const message = `${server} finds its certificate only by a SHA-1 CertID, this one uses ${certId.hashAlgorithm}`;
    return failure('cert-id-hash-differs', message, { hashAlgorithm: certId.hashAlgorithm, expected: 'sha1' });
  }
  if (nextUpdate === undefined) {
    if (wantsNextUpdate !== true) return undefined;
    return failure('no-next-update', `${server} refuses a response without nextUpdate`);
  }
  const remaining = nextUpdate.getTime() - now.getTime();
  const values = { nextUpdate: formatTime(nextUpdate), now: formatTime(now) };
  if (remaining <= 0) return failure('expired', `the response expired at ${values.nextUpdate}`, values);
  if (remaining > stopsBefore) return undefined;
  const message = `${server} stops stapling ${stopsBefore / 1000} s before nextUpdate, which is ${values.nextUpdate}`;
  return failure('too-short', message, values);
}

function findingsFor(server: StaplingServer, bytes: Uint8Array): Finding[] {
  const { laxness, largestOverSocket, fetchesItself } = rulesOf(server);
  const findings: Finding[] = [];
  if (laxness !== undefined) {
    const message = `${server} serves ${laxness.serves}, and reads it again only when told: keep refreshing it`;
    findings.push({ rule: laxness.rule, severity: 'info', message, source: `measured with ${server}` });
  }
  if (fetchesItself !== undefined) {
    const source = `measured with ${server}`;
    findings.push({
      rule: 'server-fetches-itself',
      severity: 'info',
      message: `${server} also ${fetchesItself}`,
      source,
    });
  }
  if (largestOverSocket !== undefined && bytes.length > largestOverSocket && sizeTrouble(server, bytes) === undefined) {
    const message = `with ${bytes.length} octets it is too large for the admin socket: raise tune.bufsize, or reload ${server}`;
    findings.push({ rule: 'too-large-for-socket', severity: 'warning', message, source: 'haproxy tune.bufsize 16384' });
  }
  return findings;
}
