import type { KeyObject } from 'node:crypto';
import { OcspError, distinguishedNameToString, type Certificate, type ResponseSigner } from '../../core/index.js';
import type { SignatureHash } from '../../core/hash.js';
import { formatTime } from '../../core/time.js';
import { requireOwnKey } from '../../core/sign-response.js';
import { delegationFailure } from '../../core/verify/authorized-signer.js';
import { definedOnly } from '../../core/defined-only.js';

/** Who is to sign: the CA with its own key, or a delegate with its certificate and key. */
export interface SignerMaterial {
  readonly caCertificate: Certificate;
  readonly caKey?: KeyObject;
  readonly responderCertificate?: Certificate;
  readonly responderKey?: KeyObject;
  readonly responderId: 'name' | 'key';
  /** Undefined: a delegate's certificate is embedded, the CA's is not, since every client has it. */
  readonly embedCertificates?: boolean;
  readonly hash?: SignatureHash;
  readonly now: Date;
}

/**
 * Makes sure that these certificates and keys may sign responses for the CA (RFC 6960 §4.2.2.2), as a client will ask.
 *
 * @throws OcspError `signer-unusable` for a CA certificate that is none or expired, a delegate of another CA, without
 *   id-kp-OCSPSigning or outside its validity; `key-mismatch`; `usage` when certificate and key are not given together
 */
export function prepareSigner(material: SignerMaterial): ResponseSigner {
  const { caCertificate, caKey, responderCertificate, responderKey, now } = material;
  requireAuthority(caCertificate, now);
  if (responderCertificate === undefined) {
    if (caKey === undefined || responderKey !== undefined) {
      throw new OcspError('usage', 'nobody is named to sign', 'give --ca-key, or --responder-cert and --responder-key');
    }
    return signerOf(caCertificate, caKey, false, material);
  }
  if (responderKey === undefined || caKey !== undefined) {
    const hint = 'a delegate signs with --responder-cert and --responder-key, the CA itself with --ca-key alone';
    throw new OcspError('usage', 'the signer is not clear', hint);
  }
  const failure = delegationFailure(responderCertificate, { issuer: caCertificate, now, skewMilliseconds: 0 });
  if (failure !== undefined) {
    throw new OcspError('signer-unusable', failure.message, delegationHint(responderCertificate, now));
  }
  return signerOf(responderCertificate, responderKey, true, material);
}

function delegationHint({ notBefore, notAfter }: Certificate, now: Date): string {
  return now < notBefore || notAfter < now
    ? 'issue the delegate a certificate that is valid now, or check this clock'
    : 'issue it by this CA with extendedKeyUsage = OCSPSigning and noCheck = ignored (openssl x509v3_config)';
}

function signerOf(
  certificate: Certificate,
  key: KeyObject,
  embedsByDefault: boolean,
  { embedCertificates = embedsByDefault, responderId, hash }: SignerMaterial,
): ResponseSigner {
  requireOwnKey({ certificate, key });
  return definedOnly({
    certificate,
    key,
    responderId,
    embeddedCertificates: embedCertificates ? [certificate.der] : [],
    hash,
  });
}

function requireAuthority(certificate: Certificate, now: Date): void {
  const name = distinguishedNameToString(certificate.subject);
  if (!certificate.isCa) {
    throw new OcspError(
      'signer-unusable',
      `${name} is no CA certificate (basicConstraints)`,
      'name the CA with --ca-cert',
    );
  }
  if (now < certificate.notBefore || certificate.notAfter < now) {
    const { notBefore, notAfter } = certificate;
    throw new OcspError(
      'signer-unusable',
      `the CA certificate ${name} is valid from ${formatTime(notBefore)} to ${formatTime(notAfter)}, not now`,
      'renew the CA certificate with the same key, or check this clock',
    );
  }
}
