import { shownPath } from '../../core/file-path.js';
import type { PushResult, TargetResult } from '../../servers/reload-result.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import type { Output } from '../output.js';

/** 10 when a target failed or a handshake showed another staple. */
export function exitCodeOfTargets(results: readonly TargetResult[]): ExitCode {
  return results.every(({ ok }) => ok) ? exitCodes.success : exitCodes.reloadFailed;
}

/** The JSON of one target. */
export function targetRecord(result: TargetResult): Record<string, unknown> {
  return { ...result, certificates: result.certificates.map(certificateRecord) };
}

function certificateRecord({ certificatePath, ...result }: PushResult): Record<string, unknown> {
  // Only this program needs these: others read the code.
  const own = { isNotServed: undefined, isUndecided: undefined, wasSaidBefore: undefined };
  return { certificate: shownPath(certificatePath), ...result, ...own };
}

/** What stderr says of one target: trouble always, success where somebody is watching. */
export function sayTargetResult(output: Output, result: TargetResult): void {
  const { target, ok, milliseconds, error, findings = [] } = result;
  for (const { severity, message } of findings) if (severity !== 'info') output.warn(`${target}: ${message}`);
  const certificates = result.certificates.filter(({ code }) => code !== 'not-served');
  if (output.isVerbose) sayPassedOver(output, result);
  if (ok) {
    const remarks = findings.filter(({ severity }) => severity === 'info').map(({ message }) => `; ${message}`);
    if (certificates.length + remarks.length > 0) {
      const count = certificates.length === 1 ? '1 staple' : `${certificates.length} staples`;
      const label = target.startsWith('confirm:') ? 'confirmed' : 'told';
      output.mention(`${target}: ${count} in ${milliseconds} ms${remarks.join('')}`, output.stderr.green(label));
      for (const { certificatePath, code, message } of certificates) {
        if (message === undefined || code === 'gone-with-reload') continue;
        output.mention(`${target}: ${shownPath(certificatePath)}: ${message}`);
      }
      for (const result of certificates) sayGoneWithReload(output, target, result);
    }
    return;
  }
  if (error !== undefined) {
    output.say(`${target}: ${error.message}`, output.stderr.red('reload failed'));
    output.hint(error.hint);
  }
  for (const certificate of certificates) {
    sayGoneWithReload(output, target, certificate);
    if (certificate.ok || (error !== undefined && certificate.message === error.message)) continue;
    const { certificatePath, code, message = '', hint = '' } = certificate;
    const label = target.startsWith('confirm:')
      ? 'not confirmed'
      : code === 'not-good'
        ? 'not pushed'
        : 'reload failed';
    output.say(`${target}: ${shownPath(certificatePath)}: ${message}`, output.stderr.red(label));
    output.hint(hint);
  }
}

/** It was taken, and somebody has to change the server's configuration all the same. */
function sayGoneWithReload(output: Output, target: string, result: PushResult): void {
  const { certificatePath, code, message, hint, wasSaidBefore = false } = result;
  if (code !== 'gone-with-reload' || (wasSaidBefore && !output.isTalkative)) return;
  output.say(`${target}: ${shownPath(certificatePath)}: ${message ?? ''}`, output.stderr.yellow('not kept'));
  output.hint(hint ?? '');
}

function sayPassedOver(output: Output, { target, certificates }: TargetResult): void {
  for (const { certificatePath, code, message = '' } of certificates) {
    if (code === 'not-served') output.mention(`${target}: ${shownPath(certificatePath)}: ${message}`, 'skipped');
  }
}
