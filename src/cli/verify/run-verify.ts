import {
  OcspError,
  decodeCertificate,
  decodeRequest,
  type ExpectedNonce,
  type Finding,
  type OcspRequest,
} from '../../core/index.js';
import { fromHex, toHex } from '../../core/bytes.js';
import type { VerifyReport, VerifyStapleOptions } from '../../pipeline/verify/verify-report.js';
import { verifyResponseFile } from '../../pipeline/verify/verify-response-file.js';
import { verifyListed, withUntrusted } from '../../pipeline/verify/verify-staple.js';
import { decodeSound, readCertificateBundle } from '../../source/certificate-file.js';
import type { CertificatePath } from '../../source/certificate-paths.js';
import { createIssuerFinder, type IssuerFinder } from '../../source/issuer-finder.js';
import { readResponseFile } from '../../source/response-file.js';
import type { ExitCode } from '../exit/exit-code.js';
import { readCertificates } from '../fetch/fetch-setup.js';
import { haproxyConfigurationFrom } from '../flags/haproxy-configuration.js';
import type { Output } from '../output.js';
import { warnOfUnusedIssuers, type RunWarning } from '../render/unused-issuers.js';
import type { VerifyFlags } from './verify-flags.js';
import { tellerFor, withPage, type VerifyTeller } from './verify-teller.js';
import { definedOnly } from '../../core/defined-only.js';

/** Verifies the staple of each certificate and tells. */
export async function runVerify(
  paths: readonly CertificatePath[],
  flags: VerifyFlags,
  output: Output,
  userAgent: string,
): Promise<ExitCode> {
  const options = await verifyOptionsFrom(flags, output);
  if (flags.serial !== undefined)
    throw new OcspError('usage', '--serial is for a call without a certificate', 'leave one of them out');
  if (options.response !== undefined && paths.length > 1) {
    const message = '--response belongs to one certificate';
    throw new OcspError('usage', message, 'name one certificate, or leave out --response');
  }
  const issuers = createIssuerFinder(flags.issuer, undefined, output.warn);
  const teller = paged(tellerFor(paths.length, flags, options, output), flags, options, output, userAgent);
  return await tellAll(teller, flags, options, userAgent, async function* (withCrl) {
    // Text has it on stderr.
    const isOnly = output.json && paths.length === 1;
    for (const listed of paths) {
      const report = await verifyListed(listed, issuers, withCrl);
      yield isOnly ? withFindings(report, warnOfUnused(flags, issuers, output)) : report;
    }
    warnOfUnused(flags, issuers, output);
  });
}

/** A monitoring system that reads stderr takes each word for trouble. */
function warnOfUnused(flags: VerifyFlags, issuers: IssuerFinder, output: Output): RunWarning[] {
  return flags.nagios ? [] : warnOfUnusedIssuers(issuers, output);
}

/** What is to be said of a run for one certificate stands with that. */
function withFindings(report: VerifyReport, warnings: readonly RunWarning[]): VerifyReport {
  const { verdict } = report;
  if (verdict === undefined || warnings.length === 0) return report;
  const findings = warnings.map(({ code, message }): Finding => ({
    rule: code,
    severity: 'warning',
    message,
    source: 'restaple verify',
  }));
  return { ...report, verdict: { ...verdict, findings: [...verdict.findings, ...findings] } };
}

/** Verifies a response without a certificate: by its issuer, a trusted responder or an anchor; --serial for one statement of it. */
export async function runVerifyResponse(flags: VerifyFlags, output: Output, userAgent: string): Promise<ExitCode> {
  const { response, issuer, ca, serial } = flags;
  if (response === undefined || issuer.length + ca.length + flags['trusted-responder'].length === 0) {
    throw new OcspError(
      'usage',
      'no certificate was named',
      'name a certificate, or give --response FILE and --issuer FILE, --ca FILE or --trusted-responder FILE, and --serial HEX for one statement of it',
    );
  }
  if (flags.crl !== undefined && (flags.crl.includes('auto') || serial === undefined)) {
    const message = '--crl looks up one certificate, and none was named';
    throw new OcspError('usage', message, 'name the certificate, or --serial HEX and the file of a CRL');
  }
  const options = await verifyOptionsFrom(flags, output);
  const sources = await createIssuerFinder(issuer, undefined, output.warn).sources();
  const issuers = sources.flatMap(({ isFolder, certificates }) => {
    const sound = decodeSound(certificates);
    // Whatever else lies in a folder was not named.
    return isFolder || sound.length > 0 ? sound : certificates.map((der) => decodeCertificate(der));
  });
  const teller = paged(tellerFor(1, flags, options, output), flags, options, output, userAgent);
  return await tellAll(teller, flags, withUntrusted(options, issuers), userAgent, (withCrl) => [
    verifyResponseFile(response, issuers, serial, withCrl),
  ]);
}

