/** What openssl does, what `restaple ocsp` does, and why it is not the same. */
interface Difference {
  readonly openssl: string;
  readonly own: string;
  readonly reason: string;
}

/** The rows of the table in docs/from-openssl.md, in their order. */
export const differences = {
  'headers in two words': {
    openssl: '`-header HOST name` and `-header "Host: name"` end with 1',
    own: 'takes both, and `K=V` too',
    reason: 'scripts from before openssl 1.1 have them',
  },
  'keys and certificates': {
    openssl: '`-out`, `-reqout` and `-respout` write over any file',
    own: 'leaves a file with a key or a certificate in it alone, and ends with 1',
    reason: 'nobody gets a lost key back',
  },
  'an address for `-port`': {
    openssl: '`-port 127.0.0.1:2560` ends with 1',
    own: 'listens on this address alone',
    reason: 'a responder for tests need not be open to the network',
  },
  'signatures over SHA-1': {
    openssl: '`-rmd sha1` signs',
    own: 'ends with 1',
    reason: 'SHA-1 is broken, and clients have stopped taking it',
  },
  'other hashes': {
    openssl: 'any hash it knows, in CertIDs and signatures',
    own: 'SHA-1 (CertIDs only), SHA-256, SHA-384, SHA-512; SHA-224 in signatures',
    reason: 'no responder answers others',
  },
  'serial numbers with `-rcid`': {
    openssl: 'openssl 3.0 writes the serial number 0 into the CertID',
    own: 'writes the one that was asked for',
    reason: 'a client would not find its certificate in the response',
  },
  'stores, policies and providers': {
    openssl: '`-CAstore`, `-policy`, `-crl_check` and others change what is accepted',
    own: 'ends with 1 and says why',
    reason: 'an option that decides about trust is not to be passed over in silence',
  },
  redirects: {
    openssl: 'a responder that redirects ends with 1',
    own: 'follows three redirects, and never one to a private address',
    reason: 'responders move, and what answers is verified in any case',
  },
  'forms of certificate files': {
    openssl: 'takes PEM only for `-CAfile` and some other options',
    own: 'takes PEM, DER and PKCS#7 for all of them',
    reason: 'what is in the file is the same',
  },
  'a delegate in `-CAfile`': {
    openssl: 'trusts it as a responder with `-partial_chain`',
    own: 'ends with 1, since it is not a CA',
    reason: '`-VAfile` is the option that names a responder to trust',
  },
  'serial numbers with a needless zero octet': {
    openssl: 'refuses the response',
    own: 'takes it',
    reason: 'deployed CAs have issued such certificates',
  },
  'the end of a certificate': {
    openssl: 'at the very second of notAfter (`-attime`) the certificate of a signer has expired',
    own: 'it has expired a second later',
    reason: 'RFC 5280 §4.1.2.5: that second is the last of its validity',
  },
  'numbers without a meaning': {
    openssl: 'prints `(UNKNOWN)` for a reason or response status that no RFC defines',
    own: 'prints no reason, and ends with `Error parsing response` for such a status',
    reason: 'RFC 6960 §4.2.1 and RFC 5280 §5.3.1 define the others',
  },
  'lines of the index': {
    openssl: 'ends at an empty line, ignores a last line without its end, and answers for odd dates and reasons',
    own: 'takes the first two, and ends with 1 for the others',
    reason: 'a revocation must not be lost for a missing line end',
  },
  'a full disk': {
    openssl: 'prints the status even if `-respout` could not be written',
    own: 'ends with 1 before it prints',
    reason: 'a script that goes on would install a truncated file',
  },
  'broken messages': {
    openssl: 'takes BER, octets after a response, and other encodings that are not DER',
    own: 'refuses them as unreadable',
    reason: 'responses are DER (RFC 6960 §4.2.1), and two readers must not see two things in one',
  },
  'weak keys and signatures': {
    openssl: 'accepts MD5 signatures and RSA keys of any size at a low security level',
    own: 'refuses MD5, RSA below 1024 bits to verify and below 2048 to sign',
    reason: 'they can be forged',
  },
  'rare extensions with `-text`': {
    openssl: 'has a text for every extension it knows',
    own: 'has one for the extensions that responders and their certificates have; prints others as their octets',
    reason: 'nothing reads them',
  },
  'reasons above 8 with `-text`': {
    openssl: 'prints `(UNKNOWN)` for `privilegeWithdrawn` and `aACompromise`',
    own: 'prints their names',
    reason: 'RFC 5280 §5.3.1 defines them',
  },
  "the library's error queue": {
    openssl: 'prints a thread number and the place in its source',
    own: 'prints the same reasons, `0` and `restaple:0`, then its own explanation behind `ocsp:`',
    reason: 'places in the source differ from one openssl to the next',
  },
  'expired certificates in the index': {
    openssl: 'answers without any status for them',
    own: 'answers good',
    reason: 'RFC 6960 §2.2: not revoked',
  },
  'details of a revocation in the index': {
    openssl: 'adds the invalidity date and the hold instruction to the answer',
    own: 'answers with time and reason alone',
    reason: 'RFC 5280 has given up the hold instruction, and no client asks for either',
  },
  'a malformed request to the responder': {
    openssl: 'ends the responder with 1, unless `-ignore_err` is given',
    own: 'answers `malformedrequest` and goes on',
    reason: 'anybody could end the responder by three octets',
  },
  'several requests at once': {
    openssl: 'answers one after the other; `-multi N` starts processes',
    own: 'answers them together; `-multi` changes nothing',
    reason: 'one process is enough',
  },
  'what HTTP says': {
    openssl: 'HTTP/1.0, and the connection ends',
    own: 'HTTP/1.1, headers for caches, 405 for methods that are not GET, HEAD or POST',
    reason: 'RFC 9110, RFC 5019 §6.2',
  },
  'the `ACCEPT` line': {
    openssl: 'is printed before keys and index are read',
    own: 'is printed when requests are answered',
    reason: 'scripts wait for it',
  },
  'a changed index': {
    openssl: 'is read again after the next request',
    own: 'is read again within a second',
    reason: 'a revocation is for the next client, not for the one after it',
  },
  'passphrases from the terminal': {
    openssl: 'asks for the passphrase of a key',
    own: 'ends with 1 and asks for `-passin`',
    reason: 'a script has no terminal',
  },
} as const satisfies Record<string, Difference>;

export type DifferenceName = keyof typeof differences;
