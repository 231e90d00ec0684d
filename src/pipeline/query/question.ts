import {
  isBelieved,
  type Certificate,
  type ExpectedNonce,
  type Finding,
  type HashAlgorithm,
  type Verdict,
} from '../../core/index.js';
import { chooseIssuer } from '../../core/certificate/issuance.js';
import { definedOnly } from '../../core/defined-only.js';
import { chainToAnchor } from '../../core/verify/anchor.js';
import type { Budget } from '../fetch/budget.js';
import type { FetchOptions, FetchTools } from '../fetch/fetch-job.js';
import { findIssuer } from '../fetch/find-issuer.js';
import type { OverriddenResponders } from '../fetch/responder-override.js';
import { chainFindings, verdictOn } from '../verify/verdict-on.js';
import type { VerifyStapleOptions } from '../verify/verify-report.js';
import { givenIssuer, withUntrusted, type Examination } from '../verify/verify-staple.js';
import type { QuerySubject } from './query-subject.js';

type AskingOptions =
  'url' | 'hash' | 'nonce' | 'strict' | 'method' | 'headers' | 'timeoutMilliseconds' | 'connectTimeoutMilliseconds';

type JudgingOptions = 'trustedResponders' | 'anchors' | 'anchorFlag' | 'untrusted' | 'skewMilliseconds';

/** How responders are asked and by what they are judged; durations in milliseconds. */
export interface QueryOptions
  extends Pick<FetchOptions, AskingOptions | 'retries' | 'downloadIssuer'>, Pick<VerifyStapleOptions, JudgingOptions> {
  /** What the issuer that a server sends should lead to, where no --ca is given. */
  readonly systemRoots: () => readonly Certificate[];
}

/** What queries work with; one set serves a whole run. */
export type QueryTools = Pick<
  FetchTools,
  'client' | 'gate' | 'issuers' | 'downloadedIssuers' | 'signal' | 'now' | 'randomBytes'
>;

/** A certificate with all that is needed to ask about it and to judge the answer. */
export interface Question {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly responders: OverriddenResponders;
  /** For what fetch has kept against it. */
  readonly examination: Examination;
  /** The verdict as of now on what a responder sent to a request in this hash and with this nonce, whatever it sent. */
  verdictOn(bytes: Uint8Array, asked: { readonly hash: HashAlgorithm; readonly nonce?: ExpectedNonce }): Verdict;
}

/**
 * Finds the issuer, in a download too where that is allowed.
 *
 * @throws OcspError `issuer-not-found`, `issuer-mismatch`, `issuer-unsupported`, `interrupted`
 */
export async function prepareQuestion(
  subject: QuerySubject,
  responders: OverriddenResponders,
  { options, tools, budget }: { readonly options: QueryOptions; readonly tools: QueryTools; readonly budget: Budget },
): Promise<Question> {
  const { file, sent } = subject;
  const { certificate } = file;
  const { issuers } = tools;
  const given = await givenIssuer(file, issuers, options, []);
  const issuer = given?.certificate ?? (await issuerFromElsewhere(subject, options, tools, budget));
  const companions = given?.companions ?? ((): readonly Certificate[] => []);
  const settings = withUntrusted(judgingOptions(options, tools), companions());
  const trust = { issuer, sent, isVouchedFor: given !== undefined, systemRoots: options.systemRoots };
  return {
    certificate,
    issuer,
    responders,
    examination: {
      file,
      options: settings,
      issuers,
      issuer: () => Promise.resolve({ certificate: issuer, companions }),
    },
    verdictOn: (bytes, { hash, nonce }) => {
      const asked = { ...settings, now: tools.now(), ...definedOnly({ nonce }) };
      const verdict =
        sent === undefined
          ? verdictOn(bytes, { certificate }, issuer, asked)
          : anchored(verdictOn(bytes, { certificate }, issuer, { ...asked, anchors: [] }), trust, asked);
      return withAnswerFindings(verdict, hash, nonce);
    },
  };
}

/** By what an answer is judged now. */
export function judgingOptions(options: QueryOptions, tools: QueryTools): VerifyStapleOptions {
  const { trustedResponders, anchors, anchorFlag, untrusted, skewMilliseconds } = options;
  const now = tools.now();
  return definedOnly({
    trustedResponders,
    anchors,
    anchorFlag,
    untrusted,
    skewMilliseconds,
    now,
    ignoreTimes: false,
  });
}

/** From the handshake, else downloaded. */
async function issuerFromElsewhere(
  { file, sent = [] }: QuerySubject,
  options: QueryOptions,
  tools: QueryTools,
  budget: Budget,
): Promise<Certificate> {
  const ofServer = chooseIssuer(file.certificate, sent, 'elsewhere');
  if (ofServer !== undefined) return ofServer;
  const download = options.downloadIssuer ? { options, tools, budget } : undefined;
  return (await findIssuer(file, tools.issuers, download)).issuer;
}

/** Where the issuer of a server's certificate comes from. */
interface Trust {
  readonly issuer: Certificate;
  readonly sent: readonly Certificate[] | undefined;
  /** It is in a file of this machine. */
  readonly isVouchedFor: boolean;
  readonly systemRoots: () => readonly Certificate[];
}

/** The chain must reach --ca, an issuer that was named, or a root of this system, as with `verify --connect`. */
function anchored(
  verdict: Verdict,
  { issuer, sent = [], isVouchedFor, systemRoots }: Trust,
  { anchors, untrusted, now }: VerifyStapleOptions,
): Verdict {
  if (!isBelieved(verdict)) return verdict;
  if (anchors.length === 0 && isVouchedFor) return verdict;
  const trusted = anchors.length > 0 ? anchors : systemRoots();
  const anchoring = chainToAnchor(issuer, { anchors: trusted, untrusted: sent, local: untrusted, now });
  if ('chain' in anchoring) return { ...verdict, findings: [...verdict.findings, ...chainFindings(issuer, anchoring)] };
  return { ...verdict, kind: 'invalid', failure: anchoring.failure };
}

/** What is odd in a believed answer, other than in a stored one. */
function withAnswerFindings(verdict: Verdict, hash: HashAlgorithm, nonce: ExpectedNonce | undefined): Verdict {
  if (!isBelieved(verdict)) return verdict;
  const findings: Finding[] = [];
  const { hashAlgorithm } = verdict.statement.certId;
  if (hashAlgorithm !== hash) {
    const message = `the responder was asked in ${hash} and answered in ${hashAlgorithm}`;
    findings.push({ rule: 'cert-id-hash-differs', severity: 'warning', message, source: 'RFC 6960 §4.1.1' });
  }
  if (nonce !== undefined && verdict.nonce === undefined) findings.push(noEcho);
  return findings.length === 0 ? verdict : { ...verdict, findings: [...verdict.findings, ...findings] };
}

const noEcho: Finding = {
  rule: 'nonce-not-echoed',
  severity: 'warning',
  message: 'the responder did not echo the nonce: the answer may come from a cache',
  source: 'RFC 9654 §2.1',
};
