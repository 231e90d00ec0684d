import { distinguishedNameToString, isSelfIssued, type Certificate } from '../../core/index.js';
import type { Trouble } from '../trouble.js';

/** Why a certificate has no usable responder URI, as far as one can tell from outside, and what to do. */
export type MissingResponder = Pick<Trouble, 'message' | 'hint'>;

/** CAs that stopped naming a responder, with the day they said so. */
const endedServices: readonly { readonly issuer: RegExp; readonly reason: string }[] = [
  { issuer: /O=Let's Encrypt/, reason: "Let's Encrypt ended its OCSP service on 2025-08-06" },
  {
    issuer: /O=Google Trust Services/,
    reason: 'Google Trust Services stopped naming responders in most certificates in 2025',
  },
  { issuer: /O=Hellenic Academic and Research Institutions/, reason: 'HARICA names no responder since 2026-03-02' },
  { issuer: /O=Buypass/, reason: 'Buypass left TLS certificates at the end of October 2025' },
];

/** The same as the trouble of a certificate. */
export function missingResponder(certificate: Certificate): Trouble {
  return { kind: 'error', errorKind: 'no-responder', code: 'no-responder', ...explainMissingResponder(certificate) };
}

/**
 * Explains an empty list of http(s) responder URIs: other schemes, a CA that ended OCSP, a short-lived certificate, a
 * self-signed one, or a private CA. For Must-Staple the message says that servers and clients will be at odds.
 */
export function explainMissingResponder(certificate: Certificate): MissingResponder {
  const likely = likelyReason(certificate);
  if (!certificate.mustStaple) return likely;
  return {
    message: `the certificate is Must-Staple, but ${likely.message}: clients that honour it will refuse the server`,
    hint: 'get a certificate without Must-Staple (OCSP stapling cannot work for this one), then turn stapling off',
  };
}

function likelyReason(certificate: Certificate): MissingResponder {
  const turnOff = 'turn stapling off for it (nginx: ssl_stapling off); revocation is by CRL now';
  const [uri] = certificate.ocspUris;
  if (uri !== undefined) {
    const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(uri)?.[0];
    const why = scheme === undefined ? 'a URI needs a scheme such as http://' : `${scheme}// is not supported`;
    return {
      message: `the certificate names a responder only by ${scheme ?? uri} and not by http or https`,
      hint: `${why}; if the CA has an http responder, name it: restaple fetch --url URL`,
    };
  }
  const without = (reason: string, hint = turnOff): MissingResponder => ({
    message: `the certificate has no OCSP responder${reason}`,
    hint,
  });
  const issuer = distinguishedNameToString(certificate.issuer);
  const ended = endedServices.find((service) => service.issuer.test(issuer));
  if (ended !== undefined) return without(`: ${ended.reason}`);
  if (isSelfIssued(certificate)) {
    return without(': it is self-signed', 'nobody can revoke a self-signed certificate; turn stapling off for it');
  }
  if (isShortLived(certificate)) return without(': it is short-lived and needs none');
  const what =
    certificate.crlUris.length > 0
      ? ', only a CRL, as is usual since OCSP became optional for public CAs'
      : ', as is usual for a private CA';
  return without(what, 'turn stapling off for it; if the CA does have a responder, name it: restaple fetch --url URL');
}

const day = 86_400_000;

/** From this day on seven days are short-lived, before it ten were (CA/Browser Forum SC-063, BR 1.6.1). */
const sevenDaysSince = Date.UTC(2026, 2, 15);

/** Whether the validity period is that of a short-lived subscriber certificate (CA/Browser Forum BR 1.6.1). */
export function isShortLived({ notBefore, notAfter }: Certificate): boolean {
  const limit = notBefore.getTime() >= sevenDaysSince ? 7 * day : 10 * day;
  // The last second counts (RFC 5280 §4.1.2.5).
  return notAfter.getTime() - notBefore.getTime() + 1000 <= limit;
}
