// The main job on a responder of its own: a throwaway CA, certificates and responder in a temp folder and on loopback.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer } from '../support/answer.js';
import { startResponder } from '../support/misbehaving-responder.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runCommand, programPath } from '../support/run-program.js';

const folder = await mkdtemp(join(tmpdir(), 'restaple-demo-'));
const responder = await startResponder();
let failures = 0;

try {
  const authority = createCertificateAuthority({ name: 'Demo CA' });
  const delegate = authority.issueResponder({ commonName: 'Demo OCSP responder' });
  const site = authority.issue({ commonName: 'site.demo.example', ocspUris: [responder.url] });
  const stolen = authority.issue({ commonName: 'stolen.demo.example', ocspUris: [responder.url] });
  responder.behaviour = answer(
    authority,
    new Map([[stolen.serialNumber, { revokedAt: new Date('2026-01-05T10:00:00Z'), reason: 'keyCompromise' }]]),
    { delegate, otherwise: 'good' },
  );
  await writeFile(join(folder, 'site.pem'), site.certificate.pem + authority.certificate.pem + site.keyPem);
  await writeFile(join(folder, 'stolen.pem'), stolen.certificate.pem + authority.certificate.pem + stolen.keyPem);

  console.log(`A throwaway CA and two certificates (PEM with chain and key) are in ${folder},`);
  console.log(`their OCSP responder is ${responder.url}. It has a private address, hence --allow-private.`);
  await step('Which responder does the certificate name?', 0, 'uri', 'site.pem');
  await step('Fetch, verify and store the staple.', 0, 'fetch', '--verbose', '--allow-private', 'site.pem');
  await step('What did we store? Judge it offline.', 0, 'verify', 'site.pem');
  await step('Look into it.', 0, 'inspect', 'site.pem.ocsp');
  const before = await readFile(join(folder, 'site.pem.ocsp'));
  await step(
    'Fetch again: the staple is verified, fresh, and left alone.',
    0,
    'fetch',
    '--verbose',
    '--allow-private',
    'site.pem',
  );
  if (!before.equals(await readFile(join(folder, 'site.pem.ocsp')))) fail('the fresh staple was changed');
  await step('A revoked certificate is loud, and exits with 3.', 3, 'fetch', '--allow-private', 'stolen.pem');
} finally {
  await responder.close();
  await rm(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? '\nThe demo is complete.' : `\n${failures} steps did not go as they should.`);
process.exitCode = failures === 0 ? 0 : 1;

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
