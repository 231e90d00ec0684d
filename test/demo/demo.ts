// The main job on a responder of its own: a throwaway CA, certificates and `restaple serve` in a temp folder and on loopback.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unusedPort } from '../support/misbehaving-responder.js';
import { createCertificateAuthority } from '../support/pki.js';
import { programPath, runCommand } from '../support/run-program.js';

const folder = await mkdtemp(join(tmpdir(), 'restaple-demo-'));
let responder: ChildProcess | undefined;
let failures = 0;

try {
  const authority = createCertificateAuthority({ name: 'Demo CA' });
  const delegate = authority.issueResponder({ commonName: 'Demo OCSP responder' });
  await file('ca.pem', authority.certificate.pem);
  await file('ocsp.pem', delegate.certificate.pem);
  await file('ocsp.key', delegate.keyPem);
  const port = await unusedPort();
  const url = `http://127.0.0.1:${port}`;

  const site = authority.issue({ commonName: 'site.demo.example', ocspUris: [url] });
  const stolen = authority.issue({ commonName: 'stolen.demo.example', ocspUris: [url] });
  await file('site.pem', site.certificate.pem + authority.certificate.pem + site.keyPem);
  await file('stolen.pem', stolen.certificate.pem + authority.certificate.pem + stolen.keyPem);
  await file(
    'index.txt',
    indexLine('V', '', site.serialNumber, 'site') +
      indexLine('R', '260105100000Z,keyCompromise', stolen.serialNumber, 'stolen'),
  );
  await startResponder(port);

  console.log(`A throwaway CA and two certificates (PEM with chain and key) are in ${folder}.`);
  console.log(`Their responder (the command serve) is at ${url}, a private address, hence --allow-private.`);
  await step('Which responder does the certificate name?', 0, 'uri', 'site.pem');
  await step('Fetch, verify and store the staple.', 0, 'fetch', '--verbose', '--allow-private', 'site.pem');
  await step('What did we store? Judge it offline.', 0, 'verify', 'site.pem');
  await step('Look into it.', 0, 'inspect', 'site.pem.ocsp');
  const before = await readFile(join(folder, 'site.pem.ocsp'));
  await step(
    'Again: the staple is verified, fresh, and stays.',
    0,
    'fetch',
    '--verbose',
    '--allow-private',
    'site.pem',
  );
  if (!before.equals(await readFile(join(folder, 'site.pem.ocsp')))) fail('the fresh staple was changed');
  await step('A revoked certificate is loud, and exits with 3.', 3, 'fetch', '--allow-private', 'stolen.pem');
} finally {
  responder?.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? '\nThe demo is complete.' : `\n${failures} steps did not go as they should.`);
process.exitCode = failures === 0 ? 0 : 1;

/** Starts the responder and waits until it says that it serves. */
function startResponder(port: number): Promise<void> {
  const words = ['serve', '--listen', `127.0.0.1:${port}`, '--ca-cert', 'ca.pem', '--index', 'index.txt'];
  const signer = ['--responder-cert', 'ocsp.pem', '--responder-key', 'ocsp.key'];
  const child = spawn(process.execPath, [programPath, ...words, ...signer], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  responder = child;
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('serving on')) resolve();
    });
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`the responder ended: ${said}`)));
  });
}

/** A line of openssl's index.txt. */
function indexLine(flag: 'V' | 'R', revocation: string, serialNumber: string, name: string): string {
  return `${[flag, '490101000000Z', revocation, serialNumber.toUpperCase(), 'unknown', `/CN=${name}.demo.example`].join('\t')}\n`;
}

async function file(name: string, contents: string): Promise<void> {
  await writeFile(join(folder, name), contents, { mode: name.endsWith('.key') ? 0o600 : 0o644 });
}

async function step(title: string, expectedExitCode: number, ...words: string[]): Promise<void> {
  console.log(`\n# ${title}\n$ restaple ${words.join(' ')}`);
  const result = await runCommand(process.execPath, [programPath, ...words], { cwd: folder });
  process.stdout.write(result.stdout);
  process.stdout.write(result.stderr);
  console.log(`[exit ${String(result.exitCode)}]`);
  if (result.exitCode !== expectedExitCode) fail(`exit ${expectedExitCode} was expected`);
}

function fail(what: string): void {
  failures += 1;
  console.log(`THE DEMO FAILED HERE: ${what}`);
}
