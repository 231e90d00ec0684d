/** What stands behind an option: nothing, any word, or a number as C's `strtol` reads it. */
export type ValueKind = 'none' | 'text' | 'positive' | 'nonNegative' | 'integer' | 'seconds' | 'unsigned';

interface OptionRow {
  readonly kind: ValueKind;
  /** What help calls the value. */
  readonly value?: string;
  readonly help: string;
  /** Why it cannot be had here. An option that openssl has and that would change the result is never passed over. */
  readonly refused?: string;
}

const notChecked = 'restaple does not make this check';
const noProviders = 'restaple has no providers';

const clientOptions = {
  url: { kind: 'text', value: 'URL', help: 'ask the responder at this URL' },
  host: { kind: 'text', value: 'HOST[:PORT]', help: 'ask the responder on this host' },
  port: { kind: 'nonNegative', value: 'PORT', help: 'ask this port, or with -index listen on it' },
  path: { kind: 'text', value: 'PATH', help: 'ask for this path' },
  header: { kind: 'text', value: 'NAME=VALUE', help: 'send this header; "NAME: VALUE" and NAME VALUE are taken too' },
  timeout: { kind: 'positive', value: 'SECONDS', help: 'wait no longer than this for the responder' },
  proxy: { kind: 'text', value: 'URL', help: 'ask through this HTTP proxy' },
  no_proxy: { kind: 'text', value: 'HOSTS', help: 'ask these hosts without a proxy' },
  issuer: { kind: 'text', value: 'FILE', help: 'the CA of the certificates and serial numbers that follow' },
  cert: { kind: 'text', value: 'FILE', help: 'ask for this certificate; may be repeated' },
  serial: { kind: 'text', value: 'NUMBER', help: 'ask for this serial number, decimal or 0x and hexadecimal' },
  nonce: { kind: 'none', help: 'put a nonce into the request, also into one that was read' },
  no_nonce: { kind: 'none', help: 'put no nonce into the request' },
  signer: { kind: 'text', value: 'FILE', help: 'sign the request with this certificate' },
  signkey: { kind: 'text', value: 'FILE', help: 'the private key of -signer, where it is in another file' },
  sign_other: { kind: 'text', value: 'FILE', help: 'put these certificates into the signed request too' },
  no_certs: { kind: 'none', help: 'put no certificate into the signed request' },
  reqin: { kind: 'text', value: 'FILE', help: 'read the request from this file' },
  reqout: { kind: 'text', value: 'FILE', help: 'write the request to this file' },
  respin: { kind: 'text', value: 'FILE', help: 'read the response from this file' },
  respout: { kind: 'text', value: 'FILE', help: 'write the response to this file' },
  out: { kind: 'text', value: 'FILE', help: 'write to this file what would go to stdout' },
  text: { kind: 'none', help: 'print request and response as text' },
  req_text: { kind: 'none', help: 'print the request as text' },
  resp_text: { kind: 'none', help: 'print the response as text' },
  ignore_err: { kind: 'none', help: 'go on after an error status' },
} as const satisfies Record<string, OptionRow>;

const verificationOptions = {
  CAfile: { kind: 'text', value: 'FILE', help: 'trust the certificates in this file' },
  CApath: { kind: 'text', value: 'FOLDER', help: 'trust the certificates in this folder' },
  CAstore: {
    kind: 'text',
    value: 'URI',
    help: 'not available',
    refused: 'restaple reads certificates from files only; use -CAfile or -CApath',
  },
  'no-CAfile': { kind: 'none', help: "do not trust the certificates of the system's file" },
  'no-CApath': { kind: 'none', help: "do not trust the certificates of the system's folder" },
  'no-CAstore': { kind: 'none', help: 'changes nothing: no other store is read' },
  VAfile: { kind: 'text', value: 'FILE', help: 'trust the responders whose certificates are in this file' },
  verify_other: { kind: 'text', value: 'FILE', help: "look for the signer's certificate in this file too" },
  trust_other: { kind: 'none', help: 'trust the certificates of -verify_other' },
  no_intern: { kind: 'none', help: "do not look for the signer's certificate in the response" },
  noverify: { kind: 'none', help: 'verify nothing' },
  no_signature_verify: { kind: 'none', help: 'do not verify the signature' },
  no_cert_verify: { kind: 'none', help: "do not verify the signer's certificate" },
  no_chain: { kind: 'none', help: "do not build the signer's chain from the certificates of the response" },
  no_cert_checks: { kind: 'none', help: 'do not check whether the signer may answer for the issuer' },
  no_explicit: { kind: 'none', help: 'do not trust a root for being trusted for OCSP signing' },
  validity_period: { kind: 'unsigned', value: 'SECONDS', help: 'how far clocks may differ (300)' },
  status_age: { kind: 'positive', value: 'SECONDS', help: 'how long ago thisUpdate may be' },
  attime: { kind: 'seconds', value: 'SECONDS', help: 'verify the chain at this time, in seconds since 1970' },
  no_check_time: { kind: 'none', help: 'do not look at the validity of certificates' },
  partial_chain: { kind: 'none', help: 'let a chain end at a trusted certificate that is not a root' },
  trusted_first: { kind: 'none', help: 'the default: look for issuers among the trusted certificates first' },
  no_alt_chains: { kind: 'none', help: 'has no effect, as in openssl 3' },
  issuer_checks: { kind: 'none', help: 'has no effect, as in openssl 3' },
  policy: { kind: 'text', value: 'OID', help: 'not available', refused: notChecked },
  purpose: { kind: 'text', value: 'NAME', help: 'not available', refused: notChecked },
  verify_name: { kind: 'text', value: 'NAME', help: 'not available', refused: notChecked },
  verify_depth: { kind: 'integer', value: 'N', help: 'not available', refused: notChecked },
  auth_level: { kind: 'integer', value: 'N', help: 'not available', refused: notChecked },
  verify_hostname: { kind: 'text', value: 'NAME', help: 'not available', refused: notChecked },
  verify_email: { kind: 'text', value: 'ADDRESS', help: 'not available', refused: notChecked },
  verify_ip: { kind: 'text', value: 'ADDRESS', help: 'not available', refused: notChecked },
  ignore_critical: {
    kind: 'none',
    help: 'not available',
    refused: 'unknown critical extensions are never passed over',
  },
  crl_check: { kind: 'none', help: 'not available', refused: `${notChecked}; see restaple verify` },
  crl_check_all: { kind: 'none', help: 'not available', refused: `${notChecked}; see restaple verify` },
  policy_check: { kind: 'none', help: 'not available', refused: notChecked },
  explicit_policy: { kind: 'none', help: 'not available', refused: notChecked },
  inhibit_any: { kind: 'none', help: 'not available', refused: notChecked },
  inhibit_map: { kind: 'none', help: 'not available', refused: notChecked },
  x509_strict: { kind: 'none', help: 'not available', refused: notChecked },
  extended_crl: { kind: 'none', help: 'not available', refused: notChecked },
  use_deltas: { kind: 'none', help: 'not available', refused: notChecked },
  policy_print: { kind: 'none', help: 'not available', refused: notChecked },
  check_ss_sig: { kind: 'none', help: 'not available', refused: notChecked },
  suiteB_128_only: { kind: 'none', help: 'not available', refused: notChecked },
  suiteB_128: { kind: 'none', help: 'not available', refused: notChecked },
  suiteB_192: { kind: 'none', help: 'not available', refused: notChecked },
  allow_proxy_certs: { kind: 'none', help: 'not available', refused: 'restaple takes no proxy certificates' },
} as const satisfies Record<string, OptionRow>;

