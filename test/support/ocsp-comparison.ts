import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { createRequest, decodeCertificate, decodePem, decodeRequest, signResponse } from '../../src/core/index.js';
import { createPrivateKey } from 'node:crypto';
import { requestBytes } from './answer.js';
import { fixed, html, httpStatus, sendOcsp } from './behaviours.js';
import { startResponder, type Behaviour, type Responder } from './misbehaving-responder.js';
import { createOpensslAuthority, openssl } from './openssl-authority.js';
import { createCertificateAuthority } from './pki.js';
import { programPath, runCommand, runOpenssl, runRestaple, withoutRoots, type RunResult } from './run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from './temporary-folder.js';

/** One argument list for both programs. `{url}` in it is the loopback responder, `{port}` its port. */
export interface Comparison {
  readonly title: string;
  readonly words: readonly string[];
  /** Files that the program writes. */
  readonly written?: readonly string[];
  readonly input?: string;
  /** A word of bash that is put behind the others: `-CAfile <(cat ca.pem)`. */
  readonly shell?: string;
  /** Both read the roots of this machine, as they usually do, and not those of the scene. */
  readonly hasMachineRoots?: boolean;
}

/** What a script can see of a run, without what differs from one run of the same program to the next. */
export interface Observed {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** The lines that scripts look for. */
  readonly stderr: readonly string[];
  readonly files: Readonly<Record<string, string>>;
}

export interface ComparisonScene {
  /** Where restaple runs. */
  readonly folder: TemporaryFolder;
  /** Runs both programs on it, each in a folder of its own with the same files. */
  compare(comparison: Comparison): Promise<{ readonly theirs: Observed; readonly ours: Observed }>;
  close(): Promise<void>;
}

/**
 * A CA of openssl's, certificates of every status, a responder for each outcome, and responses in files: good.pem,
 * revoked.pem, hold.pem (revoked without a reason), unknown.pem, ca.pem, chain.pem, other.pem (another CA), STATUS.der,
 * old.der, wrong.der (signed by the other CA), delegate.der, bare.der (a delegate's without its certificate), refused.der.
 */
export async function createComparisonScene(): Promise<ComparisonScene> {
  const made = createTemporaryFolder();
  const responder = await startResponder();
  const url = responder.url;
  try {
    await makeFiles(made, url);
    addRoutes(responder, made);
    await makeResponses(made, responder);
  } catch (error) {
    await responder.close();
    throw error;
  }
  const twins = [createTemporaryFolder(), createTemporaryFolder()] as const;
  for (const twin of twins) cpSync(made.path, twin.path, { recursive: true });
  return {
    folder: twins[1],
    async compare(comparison) {
      const [theirs, ours] = await Promise.all(
        twins.map(async (twin, index) => {
          const words = comparison.words.map((word) =>
            word.replace('{url}', url).replace('{port}', String(responder.port)),
          );
          const isOurs = index === 1;
          const result = await runOne({ ...comparison, words }, twin.path, isOurs);
          return await observe(result, comparison.written ?? [], twin);
        }),
      );
      return { theirs: theirs!, ours: ours! };
    },
    async close() {
      await responder.close();
      for (const folder of [made, ...twins]) folder.remove();
    },
  };
}

function runOne(
  { words, input = '', shell, hasMachineRoots = false }: Comparison,
  cwd: string,
  isOurs: boolean,
): Promise<RunResult> {
  const program = isOurs ? [process.execPath, programPath, 'ocsp'] : ['openssl', 'ocsp'];
  const options = { cwd, input, env: hasMachineRoots ? {} : rootsOf(cwd) };
  if (shell !== undefined) return runCommand('bash', ['-c', `"$@" ${shell}`, 'bash', ...program, ...words], options);
  return isOurs ? runRestaple(['ocsp', ...words], options) : runCommand('openssl', ['ocsp', ...words], options);
}

