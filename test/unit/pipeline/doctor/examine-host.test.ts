import { createServer } from 'node:tls';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

import { examineHost } from '../../../../src/pipeline/doctor/examine-host.js';
import { createIssuerFinder } from '../../../../src/source/issuer-finder.js';
import { freePort } from '../../../support/servers/free-port.js';
import { issueServerCertificate } from '../../../support/servers/stapling-scene.js';
import { withTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

function examine(folder: TemporaryFolder) {
  return examineHost({
    wanted: [],
    discovery: {
      limits: { timeoutMilliseconds: 10_000, signal: new AbortController().signal },
      environment: {},
      randomBytes: (count) => new Uint8Array(count),
    },
    issuers: createIssuerFinder([]),
    certificatesOfRun: () => Promise.resolve([]),
    now: new Date(),
    skewMilliseconds: 300_000,
    procRoot: folder.path,
    root: folder.path,
  });
}

describe('a host', () => {
  it('without servers has no certificates', async () => {
    await withTemporaryFolder(async (folder) => {
      expect((await examine(folder)).certificates).toEqual([]);
    });
  });

  it('has a certificate on a port that no configuration told of', async () => {
    await withTemporaryFolder(async (folder) => {
      const { chain, key } = issueServerCertificate(folder, { mustStaple: true });
      const { readFileSync } = await import('node:fs');
      const server = createServer({ cert: readFileSync(chain), key: readFileSync(key) });
      const port = await freePort();
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      const hex = port.toString(16).toUpperCase().padStart(4, '0');
      folder.write('net/tcp', `title\n 0: 0100007F:${hex} 00000000:0000 0A 0:0 0:0 0 0 0 1\n`);
      try {
        const { certificates } = await examine(folder);
        expect(certificates).toMatchObject([
          {
            server: 'unknown',
            state: 'must-staple-broken',
            handshakes: [{ place: { port }, outcome: 'nothing-stapled' }],
          },
        ]);
      } finally {
        server.close();
      }
    });
  });
});
