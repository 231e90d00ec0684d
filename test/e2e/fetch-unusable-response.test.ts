import { expect, it } from 'vitest';

import { answer, type AnswerOptions } from '../support/answer.js';
import { fixed } from '../support/behaviours.js';
import { buildOcspResponse } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { testRow } from './support/fetch-row.js';
import {
  day,
  fetchSite,
  fromNow,
  hour,
  minute,
  namesIn,
  stapleOf,
  withScene,
  type Scene,
  type StapleOptions,
} from './support/fetch-scene.js';

const notBelieved = { exitCode: 5, outcome: 'invalid' } as const;
const outsideValidity = { exitCode: 6, outcome: 'invalid' } as const;

/** The responder signs an ordinary answer, changed in this one way. */
function answering(options: AnswerOptions | ((scene: Scene) => AnswerOptions)): (scene: Scene) => void {
  return (scene) => {
    const chosen = typeof options === 'function' ? options(scene) : options;
    scene.responder.behaviour = answer(scene.authority, 'good', chosen);
  };
}

/** The responder sends a response made beforehand, whatever is asked. */
function sending(options: StapleOptions | ((scene: Scene) => StapleOptions)): (scene: Scene) => void {
  return (scene) => {
    scene.responder.behaviour = fixed(stapleOf(scene, typeof options === 'function' ? options(scene) : options));
  };
}

testRow({
  ...notBelieved,
  title: 'a response for another serial number',
  arrange: sending((scene) => ({ subject: scene.authority.issue() })),
  code: 'cert-id-mismatch',
  message: /is about serial number [0-9a-f]+, not [0-9a-f]+$/,
  hint: /another certificate: .*check --url/,
});

testRow({
  ...notBelieved,
  title: 'the right serial number from another issuer',
  arrange: sending(() => {
    const other = createCertificateAuthority({ name: 'Other CA' });
    return { issuer: other, response: { signer: other } };
  }),
  code: 'cert-id-mismatch',
  message: /is about serial number [0-9a-f]+ of another issuer$/,
  hint: /the issuer is the right one/,
});

testRow({
  ...notBelieved,
  title: 'a response that another CA of the same name signed',
  arrange: sending(() => ({ response: { signer: createCertificateAuthority() } })),
  code: 'responder-not-found',
  message: /signed by key [0-9a-f]{40}, which is neither the issuer nor a certificate in the response$/,
  hint: /--trusted-responder/,
});

testRow({
  ...notBelieved,
  title: 'a wrong signature',
  arrange: answering({ response: { corruptSignature: true } }),
  code: 'signature-invalid',
  message: /^the signature \(ecdsa-with-SHA256\) does not verify$/,
  hint: /altered or signed with another key/,
});

testRow({
  ...notBelieved,
  title: 'a delegate without the OCSPSigning purpose',
  arrange: answering(({ authority }) => ({ delegate: authority.issueResponder({ extendedKeyUsage: [] }) })),
  code: 'responder-not-authorized',
  message: /its certificate is not for OCSP signing \(id-kp-OCSPSigning\)$/,
  hint: /certificate for OCSP signing/,
});

testRow({
  ...notBelieved,
  title: 'an expired delegate',
  arrange: answering(({ authority }) => ({
    delegate: authority.issueResponder({ notAfter: new Date('2024-01-01T00:00:00Z') }),
  })),
  code: 'responder-not-authorized',
  message: /its certificate expired at 2024-01-01T00:00:00Z$/,
  hint: /--trusted-responder/,
});

testRow({
  ...notBelieved,
  title: 'a delegate of another CA',
  arrange: answering(() => ({ delegate: createCertificateAuthority({ name: 'Other CA' }).issueResponder() })),
  code: 'responder-not-authorized',
  message: /its certificate was not issued by this issuer/,
  hint: /--trusted-responder/,
});

testRow({
  ...outsideValidity,
  title: 'an expired response',
  arrange: answering({ thisUpdateOffset: -3 * day, nextUpdateOffset: -day }),
  isSoftened: true,
  code: 'expired',
  message: /^the response expired at \S+Z, 1d.* ago$/,
  hint: /tell the CA; check the clock of this machine/,
});

testRow({
  ...outsideValidity,
  title: 'a response that the usual clock skew alone keeps alive',
  arrange: answering({ nextUpdateOffset: -minute }),
  isSoftened: true,
  code: 'expired',
  message: /^the response expired at /,
  hint: /tell the CA; check the clock of this machine/,
});