/** Where both look for roots: a hundred and more of a machine take longer to read than all else takes. */
function rootsOf(folder: string): { readonly SSL_CERT_FILE: string; readonly SSL_CERT_DIR: string } {
  return { SSL_CERT_FILE: join(folder, 'roots.pem'), SSL_CERT_DIR: join(folder, 'roots') };
}

async function makeFiles({ at, write }: TemporaryFolder, url: string): Promise<void> {
  const folder = { path: at(), at, write, remove: () => undefined };
  const authority = await createOpensslAuthority(folder, 'rsa');
  const other = await createOpensslAuthority(folder, 'ec');
  const serials = { good: '1001', revoked: '1002', hold: '1003', unknown: '1004', second: '00ffeeddccbbaa99887766' };
  for (const [name, serial] of Object.entries(serials)) {
    const { certificate } = await authority.issue(name, serial, url);
    cpSync(certificate, at(`${name}.pem`));
  }
  authority.record({ serial: '1001' });
  authority.record({ serial: '1002', revocation: '250601000000Z,keyCompromise' });
  authority.record({ serial: '1003', revocation: '251231235959Z' });
  authority.record({ serial: 'ffeeddccbbaa99887766' });
  cpSync(authority.certificate, at('ca.pem'));
  cpSync(at('rsa', 'ca.key'), at('ca.key'));
  cpSync(at('rsa', 'index.txt'), at('index.txt'));
  cpSync(authority.delegate, at('delegate.pem'));
  cpSync(at('rsa', 'delegate.key'), at('delegate.key'));
  cpSync(other.certificate, at('other.pem'));
  cpSync(at('ec', 'ca.key'), at('other.key'));
  await makeRoots(write);
  write('chain.pem', readFileSync(at('ca.pem'), 'utf8') + readFileSync(at('other.pem'), 'utf8'));
  write('garbage', 'this is neither PEM nor DER\n');
  write('empty', '');
  write('twice.txt', 'V\t491231235959Z\t\t1001\tunknown\t/CN=one\nX\n');
  await openssl(['pkey', '-in', at('ca.key'), '-aes128', '-passout', 'pass:secret', '-out', at('encrypted.key')]);
  write('secret.txt', 'secret\n');
}

/** A root that signs nothing here, in a file and in a folder. */
async function makeRoots(write: TemporaryFolder['write']): Promise<void> {
  const root = write('roots.pem', createCertificateAuthority({ name: 'Root of the machine' }).certificate.pem);
  const { stdout: name } = await openssl(['x509', '-in', root, '-noout', '-subject_hash']);
  write(join('roots', `${name.trim()}.0`), readFileSync(root));
}

