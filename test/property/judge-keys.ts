// The child process of public-keys.test.ts: OpenSSL and node may abort over a key, and then whoever runs the tests is spared.
import { verify } from 'node:crypto';
import { writeSync } from 'node:fs';
import fc from 'fast-check';
import { decodeCertificate, verifyResponse } from '../../src/core/index.js';
import { DerError, DerReader } from '../../src/core/der/der.js';
import { checkedKey, readPublicKey } from '../../src/core/keys/public-key.js';
import { brokenKeys, soundKeys } from '../support/broken-keys.js';
import { endEntityKey, generateKey } from '../support/keys.js';
import { buildOcspResponse, responseTimes } from '../support/ocsp-response.js';
import { createCertificateAuthority } from '../support/pki.js';

const [work, seed = '0', count = '0'] = process.argv.slice(2);
if (work === 'forms') judgeForms();
if (work === 'mutants') judgeMutants(Number(seed), Number(count));

/** Written at once: whatever ends this process, the last line names the key before. */
function say(line: unknown): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

/** A response signed by a delegate that the CA issued for this key, for each broken one. */
function judgeForms(): void {
  const authority = createCertificateAuthority();
  const certId = { issuer: authority, serialNumber: authority.issue().serialNumber };
  for (const { name, spki, like } of brokenKeys) {
    const key = like.startsWith('rsa') ? endEntityKey(like) : generateKey(like);
    const delegate = authority.issueResponder({ key, publicKeyInfo: spki });
    const certificates = [delegate.certificate.der];
    const verdict = verifyResponse(
      buildOcspResponse({ signer: delegate, responderId: 'by-name', certificates, responses: [{ certId }] }),
      {
        subject: { serialNumber: certId.serialNumber },
        issuer: decodeCertificate(authority.certificate.der),
        now: responseTimes.now,
        skewMilliseconds: 0,
      },
    );
    say({ name, verdict: verdict.kind, ...('failure' in verdict ? verdict.failure : {}) });
  }
}

/** Turns, takes away and puts in octets of sound keys; what is let through has to bear all that node offers. */
function judgeMutants(from: number, runs: number): void {
  const place = fc.nat({ max: 100_000 });
  const change = fc.oneof(
    fc.record({ kind: fc.constant('turn' as const), place, octet: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ kind: fc.constant('remove' as const), place, octet: fc.nat({ max: 3 }) }),
    fc.record({ kind: fc.constant('insert' as const), place, octet: fc.nat({ max: 255 }) }),
  );
  const mutant = fc.tuple(
    fc.constantFrom(...Object.values(soundKeys)),
    // Most of what decides stands at the beginning.
    fc.boolean(),
    fc.array(change, { minLength: 1, maxLength: 3 }),
  );
  let passed = 0;
  const untold: string[] = [];
  for (const [sound, isEarly, changes] of fc.sample(mutant, { seed: from, numRuns: runs })) {
    let spki = Buffer.from(sound);
    for (const { kind, place: anywhere, octet } of changes) {
      const at = anywhere % (isEarly ? Math.min(40, spki.length) : spki.length);
      if (kind === 'turn') spki[at]! ^= octet;
      else if (kind === 'remove') spki = Buffer.concat([spki.subarray(0, at), spki.subarray(at + octet + 1)]);
      else spki = Buffer.concat([spki.subarray(0, at), Buffer.of(octet), spki.subarray(at)]);
    }
    const why = judge(spki);
    if (why === undefined) passed += 1;
    else if (why === 'OpenSSL does not take it') untold.push(spki.toString('hex'));
  }
  say({ runs, passed, untold });
}

function judge(spki: Buffer): string | undefined {
  let checked: ReturnType<typeof checkedKey>;
  try {
    checked = checkedKey(readPublicKey(new DerReader(spki)));
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
  if ('why' in checked) return checked.why;
  const { object, kind } = checked;
  if (object.asymmetricKeyDetails === undefined) throw new Error('a key without details');
  object.export({ format: 'der', type: 'spki' });
  if (kind !== 'rsa-pss') object.export({ format: 'jwk' });
  try {
    verify(kind.startsWith('ed') ? null : 'sha256', Buffer.from('data'), object, Buffer.alloc(64, 1));
  } catch {
    // A signature of another length than the key asks for, or a salt that does not fit.
  }
  return undefined;
}
