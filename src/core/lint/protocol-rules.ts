import { bytesEqual } from '../bytes.js';
import { distinguishedNameToString } from '../certificate/distinguished-name.js';
import { findExtension } from '../certificate/extension.js';
import { nonceOf } from '../nonce.js';
import { Oid } from '../oid.js';
import type { BasicResponse } from '../response.js';
import { formatTime } from '../time.js';
import { ruleMakers, type LintRule, type LintSubject } from './rule.js';

const { info, warning, error } = ruleMakers('private');

/** What RFC 6960 and its nonce ask of every responder, and what clients and servers of any PKI trip over. */
export const protocolRules: readonly LintRule[] = [
  warning('explicit-version', 'X.690 §11.5', ({ encoding }) =>
    encoding.hasExplicitVersion ? 'the version is written out although it is the default, which is not DER' : undefined,
  ),
  warning('empty-certificates', 'RFC 6960 §4.2.1', ({ encoding }) =>
    encoding.hasEmptyCertificates ? 'it has a list of certificates that is empty' : undefined,
  ),
  error('responder-key-hash-length', 'RFC 6960 §4.2.1', ({ basic: { responderId } }) => {
    if (!('byKey' in responderId) || responderId.byKey.length === 2 * sha1Octets) return undefined;
    return `the key hash of the responder has ${responderId.byKey.length / 2} octets and not the ${sha1Octets} of SHA-1`;
  }),
  error('this-update-after-produced-at', 'RFC 6960 §2.4', ({ basic: { producedAt, responses } }) => {
    const late = responses.find(({ thisUpdate }) => thisUpdate > producedAt);
    if (late === undefined) return undefined;
    return `it was signed at ${formatTime(producedAt)} about ${formatTime(late.thisUpdate)}, which was still in the future`;
  }),
  error('empty-window', 'RFC 6960 §2.4', ({ statement }) => {
    const { thisUpdate, nextUpdate } = statement ?? {};
    if (thisUpdate === undefined || nextUpdate === undefined || nextUpdate > thisUpdate) return undefined;
    return `nextUpdate ${formatTime(nextUpdate)} is not after thisUpdate ${formatTime(thisUpdate)}`;
  }),
  error('contradictory-statements', 'RFC 6960 §2.2', ({ statements: [first, ...more] }) => {
    const other = more.find(({ status }) => status !== first?.status);
    if (first === undefined || other === undefined) return undefined;
    return `it calls the same certificate ${first.status} and ${other.status}`;
  }),
  error('nonce-length', 'RFC 9654 §2.1', ({ basic: { nonce } }) => {
    if (nonce === undefined || (nonce.length > 0 && nonce.length <= 2 * longestNonce)) return undefined;
    return `the nonce has ${nonce.length / 2} octets, where 1 to ${longestNonce} are allowed`;
  }),
  warning('bare-nonce', 'RFC 9654 §2.1', ({ basic }) =>
    hasBareNonce(basic) ? 'the nonce is bare and not in an OCTET STRING, as before RFC 8954' : undefined,
  ),
  error('signer-not-valid-when-signing', 'RFC 6960 §3.2 (4)', ({ signer, basic: { producedAt } }) => {
    if (signer === undefined) return undefined;
    const { notBefore, notAfter } = signer.certificate;
    if (notBefore <= producedAt && producedAt <= notAfter) return undefined;
    return `it was signed at ${formatTime(producedAt)} by ${nameOf(signer)}, which is valid from ${formatTime(notBefore)} to ${formatTime(notAfter)}`;
  }),
  warning('outlives-signer', 'RFC 6960 §3.2 (4)', ({ signer, statement }) => {
    const nextUpdate = statement?.nextUpdate;
    if (signer === undefined || nextUpdate === undefined || nextUpdate <= signer.certificate.notAfter) return undefined;
    return `nextUpdate is ${formatTime(nextUpdate)}, but ${nameOf(signer)} ends at ${formatTime(signer.certificate.notAfter)}, and clients refuse the response from then on`;
  }),
  info('outlives-certificate', 'certmagic, caddyserver/caddy#7377', ({ certificate, statement }) => {
    const nextUpdate = statement?.nextUpdate;
    if (certificate === undefined || nextUpdate === undefined || nextUpdate <= certificate.notAfter) return undefined;
    return `nextUpdate ${formatTime(nextUpdate)} is after the end of the certificate ${formatTime(certificate.notAfter)}, which some servers refuse to staple`;
  }),
  info('needless-certificates', 'RFC 6960 §4.2.1', ({ signer, basic }) => {
    // Of a responder that only some trust, others may need what came along.
    if (signer === undefined || signer.kind === 'trusted') return undefined;
    const needless = basic.certificates.filter(
      (der) => signer.kind === 'issuer' || !bytesEqual(der, signer.certificate.der),
    );
    if (needless.length === 0) return undefined;
    const octets = needless.reduce((sum, der) => sum + der.length, 0);
    return `${octets} octets of it are certificates that nobody needs to verify it, sent in each handshake`;
  }),
];

const sha1Octets = 20;
const longestNonce = 128;

function nameOf({ certificate }: NonNullable<LintSubject['signer']>): string {
  return distinguishedNameToString(certificate.subject);
}

function hasBareNonce({ extensions }: BasicResponse): boolean {
  const extension = findExtension(extensions, Oid.ocspNonce);
  // What has no OCTET STRING around it is the value as it stands.
  return extension === undefined ? false : nonceOf(extension) === extension.value;
}