const responderOptions = {
  index: { kind: 'text', value: 'FILE', help: 'answer from this index.txt of a CA' },
  CA: { kind: 'text', value: 'FILE', help: 'the CA whose certificates the index lists' },
  rsigner: { kind: 'text', value: 'FILE', help: 'sign responses with this certificate' },
  rkey: { kind: 'text', value: 'FILE', help: 'the private key of -rsigner, where it is in another file' },
  passin: { kind: 'text', value: 'SOURCE', help: 'the passphrase of the key: pass:, env:, file:, fd: or stdin' },
  rother: { kind: 'text', value: 'FILE', help: 'put these certificates into responses too' },
  rmd: { kind: 'text', value: 'HASH', help: 'sign responses over this hash' },
  rsigopt: { kind: 'text', value: 'NAME:VALUE', help: 'a parameter of the signature of responses; may be repeated' },
  rcid: { kind: 'text', value: 'HASH', help: 'answer with CertIDs in this hash' },
  resp_no_certs: { kind: 'none', help: 'put no certificate into responses' },
  resp_key_id: { kind: 'none', help: 'name the responder by its key' },
  nmin: { kind: 'positive', value: 'MINUTES', help: 'minutes until nextUpdate' },
  ndays: { kind: 'positive', value: 'DAYS', help: 'days until nextUpdate' },
  nrequest: { kind: 'positive', value: 'N', help: 'end after so many requests' },
  badsig: { kind: 'none', help: 'break the signature of responses, for tests' },
  multi: { kind: 'positive', value: 'N', help: 'accepted: one process answers any number of requests at once' },
} as const satisfies Record<string, OptionRow>;

const otherOptions = {
  help: { kind: 'none', help: 'show these options' },
  'strict-exit': { kind: 'none', help: "end with restaple's exit codes: 3 revoked, 4 unknown, 5 not believed, …" },
  'provider-path': { kind: 'text', value: 'FOLDER', help: 'not available', refused: noProviders },
  provider: { kind: 'text', value: 'NAME', help: 'not available', refused: noProviders },
  propquery: { kind: 'text', value: 'QUERY', help: 'not available', refused: noProviders },
} as const satisfies Record<string, OptionRow>;

/** Every option of `openssl ocsp`, and `-strict-exit`, in the groups in which help shows them. */
export const optionGroups: Readonly<Record<string, Readonly<Record<string, OptionRow>>>> = {
  Client: clientOptions,
  Verification: verificationOptions,
  Responder: responderOptions,
  Other: otherOptions,
};

const optionTable = { ...clientOptions, ...verificationOptions, ...responderOptions, ...otherOptions };

type Table = typeof optionTable;
type NamesOf<Kind extends ValueKind> = {
  [Name in keyof Table]: Table[Name]['kind'] extends Kind ? Name : never;
}[keyof Table];

/** An option without a value. */
export type SwitchName = NamesOf<'none'>;
/** An option with a word for a value. */
export type TextName = NamesOf<'text'>;
/** An option with a number. */
export type NumberName = NamesOf<Exclude<ValueKind, 'none' | 'text'>>;

/** The row of this option, or undefined where openssl has no such option. `-h` is `-help`. */
export function optionNamed(name: string): (OptionRow & { readonly name: keyof Table }) | undefined {
  const known = name === 'h' ? 'help' : name;
  return isOption(known) ? { ...(optionTable[known] as OptionRow), name: known } : undefined;
}

function isOption(name: string): name is keyof Table {
  return Object.hasOwn(optionTable, name);
}
