import { describe, expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import { snapshot, storeStaple, withScene } from './support/fetch-scene.js';

describe('the address guard', () => {
  it.each([
    ['an address', (port: number) => `http://127.0.0.1:${port}`],
    ['an address in another notation', (port: number) => `http://0x7f.1:${port}`],
    ['an IPv4-mapped address', (port: number) => `http://[::ffff:127.0.0.1]:${port}`],
    ['a name', (port: number) => `http://localhost:${port}`],
  ])("keeps a certificate's URI from loopback and names the flag that opens it: %s", async (_form, uriOf) => {
    await withScene(
      async (scene) => {
        const before = snapshot(scene.folder.path);
        const result = await runRestaple(['fetch', '--json', '--retries', '0', scene.certificate]);
        expect(result.exitCode).toBe(7);
        expect(result.lines()[0]).toMatchObject({ outcome: 'unavailable', error: { code: 'address-blocked' } });
        expect(result.stderr).toMatch(/ is not a public address: .*\n {2}hint: .*--allow-private, .*--allow-address /);
        expect(scene.responder.connections()).toBe(0);
        expect(snapshot(scene.folder.path)).toEqual(before);
      },
      { certificate: (url) => ({ ocspUris: [uriOf(Number(new URL(url).port))] }) },
    );
  });

  it('keeps a good staple when the address is blocked', async () => {
    await withScene(async (scene) => {
      storeStaple(scene);
      const result = await runRestaple(['fetch', '--json', '--force', scene.certificate]);
      expect(result.exitCode).toBe(0);
      expect(result.lines()[0]).toMatchObject({ outcome: 'kept', error: { code: 'address-blocked' } });
    });
  });

  it('opens to --allow-address', async () => {
    await withScene(async (scene) => {
      const result = await runRestaple(['fetch', '--json', '--allow-address', '127.0.0.0/8', scene.certificate]);
      expect(result.exitCode).toBe(0);
      expect(result.lines()[0]).toMatchObject({ outcome: 'updated' });
    });
  });

  it('keeps a caIssuers URI from loopback too', async () => {
    await withScene(
      async (scene) => {
        scene.folder.write('site.pem', scene.site.certificate.pem);
        const result = await runRestaple(['fetch', '--json', scene.certificate]);
        expect(result.exitCode).toBe(8);
        expect(result.lines()[0]).toMatchObject({ error: { code: 'issuer-not-found' } });
        expect(result.stderr).toMatch(/127\.0\.0\.1 is not a public address/);
        expect(scene.responder.connections()).toBe(0);
      },
      { certificate: (url) => ({ caIssuersUris: [`${url}/ca.crt`] }) },
    );
  });
});
