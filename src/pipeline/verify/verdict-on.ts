import {
  distinguishedNameToString,
  isBelieved,
  lintResponse,
  verifyResponse,
  type Certificate,
  type Failure,
  type Finding,
  type Subject,
  type Verdict,
} from '../../core/index.js';
import { bytesEqual } from '../../core/bytes.js';
import { authorityFindings } from '../../core/certificate/issuance.js';
import { kindOfDer, type DerKind } from '../../core/kind-of-der.js';
import { pemLabelsIn } from '../../core/pem.js';
import { formatTime } from '../../core/time.js';
import { chainToAnchor, type Anchoring } from '../../core/verify/anchor.js';
import { judgeForServer } from './server-rules.js';
import type { VerifyStapleOptions } from './verify-report.js';

/**
 * The verdict by these options, the chain above the issuer, the server's rules and the profile's included. Without an issuer
 * the word of a trusted responder counts, for a CertID.
 */
export function verdictOn(
  bytes: Uint8Array,
  subject: Subject,
  issuer: Certificate | undefined,
  options: VerifyStapleOptions,
): Verdict {
  const verdict = trustVerdictOn(bytes, subject, issuer, options);
  const { lint: profile } = options;
  if (profile === undefined) return verdict;
  return {
    ...verdict,
    findings: [...verdict.findings, ...lintResponse(bytes, { ...options, subject, issuer, profile })],
  };
}

function trustVerdictOn(
  bytes: Uint8Array,
  subject: Subject,
  issuer: Certificate | undefined,
  options: VerifyStapleOptions,
): Verdict {
  const verdict = verifyResponse(bytes, { ...options, subject, issuer });
  const named = isBelieved(verdict) ? verdict : namingOtherKind(verdict, bytes);
  const anchored = issuer === undefined || !isBelieved(named) ? named : anchoredBy(issuer, named, options);
  return options.server === undefined ? anchored : judgeForServer(anchored, options.server, bytes, options.now);
}

/** The same with what is to be said of the issuer and the CAs above it, or the failure of their chain. */
function anchoredBy(issuer: Certificate, verdict: Verdict, options: VerifyStapleOptions): Verdict {
  const anchoring = anchoringOf(issuer, options);
  if ('failure' in anchoring) return { ...verdict, kind: 'invalid', failure: anchoring.failure };
  const ofIssuers = [...issuerFindings(issuer, options.now), ...chainFindings(issuer, anchoring)];
  return { ...verdict, findings: [...verdict.findings, ...ofIssuers] };
}

/** Files that lie beside responses are often mistaken for one. */
function namingOtherKind(verdict: Verdict, bytes: Uint8Array): Verdict {
  const found = 'failure' in verdict && verdict.failure.code === 'malformed-response' ? kindOfFile(bytes) : undefined;
  if (!('failure' in verdict) || found === undefined || found === 'response') return verdict;
  const message =
    found === 'response in PEM'
      ? 'this is an OCSP response in PEM; it has to be in DER, as servers read it'
      : `this is ${nouns[found]}, not an OCSP response`;
  const values = { ...verdict.failure.values, found };
  return { ...verdict, kind: 'invalid', failure: { code: 'malformed-response', message, values } };
}

type FileKind = DerKind | 'response in PEM';

const nouns: Readonly<Record<Exclude<DerKind, 'response'>, string>> = {
  certificate: 'a certificate',
  'certificate request': 'a certificate request (CSR)',
  'certificate revocation list': 'a CRL',
  'private key': 'a private key',
  'public key': 'a public key',
  pkcs7: 'a PKCS#7 file of certificates',
  request: 'an OCSP request',
};

const labels: readonly (readonly [RegExp, FileKind])[] = [
  [/^(?:X509 |TRUSTED )?CERTIFICATE$/, 'certificate'],
  [/CERTIFICATE REQUEST$/, 'certificate request'],
  [/PRIVATE KEY$/, 'private key'],
  [/PUBLIC KEY$/, 'public key'],
  [/^X509 CRL$/, 'certificate revocation list'],
  [/^(?:PKCS ?#?7|CMS)/, 'pkcs7'],
  [/^OCSP REQUEST$/, 'request'],
  [/^OCSP RESPONSE$/, 'response in PEM'],
];

/** By the first PEM block that says it, else by the first tags of DER. */
function kindOfFile(bytes: Uint8Array): FileKind | undefined {
  for (const label of pemLabelsIn(bytes)) {
    const known = labels.find(([pattern]) => pattern.test(label));
    if (known !== undefined) return known[1];
  }
  return kindOfDer(bytes);
}

/** Why nothing that this issuer signed counts, a CRL neither: its chain reaches none of the anchors that were named. */
export function anchoringFailure(issuer: Certificate, options: VerifyStapleOptions): Failure | undefined {
  const anchoring = anchoringOf(issuer, options);
  return 'failure' in anchoring ? anchoring.failure : undefined;
}

/** The chain above the issuer; what --untrusted names comes from files of this machine. */
function anchoringOf(issuer: Certificate, { anchors, untrusted, now }: VerifyStapleOptions): Anchoring {
  if (anchors.length === 0) return { chain: [] };
  return chainToAnchor(issuer, { anchors, untrusted: [], local: untrusted, now });
}

/** What is to be said of the CAs above the issuer; what is to be said of the issuer itself comes with the verdict. */
export function chainFindings(
  issuer: Certificate,
  { chain }: Extract<Anchoring, { readonly chain: unknown }>,
): Finding[] {
  return chain.filter(({ der }) => !bytesEqual(der, issuer.der)).flatMap(authorityFindings);
}

function issuerFindings(issuer: Certificate, now: Date): Finding[] {
  if (issuer.notAfter >= now) return [];
  const name = distinguishedNameToString(issuer.subject);
  const message = `the issuer ${name} expired at ${formatTime(issuer.notAfter)}`;
  return [{ rule: 'issuer-expired', severity: 'warning', message, source: 'RFC 5280 §6.1.3 (a)(2)' }];
}
