// @module-tag openssl
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import type { IssuedCertificate } from '../support/certificate.js';
import { startResponder, type Responder } from '../support/misbehaving-responder.js';
import { createCertificateAuthority, type CertificateAuthority } from '../support/pki.js';
import { freePort, isListening } from '../support/servers/free-port.js';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { queryJson, queryText, rulesOf } from '../e2e/support/query-site.js';

const revoked = { revokedAt: new Date('2026-01-05T10:00:00Z') } as const;

let root: CertificateAuthority;
let intermediate: IssuedCertificate;
let leaf: IssuedCertificate;
let responder: Responder;
let folder: TemporaryFolder;
let server: ChildProcess;
let place: string;
let port: number;

beforeAll(async () => {
  folder = createTemporaryFolder();
  responder = await startResponder();
  root = createCertificateAuthority({ name: 'Query Root' });
  intermediate = root.issue({ commonName: 'Query CA', isCa: true, ocspUris: [`${responder.url}/root`] });
  leaf = (intermediate as CertificateAuthority).issue({
    commonName: 'www.example',
    subjectAltNames: ['www.example'],
    ocspUris: [`${responder.url}/ca`],
  });
  responder.routes.set('/ca', answer(intermediate));
  responder.routes.set('/root', answer(root, revoked));
  folder.write('leaf.pem', leaf.certificate.pem);
  folder.write('leaf.key', leaf.keyPem);
  folder.write('chain.pem', intermediate.certificate.pem);
  folder.write('root.pem', root.certificate.pem);
  folder.write('stranger.pem', createCertificateAuthority({ name: 'Stranger' }).certificate.pem);
  port = await freePort();
  place = `127.0.0.1:${port}`;
  const files = ['-cert', folder.at('leaf.pem'), '-key', folder.at('leaf.key'), '-cert_chain', folder.at('chain.pem')];
  server = spawn('openssl', ['s_server', '-accept', place, '-quiet', ...files], { stdio: 'ignore' });
  while (!(await isListening(port))) await new Promise((resolve) => setTimeout(resolve, 50));
});

afterAll(async () => {
  const ended = once(server, 'exit');
  server.kill();
  await ended;
  await responder.close();
  folder.remove();
});

describe('query --connect of openssl s_server', () => {
  it('takes certificate and issuer from the handshake, and does not believe an issuer for which nobody else vouches', async () => {
    const { exitCode, records, record } = await queryJson(['--connect', place, '--servername', 'www.example']);
    expect(records).toHaveLength(1);
    expect({ exitCode, record }).toMatchObject({
      exitCode: 5,
      record: {
        verdict: 'invalid',
        failure: { code: 'issuer-not-anchored' },
        connection: { host: '127.0.0.1', port, serialNumber: leaf.serialNumber, serverName: 'www.example' },
        responder: { url: `${responder.url}/ca`, status: 200 },
        certId: { serialNumber: leaf.serialNumber },
      },
    });
    expect(record).not.toHaveProperty('certificate');
  });

  it('believes it where --ca or --issuer vouches for it', async () => {
    const words = ['--connect', place, '--servername', 'www.example'];
    for (const flags of [
      ['--ca', folder.at('root.pem')],
      ['--issuer', folder.at('chain.pem')],
    ]) {
      const { exitCode, record } = await queryJson([...words, ...flags]);
      expect({ exitCode, verdict: record.verdict, rules: rulesOf(record) }).toEqual({
        exitCode: 0,
        verdict: 'good',
        rules: [],
      });
    }
  });

  it('does not believe an issuer that does not lead to --ca', async () => {
    const { exitCode, record } = await queryJson(['--connect', place, '--ca', folder.at('stranger.pem')]);
    expect({ exitCode, code: record.failure?.code }).toEqual({ exitCode: 5, code: 'issuer-not-anchored' });
  });

  it('with --chain asks about the CA of the handshake too', async () => {
    const issuer = ['--issuer', folder.at('root.pem'), '--issuer', folder.at('chain.pem')];
    const { exitCode, records } = await queryJson(['--chain', '--connect', place, ...issuer]);
    expect(exitCode).toBe(3);
    expect(records.map(({ subject, verdict }) => [subject, verdict])).toEqual([
      ['CN=www.example', 'good'],
      ['CN=Query CA', 'revoked'],
    ]);
  });

  it('is told by HOST:PORT, with the name that the certificate lacks', async () => {
    const { exitCode, stdout } = await queryText([
      ...['--connect', place, '--servername', 'other.example', '--ca', folder.at('root.pem')],
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${place}: good\n`));
    expect(stdout).toContain('does not name other.example');
  });

  it('is exit 7 where nobody listens', async () => {
    const { exitCode, record } = await queryJson(['--connect', `127.0.0.1:${await freePort()}`]);
    expect({ exitCode, verdict: record.verdict, code: record.error?.code }).toEqual({
      exitCode: 7,
      verdict: null,
      code: 'connection-failed',
    });
  });

  it('is one line for a monitoring system', async () => {
    const { exitCode, stdout } = await queryText(['--nagios', '--connect', place, '--ca', folder.at('root.pem')]);
    expect(stdout).toMatch(/^OCSP OK - 1 answer good/);
    expect(exitCode).toBe(0);
    const unanchored = await queryText(['--nagios', '--connect', place]);
    expect(unanchored.stdout).toMatch(/^OCSP CRITICAL - 1 invalid/);
    expect(unanchored.exitCode).toBe(2);
  });
});
