import { decodeCertificate, verifyResponse } from '../src/core/index.js';
import { buildOcspResponse, responseTimes } from '../test/support/ocsp-response.js';
import { createCertificateAuthority } from '../test/support/pki.js';
import { median, type Row } from './table.js';

const minimumPerSecond = 3000;
const responseCount = 200;
const rounds = 15;

/** Responses verified in the library on one core: DER in, verdict out, the issuer decoded once. */
export function benchVerification(): Promise<Row[]> {
  return Promise.resolve([benchIssuerSigned(), benchDelegated()]);
}

function benchIssuerSigned(): Row {
  const authority = createCertificateAuthority({ name: 'Bench CA', keyType: 'rsa-2048' });
  const perSecond = verificationsPerSecond(authority, authority);
  return {
    what: 'verified responses a second, signed by the issuer, RSA-2048, one core',
    measured: perSecond.toFixed(0),
    bound: String(minimumPerSecond),
    isMet: perSecond >= minimumPerSecond,
  };
}

function benchDelegated(): Row {
  const authority = createCertificateAuthority({ name: 'Bench CA', keyType: 'rsa-2048' });
  const delegate = authority.issueResponder({ commonName: 'Bench responder', keyType: 'rsa-2048' });
  const perSecond = verificationsPerSecond(authority, delegate);
  return {
    what: 'the same, signed by a delegate that the response embeds',
    measured: perSecond.toFixed(0),
    bound: '—',
    isMet: true,
  };
}

type Authority = ReturnType<typeof createCertificateAuthority>;

function verificationsPerSecond(
  authority: Authority,
  signer: Authority | ReturnType<Authority['issueResponder']>,
): number {
  const issuer = decodeCertificate(authority.certificate.der);
  const key = authority.issue({ keyType: 'ec-p256' }).key;
  const cases = Array.from({ length: responseCount }, () => {
    const issued = authority.issue({ key });
    const der = buildOcspResponse({
      signer,
      responses: [{ certId: { issuer: authority, serialNumber: issued.serialNumber } }],
      ...(signer === authority ? {} : { certificates: [signer.certificate.der] }),
    });
    return { der, certificate: decodeCertificate(issued.certificate.der) };
  });
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const started = performance.now();
    for (const { der, certificate } of cases) {
      const verdict = verifyResponse(der, {
        subject: { certificate },
        issuer,
        now: responseTimes.now,
        skewMilliseconds: 0,
      });
      if (verdict.kind !== 'good') throw new Error(`a benchmark response is ${verdict.kind}`);
    }
    if (round > 0) rates.push((cases.length * 1000) / (performance.now() - started));
  }
  return median(rates);
}
