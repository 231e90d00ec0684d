import { bytesEqual } from '../bytes.js';
import { distinguishedNameToString } from '../certificate/distinguished-name.js';
import { Oid } from '../oid.js';
import type { SingleResponse } from '../response.js';
import { ruleMakers, type LintRule } from './rule.js';

const { info, warning, error } = ruleMakers('rfc');

/** The profile for many certificates and small clients: RFC 9919, which replaces RFC 5019. */
export const lightweightRules: readonly LintRule[] = [
  warning('several-statements', 'RFC 9919 §3.2.1', ({ basic: { responses }, statements }) => {
    const isOneInTwoHashes = statements.length === responses.length && areOfBothHashes(statements);
    if (responses.length < 2 || isOneInTwoHashes) return undefined;
    return `it holds ${responses.length} statements where one is enough; haproxy and dnsdist refuse such a file`;
  }),
  warning('response-extensions', 'RFC 9919 §3.2.1', ({ basic: { extensions } }) => {
    if (extensions.length === 0) return undefined;
    const names = extensions.map(({ oid }) => (oid === Oid.ocspNonce ? 'a nonce' : oid));
    return `it has extensions, which are sent in each handshake and help nobody there: ${names.join(', ')}`;
  }),
  info('responder-by-name', 'RFC 9919 §3.2.2', ({ basic: { responderId } }) =>
    'byName' in responderId
      ? 'it identifies its responder by name, but RFC 9919 asks for the shorter hash of the key'
      : undefined,
  ),
  error('delegate-not-embedded', 'RFC 9919 §3.2.2', ({ signer, basic }) => {
    if (signer?.kind !== 'delegated') return undefined;
    const { der, subject } = signer.certificate;
    if (basic.certificates.some((embedded) => bytesEqual(embedded, der))) return undefined;
    return `the certificate of the delegate ${distinguishedNameToString(subject)} is not in the response, so clients cannot find it`;
  }),
  warning('delegate-with-revocation-uris', 'RFC 9919 §3.2.2', ({ signer }) => {
    if (signer?.kind !== 'delegated') return undefined;
    const { ocspUris, crlUris } = signer.certificate;
    if (ocspUris.length === 0 && crlUris.length === 0) return undefined;
    return 'the certificate of the delegate says where to look up its own status, which a client of its responses would have to follow';
  }),
];

/** What RFC 9919 allows, for clients that know one of the hashes only. */
function areOfBothHashes([a, b, ...more]: readonly SingleResponse[]): boolean {
  const hashes = [a?.certId.hashAlgorithm, b?.certId.hashAlgorithm].toSorted();
  return more.length === 0 && hashes[0] === 'sha1' && hashes[1] === 'sha256';
}
