import type { KeyObject } from 'node:crypto';
import { OcspError, distinguishedNameToString, type Certificate, type ResponseSigner } from '../../core/index.js';
import type { SignatureHash } from '../../core/hash.js';
import { hasBasicConstraints } from '../../core/certificate/issuance.js';
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
  const { caCertificate, responderCertificate, responderId, hash, now } = material;
  requireAuthority(caCertificate, now);
  const certificate = responderCertificate ?? caCertificate;
  const key = signingKey(material);
  if (responderCertificate !== undefined) {
    const failure = delegationFailure(responderCertificate, { issuer: caCertificate, now, skewMilliseconds: 0 });
    if (failure !== undefined)
      throw new OcspError('signer-unusable', failure.message, delegationHint(certificate, now));
  }
  requireOwnKey({ certificate, key });
  const { embedCertificates = responderCertificate !== undefined } = material;
  const embeddedCertificates = embedCertificates ? [certificate.der] : [];
  return definedOnly({ certificate, key, responderId, embeddedCertificates, hash });
}

/** The delegate's key where its certificate is named, else the CA's own; the other one would be for nothing. */
function signingKey({ caKey, responderCertificate, responderKey }: SignerMaterial): KeyObject {
  const isDelegated = responderCertificate !== undefined;
  const [key, other] = isDelegated ? [responderKey, caKey] : [caKey, responderKey];
  if (key !== undefined && other === undefined) return key;
  const [message, hint] = isDelegated
    ? [
        'it is not clear who signs',
        'a delegate signs with --responder-cert and --responder-key, the CA itself with only --ca-key',
      ]
    : ['no signer was named', 'give --ca-key, or --responder-cert and --responder-key'];
  throw new OcspError('usage', message, hint);
}

function delegationHint({ notBefore, notAfter }: Certificate, now: Date): string {
  return now < notBefore || notAfter < now
    ? 'issue the delegate a certificate that is valid now, or check the clock of this machine'
    : 'issue it by this CA with extendedKeyUsage = OCSPSigning and noCheck = ignored (openssl x509v3_config)';
}

/** Named by the caller as it is, a CA may be of a time before basicConstraints, but not one that denies it. */
function requireAuthority(authority: Certificate, now: Date): void {
  const { subject, isCa, notBefore, notAfter } = authority;
  const name = distinguishedNameToString(subject);
  if (!isCa && hasBasicConstraints(authority)) {
    const message = `${name} is not a CA certificate (basicConstraints)`;
    throw new OcspError(
      'signer-unusable',
      message,
      '--ca-cert is for the CA that issued the certificates; a delegated responder goes to --responder-cert',
    );
  }
  if (now < notBefore || notAfter < now) {
    throw new OcspError(
      'signer-unusable',
      `the CA certificate ${name} is valid from ${formatTime(notBefore)} to ${formatTime(notAfter)}, not now`,
      'renew the CA certificate with the same key, or check the clock of this machine',
    );
  }
}
