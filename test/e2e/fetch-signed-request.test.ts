// @module-tag flock
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { decodeRequest } from '../../src/core/index.js';
import { answerTo } from '../support/answer.js';
import { sendOcsp } from '../support/behaviours.js';
import { startResponder, type Responder } from '../support/misbehaving-responder.js';
import { buildErrorResponse } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';
import { requestFor } from '../support/request-for.js';
import { runRestaple } from '../support/run-program.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const folder = createTemporaryFolder();
const authority = createCertificateAuthority();
const asker = authority.issue({ commonName: 'asker.example' });
let responder: Responder;
let site: string;

beforeAll(async () => {
  responder = await startResponder();
  const issued = authority.issue({ ocspUris: [responder.url] });
  site = folder.write('site.pem', issued.certificate.pem + authority.certificate.pem);
  // Answers signed requests alone, about the one certificate.
  responder.behaviour = ({ request, response }) => {
    const isSigned = decodeRequest(request.body).signed;
    const good = answerTo(requestFor(authority, issued), authority);
    sendOcsp(response, isSigned ? good : buildErrorResponse('sigRequired'));
  };
  folder.write('asker.pem', asker.certificate.pem);
  folder.write('asker.key', asker.keyPem);
  folder.write('both.pem', asker.certificate.pem + asker.keyPem);
  folder.write('other.key', authority.issue({ keyType: 'rsa-2048' }).keyPem);
});

afterAll(async () => {
  await responder.close();
  folder.remove();
});

function fetch(...flags: readonly string[]) {
  return runRestaple(['fetch', '--allow-private', '--retries', '0', '--force', ...flags, site]);
}

describe('fetch at a responder that wants signed requests', () => {
  it('is refused without a signature, and hears which flag signs', async () => {
    const result = await fetch();
    expect(result.exitCode).toBe(7);
    expect(result.stderr).toContain('sigRequired');
    expect(result.stderr).toContain('--sign-with');
  });

  it('gets a staple with --sign-with and --sign-key', async () => {
    const result = await fetch('--sign-with', folder.at('asker.pem'), '--sign-key', folder.at('asker.key'));
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(`${site}.ocsp`).length).toBeGreaterThan(100);
  });

  it('takes the key from the file of --sign-with', async () => {
    expect(await fetch('--sign-with', folder.at('both.pem'))).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('signs as the configuration says, with files named from its folder', async () => {
    const config = folder.write(
      'restaple.yaml',
      'certificates: [site.pem]\ndefaults: {sign-with: asker.pem, sign-key: asker.key, allow-private: true, force: true}\n',
    );
    const flags = ['--config', config, '--lock', folder.at('lock')];
    expect(await runRestaple(['fetch', ...flags])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await runRestaple(['config', 'check', config, '--quiet'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('prints the signed request with --print-curl', async () => {
    const plain = await fetch('--print-curl');
    const signed = await fetch('--print-curl', '--sign-with', folder.at('both.pem'));
    expect(signed.exitCode).toBe(0);
    expect(signed.stdout.length).toBeGreaterThan(plain.stdout.length + 500);
  });

  it.each([
    [8, ['--sign-with', 'asker.pem', '--sign-key', 'other.key'], 'does not belong'],
    [8, ['--sign-with', 'asker.pem'], 'there is no private key in it'],
    [2, ['--sign-key', 'asker.key'], '--sign-with'],
  ] as const)('ends with %i before anything is sent for %j', async (exitCode, flags, said) => {
    const before = responder.requests.length;
    const result = await fetch(...flags.map((word) => (word.startsWith('--') ? word : folder.at(word))));
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).toContain(said);
    expect(responder.requests).toHaveLength(before);
  });

  it('tells of a key of another certificate in config check', async () => {
    const config = folder.write(
      'mistaken.yaml',
      'certificates: [site.pem]\ndefaults: {sign-with: asker.pem, sign-key: other.key}\n',
    );
    const result = await runRestaple(['config', 'check', config]);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('sign-with');
  });
});
