import type { Config } from '@oclif/core';
import { OcspError, type Certificate } from '../../core/index.js';
import { shownPath } from '../../core/file-path.js';
import { formatTime } from '../../core/time.js';
import { mapConcurrent } from '../../pipeline/fleet/map-concurrent.js';
import { listOfFiles } from '../../source/certificate-list.js';
import type { CertificatePath } from '../../source/certificate-paths.js';
import { readStaple } from '../../store/staple-file.js';
import { isResponseAbout, withOneStapleEach } from '../../pipeline/fleet/shared-staples.js';
import {
  generateStaple,
  type GenerateOptions,
  type GenerateResult,
  type GenerateSubject,
} from '../../pipeline/sign/generate-staple.js';
import { readCrlStatuses, type CrlStatuses } from '../../pipeline/sign/crl-statuses.js';
import { readIndexSource } from '../../source/index-file.js';
import { fixedStatus, type StatusSource } from '../../source/status-source.js';
import { haproxyConfigurationFrom } from '../flags/haproxy-configuration.js';
import { createHashWarning } from '../flags/reload-flags.js';
import { reloadAtEnd } from '../reload/reload-at-end.js';
import { exitCodeOfTrouble } from '../exit/exit-code-of.js';
import { exitCodes, gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import { isStdout } from '../config/file-folder.js';
import { requireOneStaple } from '../flags/staple-on-stdout.js';
import { ownProcess } from '../../library/own-process.js';
import { statusFrom, type GenerateFlags } from './generate-flags.js';
import { catchInterrupts } from '../interrupt.js';
import type { Output } from '../output.js';
import { targetRecord } from '../reload/reload-lines.js';
import { errorRecord, responderRecord, sayTroubleOf } from '../render/trouble.js';
import { signerFrom, validityFrom } from '../flags/signer-flags.js';
import { definedOnly } from '../../core/defined-only.js';

/** Certificates worked on at a time: more than one, so that waiting for the disk overlaps. */
const concurrency = 32;

/** Signs a response for each certificate, or for --serial, and tells. */
export async function runGenerate(
  certificates: readonly CertificatePath[],
  flags: GenerateFlags,
  output: Output,
  config: Config,
): Promise<ExitCode> {
  requireOneKind(certificates, flags);
  if (isStdout(flags.out)) requireOneStaple(listOfFiles(certificates), { ...flags, json: output.json });
  const options = await optionsFrom(flags, output);
  createHashWarning(flags.hash, output)(flags.reload);
  haproxyConfigurationFrom(flags['haproxy-config'], output);
  const subjects = await subjectsFrom(certificates, flags, options);
  const paths = certificates.map(({ path }) => path);
  const interrupt = catchInterrupts();
  const codes: ExitCode[] = [];
  try {
    const reload = await reloadAtEnd(config, flags, () => paths, interrupt, output);
    const work = async (subject: GenerateSubject): Promise<GenerateResult | undefined> =>
      interrupt.signal.aborted ? undefined : await generateStaple(subject, options);
    for await (const result of mapConcurrent(subjects, concurrency, work)) {
      if (result === undefined) continue;
      if (output.json) output.record(resultRecord(result));
      sayResult(output, result);
      codes.push(result.trouble === undefined ? exitCodes.success : exitCodeOfTrouble(result.trouble));
      if ('path' in result.subject) {
        await reload.take(result.subject.path, result.staple, result.evidence, result.written);
      }
    }
    // After an interrupt nobody is told: what was signed is stored.
    const { results, exitCode } = await reload.finish();
    codes.push(exitCode);
    if (output.json) for (const result of results) output.record({ reload: targetRecord(result) });
  } finally {
    interrupt.release();
  }
  return interrupt.exitCode() ?? gravestExitCode(codes);
}

function requireOneKind(certificates: readonly CertificatePath[], flags: GenerateFlags): void {
  if (flags.serial === undefined) return;
  if (certificates.length > 0) {
    throw new OcspError('usage', '--serial replaces a certificate file', 'leave one of them out');
  }
  if (flags.reload.length === 0 && flags.confirm.length === 0) return;
  throw new OcspError(
    'usage',
    '--reload and --confirm need the certificate, and --serial names none',
    'name the certificate file, or leave them out and tell the server afterwards: restaple reload TARGET',
  );
}

async function subjectsFrom(
  certificates: readonly CertificatePath[],
  flags: GenerateFlags,
  options: GenerateOptions,
): Promise<readonly GenerateSubject[]> {
  const { serial: serialNumber } = flags;
  if (serialNumber !== undefined) return [{ serialNumber }];
  const { issuer, signer, now } = options;
  const list = await withOneStapleEach(listOfFiles(certificates), options.out, async ({ certificate }, staple) => {
    const found = await readStaple(staple).catch(() => undefined);
    const judge = { subject: { certificate }, issuer, untrusted: [signer.certificate], now, skewMilliseconds: 0 };
    return found?.state === 'present' && isResponseAbout(found.bytes, judge);
  });
  return Array.from({ length: list.length }, (_, index) => list.at(index));
}

async function optionsFrom(flags: GenerateFlags, output: Output): Promise<GenerateOptions> {
  const now = flags.at ?? new Date();
  const status = statusFrom(flags, now);
  const validityMilliseconds = validityFrom(flags);
  const { issuer, signer } = await signerFrom(flags, now, output);
  const source = sourceFrom(flags, issuer, now);
  for (const warning of source !== undefined && 'warnings' in source ? source.warnings : []) output.warn(warning);
  if (source === undefined && flags.status === undefined) {
    output.mention(
      'status good is only assumed: no --status, --index or --crl says what the CA knows about these certificates',
    );
  }
  return definedOnly({
    issuer,
    signer,
    source: source ?? fixedStatus(status),
    hash: flags.hash,
    validityMilliseconds,
    isValidityAsked: flags.days !== undefined || flags.minutes !== undefined,
    out: isStdout(flags.out) ? undefined : flags.out,
    onStaple: isStdout(flags.out) ? (bytes: Uint8Array) => output.bytes(bytes) : undefined,
    now,
    ownProcess: ownProcess(),
  });
}

/** Reads what --index or --crl names; undefined where none is named. Throws OcspError. */
function sourceFrom(
  { index, crl, 'allow-stale-crl': allowStale }: GenerateFlags,
  issuer: Certificate,
  now: Date,
): StatusSource | CrlStatuses | undefined {
  if (index !== undefined) return readIndexSource(index);
  return crl === undefined ? undefined : readCrlStatuses(crl, issuer, { now, allowStale });
}

function resultRecord(result: GenerateResult): Record<string, unknown> {
  const { subject, staple, evidence, warnings, trouble } = result;
  const statement = evidence?.statement;
  return {
    ...('path' in subject ? { certificate: shownPath(subject.path) } : subject),
    staple: staple === undefined ? null : shownPath(staple),
    status: statement?.status ?? null,
    certId: statement?.certId ?? null,
    thisUpdate: statement?.thisUpdate ?? null,
    nextUpdate: statement?.nextUpdate ?? null,
    revocationTime: statement?.revocationTime,
    revocationReason: statement?.revocationReason,
    responder: evidence === undefined ? null : responderRecord(evidence.responder),
    warnings: warnings.length === 0 ? undefined : warnings,
    error: trouble === undefined ? undefined : errorRecord(trouble),
  };
}

function sayResult(output: Output, { subject, staple, evidence, warnings, trouble }: GenerateResult): void {
  const name = 'path' in subject ? shownPath(subject.path) : `serial number ${subject.serialNumber}`;
  for (const warning of warnings) output.warn(`${name}: ${warning}`);
  if (trouble !== undefined) {
    sayTroubleOf(output, name, trouble);
  } else if (evidence?.statement.nextUpdate !== undefined && staple !== undefined) {
    const until = formatTime(evidence.statement.nextUpdate);
    output.mention(`${output.stderr.green('signed')} ${shownPath(staple)} (${evidence.kind} until ${until})`);
  }
}
