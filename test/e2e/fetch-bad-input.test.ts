import { chmodSync, rmSync, writeFileSync } from 'node:fs';

import { certificateRequest } from '../support/bundles.js';
import { createCertificateAuthority } from '../support/pki.js';
import { testRow } from './support/fetch-row.js';
import { unprivileged, type Scene } from './support/fetch-scene.js';

/** The certificate file holds this instead. */
function holding(make: (scene: Scene) => string | Uint8Array): (scene: Scene) => void {
  return (scene) => writeFileSync(scene.certificate, make(scene));
}

const unusable = { exitCode: 8, outcome: 'input-error', verdictOfStored: null } as const;

testRow({
  ...unusable,
  title: 'a file that is missing',
  arrange: (scene) => rmSync(scene.certificate),
  code: 'file-not-found',
  message: /site\.pem does not exist$/,
  hint: /^check the path$/,
});

testRow({
  ...unusable,
  title: 'a file that this user may not read',
  arrange: (scene) => {
    chmodSync(scene.folder.path, 0o755);
    chmodSync(scene.certificate, 0o000);
  },
  user: unprivileged,
  code: 'file-unreadable',
  message: /site\.pem may not be read by this user$/,
  hint: /run as a user who may/,
});

testRow({
  ...unusable,
  title: 'an empty file',
  arrange: holding(() => ''),
  code: 'file-empty',
  message: /site\.pem is empty$/,
  hint: /write the certificate again/,
});

testRow({
  ...unusable,
  title: 'a key without a certificate',
  arrange: holding(({ site }) => site.keyPem),
  code: 'no-certificate',
  message: /only a private key without certificate$/,
  hint: /name the file of the certificate/,
});

testRow({
  ...unusable,
  title: 'a key in DER',
  arrange: holding(({ site }) => site.key.export({ format: 'der', type: 'pkcs8' })),
  code: 'no-certificate',
  message: /it is a private key, not a certificate$/,
  hint: /name the file of the certificate/,
});

testRow({
  ...unusable,
  title: 'a text that is not PEM',
  arrange: holding(() => 'the certificate is in the other folder\n'),
  code: 'no-certificate',
  message: /it is neither PEM nor DER$/,
  hint: /-----BEGIN CERTIFICATE-----/,
});

testRow({
  ...unusable,
  title: 'a truncated certificate in DER',
  arrange: holding(({ site }) => site.certificate.der.subarray(0, 200)),
  code: 'malformed-certificate',
  message: /site\.pem: the certificate is not valid DER: certificate is cut short/,
  hint: /openssl x509/,
});

testRow({
  ...unusable,
  title: 'a truncated certificate in PEM',
  arrange: holding(({ site }) => site.certificate.pem.slice(0, 400)),
  code: 'malformed-pem',
  message: /begins in line 1 has no end line$/,
  hint: /cut short: copy it again/,
});

testRow({
  ...unusable,
  title: 'a PEM block that is whole around a truncated certificate',
  arrange: holding(({ site }) => {
    const lines = site.certificate.pem.split('\n');
    return [...lines.slice(0, 4), ...lines.slice(-2)].join('\n');
  }),
  code: 'malformed-certificate',
  message: /site\.pem: the certificate is not valid DER: certificate is cut short/,
  hint: /openssl x509/,
});

testRow({
  ...unusable,
  title: 'a PEM block that is not base64',
  arrange: holding(() => '-----BEGIN CERTIFICATE-----\n(ask operations)\n-----END CERTIFICATE-----\n'),
  code: 'malformed-pem',
  message: /is not base64$/,
  hint: /damaged: copy it again/,
});

testRow({
  ...unusable,
  title: 'a certificate request in PEM',
  arrange: holding(() => certificateRequest().pem),
  code: 'no-certificate',
  message: /only a certificate request \(CSR\)$/,
  hint: /the certificate that the CA issued for it/,
});

testRow({
  ...unusable,
  title: 'a certificate request in DER',
  arrange: holding(() => certificateRequest().der),
  code: 'no-certificate',
  message: /it is a certificate request \(CSR\), not a certificate$/,
  hint: /name the file of the certificate/,
});

testRow({
  ...unusable,
  title: 'a certificate whose issuer was not found',
  arrange: holding(({ site }) => site.certificate.pem),
  code: 'issuer-not-found',
  message: /^the issuer CN=Test Root CA was not found$/,
  hint: /--issuer FILE, or save it beside the certificate as CERT\.issuer$/,
});

testRow({
  ...unusable,
  title: 'an --issuer FILE with the name of the issuer and another key, where no other source has it',
  arrange: (scene) => {
    writeFileSync(scene.certificate, scene.site.certificate.pem);
    scene.folder.write('namesake.pem', createCertificateAuthority().certificate.pem);
  },
  flagsOf: (scene) => ['--issuer', scene.folder.at('namesake.pem')],
  code: 'issuer-mismatch',
  message: /namesake\.pem has the issuer's name CN=Test Root CA, but its key did not sign the certificate$/,
  hint: /a CA may have several with one name$/,
});

testRow({
  ...unusable,
  title: 'an --issuer FILE that does not exist',
  flagsOf: (scene) => ['--issuer', scene.folder.at('nowhere.pem')],
  code: 'file-not-found',
  message: /nowhere\.pem does not exist$/,
  hint: /check the path/,
});

/** One that has the issuer's name and did not issue the certificate lies where issuers are looked for. */
const passedOver: readonly (readonly [string, (scene: Scene, namesake: string) => void])[] = [
  [
    'later in the same file',
    ({ certificate, site }, namesake) => writeFileSync(certificate, site.certificate.pem + namesake),
  ],
  [
    'in CERT.issuer',
    (scene, namesake) => {
      holding(({ site }) => site.certificate.pem)(scene);
      writeFileSync(`${scene.certificate}.issuer`, namesake);
    },
  ],
  [
    'in chain.pem',
    (scene, namesake) => {
      holding(({ site }) => site.certificate.pem)(scene);
      scene.folder.write('chain.pem', namesake);
    },
  ],
];

for (const [where, arrange] of passedOver) {
  testRow({
    ...unusable,
    title: `only a namesake of the issuer with another key, ${where}`,
    arrange: (scene) => arrange(scene, createCertificateAuthority().certificate.pem),
    code: 'issuer-not-found',
    message: /^the issuer CN=Test Root CA was not found/,
    hint: /--issuer FILE/,
  });
}
