import { createCertId, createRequest, signRequest, type RequestSigner } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import { respondersFor } from '../../pipeline/fetch/fetch-job.js';
import { findIssuer } from '../../pipeline/fetch/find-issuer.js';
import { explainMissingResponder } from '../../pipeline/fetch/missing-responder.js';
import { troubleOfError } from '../../pipeline/trouble.js';
import { certificatesOf, type CertificatePath } from '../../source/certificate-paths.js';
import { readListed } from '../../source/folder-member.js';
import { createIssuerFinder, type IssuerFinder } from '../../source/issuer-finder.js';
import { curlCommand, type CurlQuery } from '../../transport/curl-command.js';
import { fitsGet } from '../../transport/ocsp-get.js';
import { chooseProxy } from '../../transport/proxy.js';
import { parseTarget } from '../../transport/target-url.js';
import { exitCodeOfTrouble } from '../exit/exit-code-of.js';
import { exitCodes, gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import type { FetchFlags } from './fetch-flags.js';
import type { FetchOrder } from './fetch-order.js';
import { familyFrom, fetchOptionsFrom, proxyFrom } from './fetch-setup.js';
import { randomBytes } from 'node:crypto';
import type { Output } from '../output.js';
import { errorRecord, sayTrouble, sayTroubleOf } from '../render/trouble.js';
import { warnOfUnusedIssuers } from '../render/unused-issuers.js';
import { definedOnly } from '../../core/defined-only.js';

/** --print-curl: for each responder of each certificate the request as a curl command on stdout; nothing is sent. */
export async function printCurl(order: FetchOrder, output: Output): Promise<ExitCode> {
  const { flags } = order;
  const { requestSigner } = await fetchOptionsFrom(flags, [], output);
  const found = await certificatesOf(order.sources);
  const issuers = createIssuerFinder(flags.issuer, undefined, output.warn);
  const codes: ExitCode[] = [];
  for (const listed of found) codes.push(await printOne(listed, issuers, order, output, requestSigner));
  if (order.mayWarnOfIssuers) warnOfUnusedIssuers(issuers, output);
  return gravestExitCode(codes);
}

async function printOne(
  listed: CertificatePath,
  issuers: IssuerFinder,
  order: FetchOrder,
  output: Output,
  requestSigner: RequestSigner | undefined,
): Promise<ExitCode> {
  const { flags } = order;
  const certificate = shownPath(listed.path);
  try {
    const file = readListed(listed);
    if (file === undefined) return exitCodes.success;
    const { responders } = order;
    const { urls, origin } = respondersFor(file.certificate, definedOnly({ responders, url: flags.url }));
    if (urls.length === 0) {
      sayTrouble(output, `${certificate}: `, explainMissingResponder(file.certificate));
      return flags['require-ocsp'] || file.certificate.mustStaple ? exitCodes.noResponder : exitCodes.success;
    }
    const { issuer } = await findIssuer(file, issuers, undefined);
    const certIds = [createCertId(file.certificate, issuer, flags.hash)];
    const unsigned = createRequest({ certIds, ...(flags.nonce ? { nonce: randomBytes(32) } : {}) });
    const requestDer = requestSigner === undefined ? unsigned : signRequest(unsigned, requestSigner);
    const commands = urls.map((url) => commandFor({ url, origin, requestDer }, flags));
    if (output.json) output.record({ certificate, curl: commands });
    else for (const command of commands) output.data(command);
    return exitCodes.success;
  } catch (error) {
    const trouble = troubleOfError(error);
    if (trouble.kind === 'error' && trouble.errorKind === 'usage') throw error;
    if (output.json) output.record({ certificate, error: errorRecord(trouble) });
    sayTroubleOf(output, certificate, trouble);
    return exitCodeOfTrouble(trouble);
  }
}

function commandFor(asked: Pick<CurlQuery, 'url' | 'origin' | 'requestDer'>, flags: FetchFlags): string {
  const { url, requestDer } = asked;
  const isGet = flags.method === 'get' || (flags.method === 'auto' && !flags.nonce && fitsGet(url, requestDer));
  return curlCommand({
    ...asked,
    method: isGet ? 'get' : 'post',
    headers: flags.header,
    timeoutSeconds: flags.timeout / 1000,
    connectTimeoutSeconds: flags['connect-timeout'] / 1000,
    proxy: chooseProxy(proxyFrom(flags), parseTarget(url, { allowCredentials: true })),
    family: familyFrom(flags),
  });
}
