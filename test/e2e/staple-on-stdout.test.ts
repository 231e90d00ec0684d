import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { programPath, runCommand, runRestaple } from '../support/run-program.js';
import { bundleOf, storeStaple, withScene, type Scene } from './support/fetch-scene.js';

const usual = ['--allow-private', '--timeout', '5s', '--retries', '0'];

function withCaKey({ folder, authority }: Scene): string[] {
  return [
    '--ca-cert',
    folder.write('ca.crt', authority.certificate.pem),
    '--ca-key',
    folder.write('ca.key', authority.keyPem, 0o600),
  ];
}

describe('--out -', () => {
  it('is the staple on stdout, and no file, whatever lies beside the certificate', async () => {
    await withScene(async (scene) => {
      const { folder } = scene;
      const old = storeStaple(scene);
      folder.write('-', 'a file of that name');
      const before = readdirSync(folder.path);
      const fetched = await runRestaple(['fetch', '--out', '-', ...usual, folder.path], { cwd: folder.path });
      expect({ exitCode: fetched.exitCode, stderr: fetched.stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(fetched.stdoutBytes.equals(old)).toBe(false);
      expect(readdirSync(folder.path)).toEqual(before);
      const response = folder.write('response.der', fetched.stdoutBytes);
      const verified = await runRestaple(['verify', '--response', response, scene.certificate]);
      expect(verified.exitCode).toBe(0);
      const none = await runRestaple(['fetch', '--out', '-', '--dry-run', ...usual, scene.certificate]);
      expect(none).toMatchObject({ exitCode: 0, stdout: '' });
    });
  });

  it('is nothing on stdout where there is no good staple', async () => {
    await withScene(async (scene) => {
      await scene.responder.close();
      const result = await runRestaple(['fetch', '--out', '-', ...usual, scene.certificate], {
        cwd: scene.folder.path,
      });
      expect(result).toMatchObject({ exitCode: 7, stdout: '' });
    });
  });

  it('is the signed response of generate, for a certificate and for a serial number', async () => {
    await withScene(async (scene) => {
      const { folder } = scene;
      const ca = withCaKey(scene);
      const before = readdirSync(folder.path);
      for (const words of [[scene.certificate], ['--serial', '0a1b']]) {
        const signed = await runRestaple(['generate', ...ca, '--out', '-', ...words], { cwd: folder.path });
        expect({ exitCode: signed.exitCode, stderr: signed.stderr }).toEqual({ exitCode: 0, stderr: '' });
        expect(readdirSync(folder.path)).toEqual(before);
        const file = folder.write('.response', signed.stdoutBytes);
        const shown = await runRestaple(['inspect', '--json', file]);
        expect(shown.lines()[0]).toMatchObject({ kind: 'response', responses: [{ status: 'good' }] });
        before.splice(0, Infinity, ...readdirSync(folder.path));
      }
    });
  });

  it('is for one certificate, and not beside JSON, a watch or servers to be told', async () => {
    await withScene(async (scene) => {
      const { folder, certificate } = scene;
      const other = folder.write('other.pem', bundleOf(scene.authority.issue(), scene.authority));
      const refused: Record<string, RegExp> = {
        [`fetch --json ${certificate}`]: /--out - and --json both write to stdout/,
        [`fetch ${certificate} ${other}`]: /--out - is for the staple of one certificate/,
        [`fetch ${folder.path}`]: /--out - is for the staple of one certificate/,
        [`fetch --watch ${certificate}`]: /--watch needs a file to keep fresh/,
        [`fetch --reload exec:true ${certificate}`]: /need the staple in a file/,
        [`generate ${withCaKey(scene).join(' ')} --json ${certificate}`]: /both write to stdout/,
        [`generate ${withCaKey(scene).join(' ')} ${certificate} ${other}`]: /one certificate/,
        [`verify ${certificate}`]: /"-" is not a file, a folder or a template/,
        [`reload exec:true ${certificate}`]: /"-" is not a file, a folder or a template/,
      };
      for (const [words, message] of Object.entries(refused)) {
        const result = await runRestaple([...words.split(' '), '--out', '-'], { cwd: folder.path });
        expect({ words, exitCode: result.exitCode }).toEqual({ words, exitCode: 2 });
        expect(result.stderr).toMatch(message);
      }
      for (const text of [
        'certificates: { path: site.pem, out: - }',
        "certificates: site.pem\ndefaults: { out: '-' }",
      ]) {
        const file = folder.write('restaple.yaml', text.replace('out: - ', "out: '-' "));
        const result = await runRestaple(['config', 'check', '--config', file]);
        expect({ exitCode: result.exitCode, stderr: result.stderr }).toMatchObject({
          exitCode: 2,
          stderr: expect.stringContaining('- (stdout) is for the command line only') as string,
        });
      }
    });
  });

  it('that cannot be written is exit 9, said in one line', async () => {
    await withScene(async (scene) => {
      const words = ['fetch', '--out', '-', ...usual, scene.certificate];
      const result = await runCommand('sh', ['-c', '"$@" >/dev/full', 'sh', process.execPath, programPath, ...words]);
      expect(result.exitCode).toBe(9);
      expect(result.stderr).toMatch(/^restaple: stdout could not be written: no space left\n/);
    });
  });
});
