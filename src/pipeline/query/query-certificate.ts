import {
  createCertId,
  createRequest,
  isBelieved,
  type Certificate,
  type Finding,
  type Verdict,
} from '../../core/index.js';
import { toHex } from '../../core/bytes.js';
import { definedOnly } from '../../core/defined-only.js';
import { spreadOf } from '../../core/schedule.js';
import { lifeOf } from '../certificate-life.js';
import { askResponders } from '../fetch/ask-in-turn.js';
import { startBudget, type Budget } from '../fetch/budget.js';
import { paddingWarnings, respondersFor } from '../fetch/fetch-job.js';
import { troubleOfResponse } from '../fetch/judge-response.js';
import { missingResponder } from '../fetch/missing-responder.js';
import type { OverriddenResponders } from '../fetch/responder-override.js';
import type { Trouble } from '../trouble.js';
import {
  noResponderNeeded,
  notJudged,
  type Judgement,
  type ResponderExchange,
  type VerifyReport,
} from '../verify/verify-report.js';
import { examine, keptRevocation, verdictWithKept, type Examination } from '../verify/verify-staple.js';
import type { ResponderProbe } from './probe-findings.js';
import { recordExchanges } from './recorded-exchange.js';
import type { QuerySubject } from './query-subject.js';
import { judgingOptions, prepareQuestion, type QueryOptions, type QueryTools, type Question } from './question.js';

/** What a query found. */
export type QueryReport = VerifyReport & {
  /** The response that was judged, exactly as it came. */
  readonly bytes?: Uint8Array;
  /** Every way in which the responders were asked, where all were tried. */
  readonly probes?: readonly ResponderProbe[];
};

/** What came of asking: the decisive answer, or why there is none. */
export type Asked = Judgement & Pick<QueryReport, 'bytes' | 'probes' | 'warnings' | 'asked' | 'findings'>;

/** Asks about a certificate whose responders are known. */
export type AskFor = (question: Question, options: QueryOptions, tools: QueryTools, budget: Budget) => Promise<Asked>;

/**
 * Asks the responders of one certificate now and judges what they answer. Nothing is stored, and nothing softened.
 *
 * @param ask how they are asked: in turn, as fetch does, by default
 * @returns a report; what goes wrong with this certificate is in it and never thrown
 * @throws OcspError `interrupted`, `usage`
 */
export async function queryCertificate(
  subject: QuerySubject,
  options: QueryOptions,
  tools: QueryTools,
  ask: AskFor = askInTurn,
): Promise<QueryReport> {
  const { certificate } = subject.file;
  const base = { ...subject.known, life: lifeOf(certificate), asked: {} };
  try {
    const responders = respondersFor(certificate, definedOnly({ url: options.url }));
    const { examination, ...asked } =
      responders.urls.length === 0
        ? {
            ...withoutResponder(certificate),
            examination: examine(subject.file, tools.issuers, judgingOptions(options, tools)),
          }
        : await askOf(subject, responders, { options, tools, ask });
    const { warnings = [], findings = [], ...answer } = asked;
    const padded = paddingWarnings(certificate, responders.urls);
    const report = { ...base, ...answer, ...allSaid(subject, [...padded, ...warnings], findings) };
    return subject.sent === undefined ? await withKept(report, examination) : report;
  } catch (error) {
    return { ...base, ...notJudged(error) };
  }
}

/** Finds the issuer and asks; whatever is needed takes at most one timeout for each round together, as in fetch. */
async function askOf(
  subject: QuerySubject,
  responders: OverriddenResponders,
  { options, tools, ask }: { readonly options: QueryOptions; readonly tools: QueryTools; readonly ask: AskFor },
): Promise<Asked & Pick<Question, 'examination'>> {
  const budget = startBudget(options.timeoutMilliseconds * (options.retries + 1));
  const question = await prepareQuestion(subject, responders, { options, tools, budget });
  return { ...(await ask(question, options, tools, budget)), examination: question.examination };
}

