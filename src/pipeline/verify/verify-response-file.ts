import {
  OcspError,
  decodeResponse,
  isResponse,
  type Certificate,
  type Failure,
  type Verdict,
} from '../../core/index.js';
import { isHashName } from '../../core/hash.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { certIdFor } from '../../core/verify/statement.js';
import { readResponseFile } from '../../source/response-file.js';
import { definedOnly } from '../../core/defined-only.js';
import type { CrlReport } from './crl-check.js';
import { byGravity, gravityOfVerdict } from '../gravity.js';
import { troubleOfFailure } from '../trouble.js';
import { anchoringFailure, verdictOn } from './verdict-on.js';
import { sizeTrouble } from './server-rules.js';
import {
  notJudged,
  reported,
  type JudgedStaple,
  type StapleNotJudged,
  type VerifyReport,
  type VerifyStapleOptions,
} from './verify-report.js';

/** Judges a response about a serial number of this issuer, or about all its statements, without a certificate at hand. */
export function verifyResponseFile(
  response: FilePath,
  issuer: Certificate,
  serialNumber: string | undefined,
  options: VerifyStapleOptions,
): VerifyReport {
  if (options.crl !== undefined && serialNumber === undefined) {
    const message = 'a CRL is asked about one certificate, and none was named';
    throw new OcspError('usage', message, 'name the certificate, or --serial HEX');
  }
  const crl = serialNumber === undefined ? undefined : lookUpCrl(serialNumber, issuer, options);
  const base = definedOnly({ response, crl });
  try {
    const bytes = readResponseFile(response);
    if (bytes === undefined) {
      throw new OcspError('response-missing', `${shownPath(response)} does not exist`, 'check the path');
    }
    const trouble = options.server === undefined ? undefined : sizeTrouble(options.server, bytes);
    const judged = (verdict: Verdict): JudgedStaple | StapleNotJudged =>
      trouble === undefined || verdict.kind !== 'good' ? reported(verdict) : { noResponder: false, trouble };
    if (serialNumber !== undefined) return { ...base, ...judged(verdictOn(bytes, { serialNumber }, issuer, options)) };
    const statements = verdictsOnAll(bytes, issuer, options);
    const verdict = statements.reduce((a, b) => (byGravity(gravityOfVerdict(b), gravityOfVerdict(a)) < 0 ? b : a));
    return { ...base, ...judged(verdict), statements };
  } catch (error) {
    return { ...base, ...notJudged(error) };
  }
}

/** Beside the response, whatever became of that. */
function lookUpCrl(serialNumber: string, issuer: Certificate, options: VerifyStapleOptions): CrlReport | undefined {
  if (options.crl === undefined) return undefined;
  const failure = anchoringFailure(issuer, options);
  if (failure !== undefined) return { kind: 'unusable', trouble: troubleOfFailure(failure) };
  return options.crl.lookUpSerialNumber(serialNumber, issuer);
}

type Verdicts = readonly [Verdict, ...Verdict[]];

/** Every statement by itself; one of another issuer is not ours to judge. */
function verdictsOnAll(bytes: Uint8Array, issuer: Certificate, options: VerifyStapleOptions): Verdicts {
  const response = decodeResponse(bytes);
  const statements = isResponse(response) && response.status === 'successful' ? response.basic.responses : [];
  const serialNumbers = new Set<string>();
  const verdicts: Verdict[] = [];
  for (const { certId } of statements) {
    const { hashAlgorithm, serialNumber } = certId;
    const ours = isHashName(hashAlgorithm) ? certIdFor({ serialNumber }, issuer, hashAlgorithm) : undefined;
    if (ours?.issuerNameHash === certId.issuerNameHash && ours.issuerKeyHash === certId.issuerKeyHash) {
      if (serialNumbers.has(serialNumber)) continue;
      serialNumbers.add(serialNumber);
      verdicts.push(verdictOn(bytes, { serialNumber }, issuer, options));
    } else {
      verdicts.push(ofAnotherIssuer(serialNumber));
    }
  }
  const [first, ...rest] = verdicts;
  // Without a statement any serial number gives the verdict: malformed, refused, or no statement.
  return first === undefined ? [verdictOn(bytes, { serialNumber: '00' }, issuer, options)] : [first, ...rest];
}

function ofAnotherIssuer(serialNumber: string): Verdict {
  const message = `the response speaks of serial number ${serialNumber} of another issuer`;
  const failure: Failure = { code: 'cert-id-mismatch', message, values: { serialNumber } };
  return { kind: 'invalid', failure, findings: [] };
}
