import { shownPath, type FilePath } from '../../core/file-path.js';
import type { Inspected, InspectionRecord } from '../../pipeline/inspect/record.js';
import { escapeText } from '../render/escape-text.js';
import { exitCodeOfTrouble } from '../exit/exit-code-of.js';
import { exitCodes, gravestExitCode, type ExitCode } from '../exit/exit-code.js';
import { certificateLines, certificateRequestLines } from './certificate-lines.js';
import { crlLines } from './revocation-list-lines.js';
import type { Line } from './line.js';
import { requestLines } from './request-lines.js';
import { responseLines } from './response-lines.js';
import type { Output } from '../output.js';
import { errorRecord, sayTrouble, warningsField } from '../render/trouble.js';
import { definedOnly } from '../../core/defined-only.js';

/** What stands under the last thing shown as text. */
export const notVerified =
  'not verified: neither signatures nor times were checked; for a verdict on a staple: restaple verify CERT';

/** Prints what was found in one file and returns its exit code. */
export function renderInspection(path: FilePath, inspected: readonly Inspected[], output: Output): ExitCode {
  const file = shownPath(path);
  return gravestExitCode(inspected.map((one) => renderOne(file, one, output)));
}

function renderOne(file: string, { block, record, warnings = [], trouble }: Inspected, output: Output): ExitCode {
  if (output.json) {
    output.record(
      definedOnly({
        file,
        block,
        ...record,
        verified: record === undefined ? undefined : false,
        ...warningsField(warnings),
        error: trouble === undefined ? undefined : errorRecord(trouble),
      }),
    );
  } else if (record !== undefined) {
    const place = block === undefined ? file : `${file}, block ${block}`;
    const [title, lines] = described(record);
    output.data(output.stdout.bold(escapeText(`${place}: ${title}`)));
    for (const { depth, text } of lines) output.data(escapeText('  '.repeat(depth + 1) + text));
  }
  for (const warning of warnings) output.warn(`${file}: ${warning}`);
  if (trouble === undefined) return exitCodes.success;
  sayTrouble(output, '', trouble);
  // Nothing is judged here, so that a response that cannot be decoded is an unusable input and no disbelieved answer.
  return trouble.kind === 'failure' ? exitCodes.inputUnusable : exitCodeOfTrouble(trouble);
}

/** The title of a record and the lines below it. */
function described(record: InspectionRecord): readonly [title: string, lines: readonly Line[]] {
  switch (record.kind) {
    case 'response':
      return [`OCSP response, ${record.octets} octets`, responseLines(record)];
    case 'request':
      return [`OCSP request, ${record.octets} octets`, requestLines(record)];
    case 'certificate':
      return [`certificate, ${record.octets} octets`, certificateLines(record)];
    case 'certificate-request':
      return [`certificate request, ${record.octets} octets`, certificateRequestLines(record)];
    case 'crl':
      return [`CRL, ${record.octets} octets`, crlLines(record)];
    case 'private-key':
      return [`private key (${record.label}), not read`, []];
    case 'other':
      return [`${record.label}, not read`, []];
  }
}