/** Where there is nobody to ask, clients of a Must-Staple certificate expect a staple all the same. */
function withoutResponder(certificate: Certificate): Asked {
  if (certificate.mustStaple) return { noResponder: false, trouble: missingResponder(certificate) };
  return noResponderNeeded(certificate);
}

/** What is said of the file or the handshake, then of the responders; an empty list is none. */
function allSaid(
  { known }: QuerySubject,
  warningsOfAnswer: readonly string[],
  findingsOfAnswer: readonly Finding[],
): Pick<QueryReport, 'warnings' | 'findings'> {
  const warnings = [...(known.warnings ?? []), ...warningsOfAnswer];
  const findings = [...(known.findings ?? []), ...findingsOfAnswer];
  return {
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(findings.length === 0 ? {} : { findings }),
  };
}

/** What fetch has kept against the certificate counts here as in `verify`. */
async function withKept(report: QueryReport, examination: Examination): Promise<QueryReport> {
  const kept = await keptRevocation(examination);
  if (kept === undefined || report.verdict?.kind === 'revoked') return report;
  const { asked = {}, life, warnings, findings, bytes, probes } = report;
  const seen = definedOnly({
    certificate: report.certificate,
    subject: report.subject,
    asked,
    life,
    warnings,
    findings,
  });
  const verdict = verdictWithKept(report, kept);
  return { ...seen, ...definedOnly({ bytes, probes }), response: kept.path, noResponder: false, verdict };
}

/** One answer, judged. */
interface Judged {
  readonly bytes: Uint8Array;
  readonly verdict: Verdict;
  readonly exchange: ResponderExchange | undefined;
  readonly trouble?: Trouble;
}

/** Asks as fetch does: the responders in turn, again after passing trouble, until one gives a believed answer. */
export async function askInTurn(
  question: Question,
  options: QueryOptions,
  tools: QueryTools,
  budget: Budget,
): Promise<Asked> {
  const { hash, strict } = options;
  const nonce = options.nonce ? tools.randomBytes(nonceOctets) : undefined;
  const expected = nonce === undefined ? undefined : { value: toHex(nonce), required: strict };
  const certIds = [createCertId(question.certificate, question.issuer, hash)];
  const requestDer = createRequest(definedOnly({ certIds, nonce }));
  const recorder = recordExchanges(tools.client, { urls: question.responders.urls, requestDer, hash });
  const judged: Judged[] = [];
  const result = await askResponders(
    {
      ...options,
      ...question.responders,
      client: recorder.client,
      gate: tools.gate,
      signal: tools.signal,
      now: () => tools.now(),
      requestDer,
      hasNonce: nonce !== undefined,
      spread: spreadOf(question.certificate),
      budget,
    },
    (bytes) => {
      const verdict = question.verdictOn(bytes, definedOnly({ hash, nonce: expected }));
      const answer = { bytes, verdict, exchange: recorder.last() };
      if (isBelieved(verdict)) {
        judged.push(answer);
        return { usable: { bytes, verdict, warnings: [] } };
      }
      const trouble = troubleOfResponse(verdict.failure, bytes);
      judged.push({ ...answer, trouble });
      return { trouble, isTransient: verdict.failure.values['responseStatus'] === 'tryLater' };
    },
  );
  const ending = 'trouble' in result ? result.trouble : undefined;
  const decisive = judged.find(({ trouble }) => trouble === ending) ?? judged.at(-1);
  const exchange = decisive === undefined ? recorder.last() : decisive.exchange;
  const seen = { asked: definedOnly({ exchange }), warnings: result.warnings, ...definedOnly({ trouble: ending }) };
  if (decisive === undefined) return { ...seen, noResponder: false };
  return { ...seen, noResponder: false, verdict: decisive.verdict, bytes: decisive.bytes };
}

/** RFC 9654 §2.1: a client sends 32 octets. */
export const nonceOctets = 32;
