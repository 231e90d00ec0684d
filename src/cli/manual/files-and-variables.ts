/** What manuals say of files and of variables that stand for no flag. */

/** Files, and the commands that read or write them. */
export const knownFiles: readonly { readonly name: string; readonly text: string; readonly of: readonly string[] }[] = [
  {
    name: 'CERT.ocsp',
    text: 'The staple of CERT, in DER, unless --out names another place.',
    of: ['fetch', 'verify', 'reload', 'generate'],
  },
  {
    name: 'CERT.issuer',
    text: 'The issuer of CERT, where haproxy looks for it. fetch keeps a downloaded issuer there.',
    of: ['fetch', 'verify', 'query', 'reload'],
  },
  {
    name: 'chain.pem',
    text: "The issuers of certificates in the same folder, as in certbot's tree.",
    of: ['fetch', 'verify', 'query', 'reload'],
  },
  {
    name: '/etc/restaple.yaml',
    text: 'The configuration file if --config names no other; see restaple.yaml(5).',
    of: ['fetch', 'config:check'],
  },
  {
    name: '/run/restaple/etc-restaple.yaml.lock',
    text: 'The lock of a run with /etc/restaple.yaml, unless --lock names another. Users other than root have it in $XDG_RUNTIME_DIR/restaple.',
    of: ['fetch'],
  },
];

/** Variables beside those of flags, and the commands that read them; where none is named, all do. */
export const knownVariables: readonly {
  readonly name: string;
  readonly text: string;
  readonly of?: readonly string[];
}[] = [
  {
    name: 'RESTAPLE_SHARD_COUNT',
    text: 'The number of shards, where JOB_COMPLETION_INDEX says which one this is, as in an indexed job of Kubernetes.',
    of: ['fetch'],
  },
  {
    name: 'RESTAPLE_DNSDIST_KEY',
    text: 'The console key of dnsdist itself, instead of a file.',
    of: ['fetch', 'generate', 'reload'],
  },
  {
    name: 'RESTAPLE_PASSPHRASE',
    text: 'The passphrase of an encrypted key, instead of a file.',
    of: ['fetch', 'generate', 'serve'],
  },
  {
    name: 'HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY',
    text: 'The proxies for http, https and both, and the hosts that are asked without one. A proxy that is named on the command line overrides them.',
    of: ['fetch', 'query', 'verify', 'ocsp'],
  },
  {
    name: 'NOTIFY_SOCKET',
    text: 'The socket of systemd; with --watch it is told when the run is ready and what it does.',
    of: ['fetch'],
  },
  {
    name: 'SSL_CERT_FILE, SSL_CERT_DIR',
    text: "The system's trusted certificates, as for openssl.",
    of: ['ocsp'],
  },
  { name: 'NO_COLOR', text: 'No colours, even on a terminal.' },
  { name: 'FORCE_COLOR', text: 'Colours even where there is no terminal.' },
];
