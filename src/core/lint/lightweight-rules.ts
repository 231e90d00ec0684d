import { serialNumbersEqual } from '../cert-id.js';
import { Oid } from '../oid.js';
import type { SingleResponse } from '../response.js';
import type { LintRule } from './rule.js';

/** The profile for many certificates and small clients: RFC 9919, which replaces RFC 5019. */
export const lightweightRules: readonly LintRule[] = [
  {
    rule: 'several-statements',
    severity: 'warning',
    profile: 'rfc',
    source: 'RFC 9919 §2.2.1',
    check({ basic: { responses } }) {
      if (responses.length < 2 || isOneCertificateInTwoHashes(responses)) return undefined;
      return `it holds ${responses.length} statements where one is enough; haproxy and dnsdist take no such file`;
    },
  },
  {
    rule: 'response-extensions',
    severity: 'warning',
    profile: 'rfc',
    source: 'RFC 9919 §2.2.1',
    check({ basic: { extensions } }) {
      if (extensions.length === 0) return undefined;
      const names = extensions.map(({ oid }) => (oid === Oid.ocspNonce ? 'a nonce' : oid));
      return `it has extensions, which are sent in each handshake and help nobody there: ${names.join(', ')}`;
    },
  },
  {
    rule: 'responder-by-name',
    severity: 'info',
    profile: 'rfc',
    source: 'RFC 9919 §2.2.2',
    check: ({ basic: { responderId } }) =>
      'byName' in responderId ? 'it names its responder, where the shorter hash of the key is asked for' : undefined,
  },
  {
    rule: 'delegate-with-revocation-uris',
    severity: 'warning',
    profile: 'rfc',
    source: 'RFC 9919 §2.2.2',
    check({ signer }) {
      if (signer?.kind !== 'delegated') return undefined;
      const { ocspUris, crlUris } = signer.certificate;
      if (ocspUris.length === 0 && crlUris.length === 0) return undefined;
      return 'the certificate of the delegate says where to look up its own status, which a client of its responses would have to follow';
    },
  },
];

/** What RFC 9919 allows for clients that know one hash only. */
function isOneCertificateInTwoHashes([first, second, ...more]: readonly SingleResponse[]): boolean {
  if (first === undefined || second === undefined || more.length > 0) return false;
  const [a, b] = [first.certId, second.certId];
  return serialNumbersEqual(a.serialNumber, b.serialNumber) && a.hashAlgorithm !== b.hashAlgorithm;
}
