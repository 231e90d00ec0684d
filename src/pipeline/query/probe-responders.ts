import { OcspError, createCertId, createRequest, isBelieved, type HashAlgorithm } from '../../core/index.js';
import { toHex } from '../../core/bytes.js';
import { definedOnly } from '../../core/defined-only.js';
import { askResponder } from '../../transport/ask-responder.js';
import { withoutCredentials } from '../../transport/target-url.js';
import { isUnanswered } from '../../transport/unanswered.js';
import { troubleOfResponse } from '../fetch/judge-response.js';
import { byGravity, graverTrouble, gravityOfVerdict } from '../gravity.js';
import { troubleOfError } from '../trouble.js';
import { nonceOctets, type AskFor } from './query-certificate.js';
import { isAnswered, probeFindings, type ResponderProbe } from './probe-findings.js';
import type { Question, QueryOptions, QueryTools } from './question.js';
import { recordExchanges } from './recorded-exchange.js';

/**
 * Asks every responder by POST and GET, in SHA-1 and SHA-256, without nonce and with one, each once. The verdict is the
 * gravest that comes in the hash of the options, or a revocation in the other; what differs is a finding.
 */
export const probeResponders: AskFor = async (question, options, tools) => {
  const probes: ResponderProbe[] = [];
  for (const url of question.responders.urls) {
    for (const method of ['post', 'get'] as const)
      probes.push(...(await probeByMethod(url, method, question, options, tools)));
  }
  const decisive = gravestOf(probes, options.hash);
  const { verdict, bytes, exchange, trouble } = decisive;
  const found = { asked: definedOnly({ exchange }), findings: probeFindings(probes), probes };
  if (verdict === undefined) return { ...found, noResponder: false, ...definedOnly({ trouble }) };
  return { ...found, noResponder: false, verdict, ...definedOnly({ bytes, trouble }) };
};

/** So many requests in a row without any answer, and the rest of that method is not tried. */
const unansweredInARow = 2;

async function probeByMethod(
  url: string,
  method: 'post' | 'get',
  question: Question,
  options: QueryOptions,
  tools: QueryTools,
): Promise<ResponderProbe[]> {
  const probes: ResponderProbe[] = [];
  let unanswered = 0;
  for (const hash of ['sha1', 'sha256'] as const) {
    for (const isNonceSent of [false, true]) {
      const way = { url: withoutCredentials(url), method, hash, isNonceSent };
      if (unanswered >= unansweredInARow) {
        probes.push({ ...way, trouble: troubleOfError(leftOut(way.url, method)) });
        continue;
      }
      const probe = await probeOnce({ ...way, url }, question, options, tools);
      unanswered = probe.isUnanswered ? unanswered + 1 : 0;
      probes.push({ ...probe.found, ...way });
    }
  }
  return probes;
}

function leftOut(url: string, method: string): OcspError {
  const message = `${url} was not asked any more: ${unansweredInARow} requests in a row by ${method.toUpperCase()} had no answer`;
  return new OcspError('responder-suspended', message, 'see whether this host reaches the responder');
}

type Found = Omit<ResponderProbe, 'url' | 'method' | 'hash' | 'isNonceSent'>;

async function probeOnce(
  { url, method, hash, isNonceSent }: Pick<ResponderProbe, 'url' | 'method' | 'hash' | 'isNonceSent'>,
  question: Question,
  options: QueryOptions,
  tools: QueryTools,
): Promise<{ readonly found: Found; readonly isUnanswered: boolean }> {
  const nonce = isNonceSent ? tools.randomBytes(nonceOctets) : undefined;
  const certIds = [createCertId(question.certificate, question.issuer, hash)];
  const requestDer = createRequest(definedOnly({ certIds, nonce }));
  const recorder = recordExchanges(tools.client, { urls: [url], requestDer, hash });
  const { headers, timeoutMilliseconds, connectTimeoutMilliseconds, strict } = options;
  try {
    const { body } = await askResponder(recorder.client, {
      url,
      origin: question.responders.origin,
      method,
      requestDer,
      headers,
      timeoutMilliseconds,
      connectTimeoutMilliseconds,
      signal: tools.signal,
    });
    const expected = nonce === undefined ? undefined : { value: toHex(nonce), required: strict };
    const verdict = question.verdictOn(body, definedOnly({ hash, nonce: expected }));
    const trouble = isBelieved(verdict) ? undefined : troubleOfResponse(verdict.failure, body);
    const found = definedOnly({ exchange: recorder.last(), receivedAt: tools.now(), verdict, bytes: body, trouble });
    return { found, isUnanswered: false };
  } catch (error) {
    if (!(error instanceof OcspError) || error.code === 'interrupted' || error.code === 'usage') throw error;
    const found = definedOnly({ exchange: recorder.last(), trouble: troubleOfError(error) });
    return { found, isUnanswered: isUnanswered(error) };
  }
}

/** A refusal by one way, or a web page, is a finding where another way is answered. */
function gravestOf(probes: readonly ResponderProbe[], hash: HashAlgorithm): Found {
  const answered = probes.filter((probe) => {
    return isAnswered(probe) && (probe.hash === hash || probe.verdict?.kind === 'revoked');
  });
  const gravityOf = ({ verdict }: Found): Parameters<typeof byGravity>[0] =>
    verdict === undefined ? 'success' : gravityOfVerdict(verdict);
  const [gravest] = answered.toSorted((a, b) => byGravity(gravityOf(a), gravityOf(b)));
  if (gravest !== undefined) return gravest;
  const ofHash = probes.filter((probe) => probe.hash === hash);
  return ofHash.reduce((a, b) =>
    a.trouble !== undefined && b.trouble !== undefined && graverTrouble(b.trouble, a.trouble) === b.trouble ? b : a,
  );
}