/** Tells these reports, made with the CRLs that the flags name, and which of those were for none of them. */
async function tellAll(
  teller: VerifyTeller<ExitCode | Promise<ExitCode>>,
  flags: VerifyFlags,
  options: VerifyStapleOptions,
  userAgent: string,
  reports: (withCrl: VerifyStapleOptions) => AsyncIterable<VerifyReport> | Iterable<VerifyReport>,
): Promise<ExitCode> {
  // Read on demand: few calls need it, and it comes with an HTTP client.
  const setUp = flags.crl === undefined ? undefined : await import('./crl-setup.js');
  const crl = setUp?.crlSetupFrom(flags, options, userAgent);
  try {
    for await (const report of reports(definedOnly({ ...options, crl: crl?.check }))) teller.take(report);
    for (const trouble of crl?.check.unused() ?? []) teller.takeUnused(trouble);
  } finally {
    crl?.close();
  }
  return await teller.finish();
}

/** The teller, with the page of --html where that is wanted. */
export function paged(
  teller: VerifyTeller,
  { html }: Pick<VerifyFlags, 'html'>,
  { now, server }: VerifyStapleOptions,
  output: Output,
  userAgent: string,
): VerifyTeller<ExitCode | Promise<ExitCode>> {
  if (html === undefined) return teller;
  return withPage(teller, definedOnly({ file: html, now, server, program: userAgent.replace('/', ' ') }), output);
}

/** The verification that the flags describe. Throws OcspError. */
export async function verifyOptionsFrom(
  flags: VerifyFlags,
  { warn }: Pick<Output, 'warn'>,
): Promise<VerifyStapleOptions> {
  return definedOnly({
    response: flags.response,
    out: flags.out,
    haproxy: haproxyConfigurationFrom(flags['haproxy-config'], { warn }),
    maximumAgeMilliseconds: flags['max-age'],
    nonce: nonceFrom(flags),
    request: flags.request === undefined ? undefined : requestFrom(flags.request),
    server: flags.for,
    ...(flags.lint ? { lint: flags.profile ?? 'rfc' } : {}),
    now: flags.at ?? new Date(),
    skewMilliseconds: flags.skew,
    ignoreTimes: flags['ignore-times'],
    trustedResponders: await readCertificates(flags['trusted-responder'], warn),
    anchors: flags.ca.flatMap((path) => readCertificateBundle(path, warn)),
    anchorFlag: '--ca',
    untrusted: flags.untrusted.flatMap((path) => readCertificateBundle(path, warn)),
  });
}

function requestFrom(path: string): OcspRequest {
  const bytes = readResponseFile(path);
  if (bytes === undefined) throw new OcspError('file-not-found', `${path} does not exist`, 'check --request');
  try {
    return decodeRequest(bytes);
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    const hint = 'name the file of a request in DER, as restaple fetch --request-out writes it, with --request';
    throw new OcspError(error.code, `${path}: ${error.message}`, hint, { cause: error });
  }
}

function nonceFrom({ nonce }: VerifyFlags): ExpectedNonce | undefined {
  if (nonce === undefined) return undefined;
  const bytes = fromHex(nonce);
  if (bytes !== undefined) return { value: toHex(bytes), required: true };
  throw new OcspError('usage', `--nonce: "${nonce}" is not hexadecimal`, 'write it as inspect prints it');
}