/** Both programs get the same bytes where they ask the same. */
function addRoutes(responder: Responder, { at, write }: TemporaryFolder): void {
  const answers = new Map<string, Promise<Buffer>>();
  let count = 0;
  const answerOf = async (request: Uint8Array, words: readonly string[]): Promise<Buffer> => {
    const files = { request: write(`asked-${(count += 1)}`, request), response: at(`answered-${count}`) };
    const usual = ['ocsp', '-index', at('index.txt'), '-CA', at('ca.pem'), '-ndays', '7'];
    await openssl([...usual, ...words, '-reqin', files.request, '-respout', files.response]);
    return readFileSync(files.response);
  };
  const signedBy = (...words: readonly string[]): ((request: Uint8Array) => Promise<Buffer>) => {
    return (request) => {
      const key = `${words.join(' ')} ${Buffer.from(request).toString('hex')}`;
      const answer = answers.get(key) ?? answerOf(request, words);
      answers.set(key, answer);
      return answer;
    };
  };
  const behaviour =
    (respond: (request: Uint8Array) => Promise<Uint8Array> | Uint8Array): Behaviour =>
    async ({ request, path, response }) =>
      sendOcsp(response, await respond(requestBytes(request, path)));
  const byCa = signedBy('-rsigner', at('ca.pem'), '-rkey', at('ca.key'));
  const routes: Readonly<Record<string, Behaviour>> = {
    '/ca': behaviour(byCa),
    '/key': behaviour(signedBy('-rsigner', at('ca.pem'), '-rkey', at('ca.key'), '-resp_key_id', '-resp_no_certs')),
    '/delegate': behaviour(signedBy('-rsigner', at('delegate.pem'), '-rkey', at('delegate.key'))),
    '/bare': behaviour(signedBy('-rsigner', at('delegate.pem'), '-rkey', at('delegate.key'), '-resp_no_certs')),
    '/wrong': behaviour(signedBy('-rsigner', at('other.pem'), '-rkey', at('other.key'))),
    '/spoiled': behaviour(signedBy('-rsigner', at('ca.pem'), '-rkey', at('ca.key'), '-badsig')),
    '/nononce': behaviour((request) => byCa(withoutNonce(request))),
    '/old': behaviour((request) => oldAnswer(request, at)),
    '/unauthorized': fixed(Uint8Array.of(0x30, 3, 0x0a, 1, 6)),
    '/trylater': fixed(Uint8Array.of(0x30, 3, 0x0a, 1, 3)),
    '/garbage': fixed(Buffer.from('this is no response')),
    '/html': html(),
    '/404': httpStatus(404),
    '/500': httpStatus(500, {}, 'broken'),
  };
  for (const [path, one] of Object.entries(routes)) responder.routes.set(path, one);
}

function withoutNonce(request: Uint8Array): Uint8Array {
  return createRequest({ certIds: decodeRequest(request).requests.map(({ certId }) => certId) });
}

const year2020 = new Date('2020-01-10T00:00:00Z');

function oldAnswer(request: Uint8Array, at: TemporaryFolder['at']): Uint8Array {
  const [block] = decodePem(readFileSync(at('ca.pem')));
  const signer = {
    certificate: decodeCertificate(block!.der),
    key: createPrivateKey(readFileSync(at('ca.key'))),
    responderId: 'name' as const,
    embeddedCertificates: [],
  };
  const { requests, nonce } = decodeRequest(request);
  const window = { thisUpdate: year2020, nextUpdate: new Date(year2020.getTime() + 86_400_000) };
  const statements = requests.map(({ certId }) => ({ certId, status: 'good' as const, ...window }));
  const echoed = nonce === undefined ? {} : { nonce: Buffer.from(nonce, 'hex') };
  return signResponse({ statements, producedAt: year2020, ...echoed }, signer);
}

async function makeResponses({ at, write }: TemporaryFolder, { url }: Responder): Promise<void> {
  const ask = async (name: string, path: string, file: string): Promise<void> => {
    const words = ['-issuer', at('ca.pem'), '-cert', at(`${name}.pem`), '-no_nonce', '-noverify'];
    await runCommand('openssl', ['ocsp', ...words, '-url', `${url}${path}`, '-respout', at(file)], {
      env: withoutRoots,
    });
  };
  for (const name of ['good', 'revoked', 'hold', 'unknown']) await ask(name, '/ca', `${name}.der`);
  for (const name of ['old', 'wrong', 'delegate', 'bare', 'spoiled', 'key'])
    await ask('good', `/${name}`, `${name}.der`);
  write('refused.der', Uint8Array.of(0x30, 3, 0x0a, 1, 6));
}

/** What a script can see of a run that wrote no file. */
export function observed(exitCode: number | null, stdout: string, stderr: string): Omit<Observed, 'files'> {
  return { exitCode, stdout: masked(stdout), stderr: masked(stderr).split('\n').flatMap(linesThatScriptsRead) };
}

