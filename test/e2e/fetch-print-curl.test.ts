import { describe, expect, it } from 'vitest';

import { fixed } from '../support/behaviours.js';
import { runCommand, runRestaple } from '../support/run-program.js';
import { fetchSite, namesIn, naming, snapshot, stapleOf, withScene } from './support/fetch-scene.js';

describe('--print-curl', () => {
  it.each([
    ['post', []],
    ['get', ['--method', 'get']],
  ])(
    'prints one line that makes the same request in sh, and sends nothing itself (%s)',
    { tags: 'curl' },
    async (_method, flags) => {
      await withScene(async (scene) => {
        const before = snapshot(scene.folder.path);
        const printed = await runRestaple(['fetch', '--print-curl', ...flags, scene.certificate]);
        expect({ exitCode: printed.exitCode, stderr: printed.stderr }).toEqual({ exitCode: 0, stderr: '' });
        expect(printed.stdout.split('\n')).toHaveLength(2);
        expect(printed.stdout).toMatch(/\bcurl /);
        expect(scene.responder.connections()).toBe(0);
        expect(snapshot(scene.folder.path)).toEqual(before);

        const bytes = stapleOf(scene);
        scene.responder.behaviour = fixed(bytes);
        const curl = await runCommand('sh', ['-c', printed.stdout]);
        expect({ exitCode: curl.exitCode, stderr: curl.stderr }).toEqual({ exitCode: 0, stderr: '' });
        expect(curl.stdoutBytes.equals(bytes)).toBe(true);

        await fetchSite(scene, flags);
        const [byCurl, byUs] = scene.responder.requests;
        expect({ method: byCurl?.method, url: byCurl?.url }).toEqual({ method: byUs?.method, url: byUs?.url });
        expect(byCurl?.body.equals(byUs!.body)).toBe(true);
      }, naming('/ocsp'));
    },
  );

  it('quotes a URI that would be shell code', async () => {
    await withScene(
      async (scene) => {
        const printed = await runRestaple(['fetch', '--print-curl', scene.certificate]);
        const words = printed.stdout.replace(/.* \| curl/, 'printf "%s\\n"');
        const shell = await runCommand('sh', ['-c', words], { cwd: scene.folder.path });
        expect(shell.stdout).toMatch(/touch%20|touch\$IFS/);
        expect(namesIn(scene)).toEqual(['site.pem']);
      },
      { certificate: (url) => ({ ocspUris: [`${url}/';touch$IFS'pwned';'`] }) },
    );
  });

  it('prints a line for each responder, as JSON with --json', async () => {
    await withScene(
      async (scene) => {
        const { exitCode, lines } = await runRestaple(['fetch', '--print-curl', '--json', scene.certificate]);
        expect(exitCode).toBe(0);
        const [record] = lines() as { certificate: string; curl: string[] }[];
        expect(record?.certificate).toBe(scene.certificate);
        expect(record?.curl.map((line) => /'http[^']*'$/.exec(line)?.[0])).toEqual([
          `'${scene.responder.url}/first'`,
          `'${scene.responder.url}/second'`,
        ]);
      },
      naming('/first', '/second'),
    );
  });

  it('ends with exit 8 and the reason for a certificate that cannot be read', async () => {
    const result = await runRestaple(['fetch', '--print-curl', '/nowhere/site.pem']);
    expect(result).toMatchObject({ exitCode: 8, stdout: '' });
    expect(result.stderr).toMatch(/^restaple: \/nowhere\/site\.pem does not exist\n {2}hint: /);
  });
});
