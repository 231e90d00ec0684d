import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Behaviour } from './misbehaving-responder.js';
import { requestBytes } from './answer.js';
import { sendOcsp } from './behaviours.js';
import { runCommand, withoutRoots, type RunResult } from './run-program.js';
import type { TemporaryFolder } from './temporary-folder.js';

/** How `openssl ocsp` signs. */
export interface OpensslSigning {
  /** A responder certificate of its own; else the CA signs. */
  readonly isDelegated?: boolean;
  readonly byKey?: boolean;
  readonly withoutCertificates?: boolean;
  /** The time that faketime makes openssl believe, such as `2020-01-10 00:00:00`. */
  readonly at?: string;
  /** From thisUpdate to nextUpdate; default 7. */
  readonly days?: number;
}

/** A CA that openssl made and that answers through `openssl ocsp`: nothing of it is ours. */
export interface OpensslAuthority {
  readonly certificate: string;
  readonly delegate: string;
  /** Issues a certificate with this responder URI and writes certificate and CA into one PEM file. */
  issue(name: string, serial: string, url: string): Promise<{ readonly certificate: string; readonly bundle: string }>;
  /** Writes down that this serial is valid, or revoked as openssl's index says it; others are unknown. */
  record(entry: { readonly serial: string; readonly revocation?: string }): void;
  /** The response to a request, DER. */
  respond(request: Uint8Array, signing?: OpensslSigning): Promise<Buffer>;
  /** {@link respond} as a behaviour of the loopback responder. */
  behaviour(signing?: OpensslSigning): Behaviour;
}

export type OpensslKey = 'rsa' | 'ec';

const newKeyFlags: Readonly<Record<OpensslKey, readonly string[]>> = {
  rsa: ['-newkey', 'rsa:2048'],
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
};

/** Makes a CA and a delegated responder with openssl in this folder. */
export async function createOpensslAuthority(folder: TemporaryFolder, key: OpensslKey): Promise<OpensslAuthority> {
  const at = (name: string): string => folder.at(key, name);
  folder.write(join(key, 'index.txt'), '');
  const entries: string[] = [];
  let count = 0;
  await openssl([
    'req',
    '-x509',
    ...newKeyFlags[key],
    ...['-nodes', '-days', '3650', '-subj', `/O=openssl/CN=${key} CA`, '-keyout', at('ca.key'), '-out', at('ca.pem')],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature'],
  ]);

  async function sign(name: string, serial: string, extensions: string): Promise<string> {
    const certificate = at(`${name}.pem`);
    const request = [...newKeyFlags.ec, '-nodes', '-subj', `/CN=${name}`, '-keyout', at(`${name}.key`)];
    await openssl(['req', ...request, '-out', at(`${name}.csr`)]);
    const extensionFile = folder.write(join(key, `${name}.ext`), `basicConstraints=CA:FALSE\n${extensions}\n`);
    const issuer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-set_serial', `0x${serial}`];
    await openssl([
      ...['x509', '-req', '-in', at(`${name}.csr`), ...issuer],
      ...['-extfile', extensionFile, '-days', '3650', '-out', certificate],
    ]);
    return certificate;
  }

  const delegate = await sign('delegate', '0777', 'extendedKeyUsage=OCSPSigning\nnoCheck=ignored');

  const authority: OpensslAuthority = {
    certificate: at('ca.pem'),
    delegate,
    async issue(name, serial, url) {
      const certificate = await sign(name, serial, `authorityInfoAccess=OCSP;URI:${url}`);
      const chain = (await openssl(['x509', '-in', at('ca.pem')])).stdout;
      const own = (await openssl(['x509', '-in', certificate])).stdout;
      return { certificate, bundle: folder.write(join(key, 'bundles', `${name}.pem`), own + chain) };
    },
    record({ serial, revocation }) {
      const state = revocation === undefined ? ['V', '491231235959Z', ''] : ['R', '491231235959Z', revocation];
      entries.push([...state, serial.toUpperCase(), 'unknown', `/CN=${serial}`].join('\t'));
      folder.write(join(key, 'index.txt'), `${entries.join('\n')}\n`);
    },
    async respond(
      request,
      { isDelegated = false, byKey = false, withoutCertificates = false, at: time, days = 7 } = {},
    ) {
      const number = (count += 1);
      const requestFile = folder.write(join(key, `request-${number}`), request);
      const responseFile = at(`response-${number}`);
      const signer = isDelegated
        ? ['-rsigner', delegate, '-rkey', at('delegate.key')]
        : ['-rsigner', at('ca.pem'), '-rkey', at('ca.key')];
      const words = [
        ...['ocsp', '-index', at('index.txt'), '-CA', at('ca.pem'), ...signer, '-ndays', String(days)],
        ...['-reqin', requestFile, '-respout', responseFile],
        ...(byKey ? ['-resp_key_id'] : []),
        ...(withoutCertificates ? ['-resp_no_certs'] : []),
      ];
      await (time === undefined ? openssl(words) : succeed('faketime', [time, 'openssl', ...words]));
      const response = readFileSync(responseFile);
      rmSync(responseFile);
      return response;
    },
    behaviour:
      (signing = {}) =>
      async ({ request, path, response }) => {
        sendOcsp(response, await authority.respond(requestBytes(request, path), signing));
      },
  };
  return authority;
}

/** Runs openssl and wants it to succeed. */
export function openssl(words: readonly string[]): Promise<RunResult> {
  return succeed('openssl', words);
}

type Program = 'openssl' | 'ocsptool' | 'faketime';

/** Runs one of them, whatever comes of it. */
export function runProgram(program: Program, words: readonly string[]): Promise<RunResult> {
  return runCommand(program, words, { env: withoutRoots });
}

async function succeed(program: Program, words: readonly string[]): Promise<RunResult> {
  const result = await runProgram(program, words);
  if (result.exitCode !== 0) throw new Error(`${program} ${words.join(' ')} failed:\n${result.stdout}${result.stderr}`);
  return result;
}