async function observe(result: RunResult, written: readonly string[], folder: TemporaryFolder): Promise<Observed> {
  const files: Record<string, string> = {};
  for (const name of written) files[name] = await contentsOf(join(folder.path, name));
  const stdout = isDer(result.stdoutBytes) ? await textOf(result.stdoutBytes) : result.stdout;
  return { ...observed(result.exitCode, stdout, result.stderr), files };
}

/** Requests byte for byte, their nonce aside; of responses what openssl prints, since both programs get their own. */
async function contentsOf(path: string): Promise<string> {
  if (!existsSync(path)) return 'not there';
  const bytes = readFileSync(path);
  return isDer(bytes) ? masked(await textOf(bytes)) : masked(bytes.toString('utf8'));
}

function isDer(bytes: Buffer): boolean {
  return bytes[0] === 0x30;
}

async function textOf(bytes: Buffer): Promise<string> {
  if (!isResponse(bytes)) return hexOf(bytes);
  const key = bytes.toString('base64');
  const text = textsOfResponses.get(key) ?? printResponse(bytes);
  textsOfResponses.set(key, text);
  return await text;
}

/** Both programs often write the same response. */
const textsOfResponses = new Map<string, Promise<string>>();

/** A response begins with a list and an ENUMERATED, a request with two lists. */
function isResponse(bytes: Buffer): boolean {
  const length = bytes[1] ?? 0;
  return bytes[length < 0x80 ? 2 : 2 + (length & 0x7f)] === 0x0a;
}

async function printResponse(bytes: Buffer): Promise<string> {
  const folder = createTemporaryFolder();
  const path = folder.write('message', bytes);
  const { stdout } = await runOpenssl(['ocsp', '-respin', path, '-resp_text', '-noverify', '-ignore_err']);
  folder.remove();
  return stdout.startsWith('OCSP Response') ? stdout : hexOf(bytes);
}

/** The nonce's own octets differ from one run to the next, its tag and length do not. */
function hexOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/(06092b060105050730010204120410)[0-9a-f]{32}/, '$1NONCE');
}

/** What differs from one run of the same program to the next: the clock, nonces, signatures over them, threads and processes. */
function masked(text: string): string {
  return text
    .replace(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (\d{4}) GMT/g, (time, year: string) =>
      yearsOfTheScene.has(year) ? time : 'TIME',
    )
    .replace(/0410[0-9A-F]{32}/g, '0410NONCE')
    .replace(/^(?: {8}(?:[0-9a-f]{2}:?)+\n)+/gm, '        SIGNATURE\n')
    .replace(/^[0-9A-F]+(:error:\w+(?::[\w ]+){3}):.*$/gm, '$1')
    .replace(/^ACCEPT (.*):\d+ PID=\d+$/gm, 'ACCEPT $1');
}

/** Those of the index and of the old response; all other times are of now. */
const yearsOfTheScene: ReadonlySet<string> = new Set(['2019', '2020', '2025']);

/** What of stderr means something to a script; the error queue of openssl's library is known by its reasons alone. */
const lines =
  /^(?:Response verify OK|Response Verify Failure|WARNING: .*|Error .*|Nonce Verify error|Can't open .*|Could not (?:open|read).*|Unable to load.*|No issuer certificate specified|Missing = in header.*|Need an OCSP request.*|Responder mode requires.*|Problem with index file.*|Invalid password argument|No environment variable.*|parameter error.*|ocsp: (?:Use -help.*|Unknown option.*|Option .*|Can't parse.*|Non-positive.*|Digest must.*|waiting for.*|Received request.*|Error parsing.*))/;

const reasons =
  /signer certificate not found|certificate verify error|signature failure|root ca not trusted|missing ocspsigning usage|response contains no revocation data|no response data|status expired|status not yet valid|status too old/;

function linesThatScriptsRead(line: string): string[] {
  const whole = lines.exec(line)?.[0];
  if (whole !== undefined) return [whole];
  const reason = line.includes(':error:') ? reasons.exec(line)?.[0] : undefined;
  return reason === undefined ? [] : [reason];
}