testRow({
  ...outsideValidity,
  title: 'a response that is not yet valid',
  arrange: answering({ thisUpdateOffset: hour, nextUpdateOffset: 2 * day }),
  code: 'not-yet-valid',
  message: /^the response is not yet valid: thisUpdate is /,
  hint: /check the clock of this machine \(timedatectl\)/,
});

testRow({
  ...outsideValidity,
  title: 'a response without nextUpdate',
  arrange: answering({ nextUpdateOffset: null }),
  code: 'no-next-update',
  message: /no nextUpdate/,
  hint: /ask the CA to set nextUpdate/,
});

testRow({
  ...outsideValidity,
  title: 'a response with less than 300 s left',
  arrange: answering({ nextUpdateOffset: 200_000 }),
  isSoftened: true,
  code: 'too-short',
  message: /haproxy stops stapling 300 s before nextUpdate$/,
  hint: /longer validity, or run more often/,
});

testRow({
  ...notBelieved,
  title: 'a response with two SingleResponses',
  arrange: answering(({ authority }) => ({
    responses: (made) => [...made, { ...made[0], certId: { issuer: authority, serialNumber: 7n } }],
  })),
  code: 'several-responses',
  message: /holds 2 SingleResponses/,
  hint: /exactly one SingleResponse/,
});

testRow({
  ...notBelieved,
  title: 'a SHA-256 CertID in reply to a SHA-1 one',
  arrange: answering({ hash: 'sha256' }),
  code: 'cert-id-hash-differs',
  message: /uses sha256, but sha1 was asked for/,
  hint: /--hash/,
});

testRow({
  ...notBelieved,
  title: 'a wrong nonce',
  arrange: answering({ nonce: 'wrong' }),
  flags: ['--nonce'],
  code: 'nonce-mismatch',
  message: /a different nonce from the one that was sent$/,
  hint: /replay/,
});

testRow({
  ...notBelieved,
  title: 'a missing nonce under --strict',
  arrange: answering({ nonce: 'omit' }),
  flags: ['--nonce', '--strict'],
  code: 'nonce-missing',
  message: /does not echo the nonce$/,
  hint: /leave out --nonce or --strict/,
});

testRow({
  exitCode: 4,
  outcome: 'unknown',
  title: 'a certificate that the responder does not know',
  arrange: (scene) => {
    scene.responder.behaviour = answer(scene.authority, 'unknown');
  },
  code: 'unknown',
  message: /status unknown/,
  hint: /issued minutes ago/,
});

it('stores an answer without the nonce that was sent, with a warning', async () => {
  await withScene(async (scene) => {
    answering({ nonce: 'omit' })(scene);
    const { exitCode, stderr, record } = await fetchSite(scene, ['--nonce']);
    expect({ exitCode, outcome: record.outcome, written: record.written }).toEqual({
      exitCode: 0,
      outcome: 'updated',
      written: true,
    });
    expect(stderr).toBe(`restaple: warning: ${scene.certificate}: the responder did not echo the nonce\n`);
    expect(namesIn(scene)).toEqual(['site.pem', 'site.pem.ocsp']);
  });
});

it('stores an answer that echoes the nonce, silently', async () => {
  await withScene(async (scene) => {
    const { exitCode, stderr, record } = await fetchSite(scene, ['--nonce', '--strict']);
    expect({ exitCode, stderr, outcome: record.outcome }).toEqual({ exitCode: 0, stderr: '', outcome: 'updated' });
  });
});

it('believes two SingleResponses in verify that fetch does not store', async () => {
  await withScene(async (scene) => {
    const both = scene.folder.at('both.der');
    answering({ responses: (made) => [...made, ...made] })(scene);
    const fetched = await fetchSite(scene);
    expect({ exitCode: fetched.exitCode, code: fetched.record.error?.code }).toEqual({
      exitCode: 5,
      code: 'several-responses',
    });
    const certId = { issuer: scene.authority, serialNumber: scene.site.serialNumber };
    const single = { certId, thisUpdate: fromNow(-hour), nextUpdate: fromNow(day) };
    scene.folder.write(
      'both.der',
      buildOcspResponse({ signer: scene.authority, responses: [single, single], producedAt: fromNow(-hour) }),
    );
    const verified = await runRestaple(['verify', '--json', '--response', both, scene.certificate]);
    expect(verified.exitCode).toBe(0);
    expect(verified.lines()).toMatchObject([{ verdict: 'good' }]);
  });
});
