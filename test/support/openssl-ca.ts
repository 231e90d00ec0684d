import { execFileSync } from 'node:child_process';

import { createTemporaryFolder, type TemporaryFolder } from './temporary-folder.js';

/** A CA kept by `openssl ca` in a folder of its own: ca.pem, ca.key, index.txt, and certs/ with what it issued. */
export interface OpensslAuthority extends TemporaryFolder {
  /** Issues a certificate; `more` goes to `openssl ca`. Returns its path. */
  readonly issue: (name: string, ...more: readonly string[]) => string;
  /** Revokes what `issue` made; `more` is `-crl_reason keyCompromise` and the like. */
  readonly revoke: (name: string, ...more: readonly string[]) => void;
  /** Runs `openssl ca` with more arguments. */
  readonly ca: (...more: readonly string[]) => void;
  /** Makes crl.pem and returns its path. */
  readonly makeCrl: () => string;
  /** Sets the serial number of the next certificate, hex. */
  readonly nextSerial: (hex: string) => void;
}

const configuration = `
[ca]
default_ca = own
[own]
dir = .
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = certs
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 3650
default_crl_days = 30
policy = any
unique_subject = no
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign,digitalSignature
`;

export function createOpensslAuthority(): OpensslAuthority {
  const folder = createTemporaryFolder();
  const { path, at, write } = folder;
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: path, stdio: 'pipe', env: { PATH: process.env['PATH'], HOME: path } });
  };
  const newKey = (file: string): void =>
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file);
  const ca = (...more: readonly string[]): void => openssl('ca', '-batch', '-config', 'openssl.cnf', ...more);
  const nextSerial = (hex: string): void => void write('serial', `${hex}\n`);

  write('openssl.cnf', configuration);
  write('index.txt', '');
  write('crlnumber', '01\n');
  write('certs/.keep', '');
  nextSerial('01');
  newKey('ca.key');
  const subject = ['-subj', '/CN=Own CA', '-extensions', 'authority', '-config', 'openssl.cnf'];
  openssl('req', '-x509', '-new', '-key', 'ca.key', '-days', '7300', '-out', 'ca.pem', ...subject);
  newKey('leaf.key');

  return {
    ...folder,
    ca,
    nextSerial,
    issue(name, ...more) {
      openssl('req', '-new', '-key', 'leaf.key', '-subj', `/CN=${name}`, '-config', 'openssl.cnf', '-out', 'leaf.csr');
      ca('-in', 'leaf.csr', '-out', `${name}.pem`, '-notext', ...more);
      return at(`${name}.pem`);
    },
    revoke: (name, ...more) => ca('-revoke', `${name}.pem`, ...more),
    makeCrl() {
      ca('-gencrl', '-out', 'crl.pem');
      return at('crl.pem');
    },
  };
}
