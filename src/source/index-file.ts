import { OcspError, type StatementStatus } from '../core/index.js';
import { minimalSerialNumber, parseSignedSerialNumber } from '../core/cert-id.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { revocationReasonOfNumber, type RevocationReason } from '../core/response.js';
import { parseAsn1Time } from '../core/time.js';
import { beginningOf } from '../core/shortened.js';
import { readInputFile } from './input-file.js';
import type { StatusSource } from './status-source.js';
import { numberedLines } from '../system/numbered-lines.js';

/** A line takes about a hundred octets: 600,000 certificates. */
const largestIndexFile = 64 * 1024 * 1024;

/**
 * Reads the database of `openssl ca`, index.txt: six columns with tabs between them (flag, expiry, revocation, serial
 * number, file name, subject). V is good, R revoked, a serial number that is not listed unknown. E, a certificate that
 * expired without being revoked, is good as RFC 6960 §2.2 has it; openssl's own responder leaves it without any status.
 * Empty lines, comments (`#` first) and CRLF are tolerated; a serial number twice is refused, as openssl refuses it.
 *
 * @throws OcspError `malformed-index`, its message with file, line and what was expected there; what reading a file can throw
 */
export function readIndexSource(path: FilePath): StatusSource {
  // A CA that has issued nothing yet has an empty one.
  const bytes = readInputFile(path, largestIndexFile, { tooLarge: 'name the index.txt of one CA' });
  const entries = new Map<string, IndexEntry>();
  for (const [lineNumber, line] of numberedLines(bytes)) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    try {
      const { serialNumber, status } = readLine(line);
      const known = entries.get(serialNumber);
      if (known !== undefined) throw new LineError(`its serial number is already in line ${known.lineNumber}`);
      entries.set(serialNumber, { status, lineNumber });
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      throw malformed(path, lineNumber, error);
    }
  }
  return { statusOf: (serialNumber) => entries.get(minimalSerialNumber(serialNumber))?.status ?? 'unknown' };
}

interface IndexEntry {
  readonly status: StatementStatus;
  readonly lineNumber: number;
}

/** What is wrong with one line; the reader of the file adds where it stands. */
class LineError extends Error {}

/** openssl writes a backslash before a tab that belongs to a column. */
const betweenColumns = /(?<!\\)\t/;

function readLine(line: string): { serialNumber: string; status: StatementStatus } {
  const columns = line.split(betweenColumns, 7);
  const [flag = '', expiry = '', revocation = '', serial = ''] = columns;
  if (columns.length !== 6) {
    const found = columns.length > 6 ? 'more' : String(columns.length);
    throw new LineError(`expected six columns with tabs between them, found ${found}`);
  }
  if (parseAsn1Time(expiry) === undefined) {
    throw new LineError(`expected the expiry as YYMMDDHHMMSSZ in the second column, found ${shown(expiry)}`);
  }
  const serialNumber = /^-?[0-9a-f]+$/i.test(serial) ? parseSignedSerialNumber(serial) : undefined;
  if (serialNumber === undefined) {
    throw new LineError(`expected a hexadecimal serial number in the fourth column, found ${shown(serial)}`);
  }
  return { serialNumber, status: readStatus(flag, revocation) };
}

function readStatus(flag: string, revocation: string): StatementStatus {
  switch (flag) {
    case 'R':
      return readRevocation(revocation);
    case 'V':
    case 'E':
      if (revocation === '') return 'good';
      throw new LineError(
        `expected no revocation in the third column of a line with ${flag}, found ${shown(revocation)}`,
      );
    default:
      throw new LineError(`expected V, R or E in the first column, found ${shown(flag)}`);
  }
}

/** The names of RFC 5280 §5.3.1, of which openssl's `-crl_reason` lacks two, in lower case as case does not matter to it. */
const reasons: ReadonlyMap<string, RevocationReason> = new Map(
  Array.from({ length: 11 }, (_, number) => revocationReasonOfNumber(number))
    .filter((reason) => reason !== undefined)
    .map((reason) => [reason.toLowerCase(), reason]),
);

/** `-crl_compromise` and `-crl_CA_compromise` write the time of the compromise behind these, `-crl_hold` an instruction. */
const reasonsWithDetail: ReadonlyMap<string, RevocationReason> = new Map([
  ['keytime', 'keyCompromise'],
  ['cakeytime', 'cACompromise'],
  ['holdinstruction', 'certificateHold'],
]);

/** `time[,reason[,detail]]`; the detail has no place in an OCSP response. */
function readRevocation(text: string): StatementStatus {
  const [time = '', reason, detail, ...others] = text.split(',');
  const revokedAt = parseAsn1Time(time);
  if (revokedAt === undefined) {
    throw new LineError(`expected the time of revocation as YYMMDDHHMMSSZ in the third column, found ${shown(time)}`);
  }
  if (reason === undefined) return { revokedAt };
  const name = reason.toLowerCase();
  const plain = reasons.get(name);
  if (plain !== undefined && detail === undefined) return { revokedAt, reason: plain };
  const detailed = reasonsWithDetail.get(name);
  if (detailed !== undefined && others.length === 0 && isDetail(name, detail)) return { revokedAt, reason: detailed };
  throw new LineError(
    `expected a reason as openssl writes it after the time of revocation, found ${shown(text.slice(time.length + 1))}`,
  );
}

function isDetail(name: string, detail: string | undefined): boolean {
  if (detail === undefined || detail === '') return false;
  return name === 'holdinstruction' || parseAsn1Time(detail) !== undefined;
}

function malformed(path: FilePath, lineNumber: number, error: LineError): OcspError {
  return new OcspError(
    'malformed-index',
    `${shownPath(path)} line ${lineNumber}: ${error.message}`,
    'name the index.txt of openssl ca, and repair the line there',
    { cause: error },
  );
}

/** What was found, cut short and in quotation marks. */
function shown(text: string): string {
  return JSON.stringify(beginningOf(text, 40));
}
