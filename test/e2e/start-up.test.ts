import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { programPath, projectFolder, runCommand, type RunResult } from '../support/run-program.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

/** Runs bin/run.js by this Node, which says that it is another. */
function runOnNode(version: string, words: readonly string[]): Promise<RunResult> {
  const pretence = `data:text/javascript,Object.defineProperty(process, 'version', { value: '${version}' })`;
  return runCommand(process.execPath, ['--import', pretence, programPath, ...words]);
}

describe('the start of the program', () => {
  it.each(['v16.20.2', 'v18.19.0', 'v20.18.3', 'v21.7.3', 'v22.11.0'])(
    'is refused in one line by Node %s, with exit 2',
    async (version) => {
      expect(await runOnNode(version, ['--version'])).toMatchObject({
        exitCode: 2,
        stdout: '',
        stderr: `restaple needs Node.js 20.19, 22.12 or newer; this is ${version}\n`,
      });
    },
  );

  it.each(['v20.19.0', 'v22.12.0', 'v23.0.0', 'v24.1.0'])('is left to the program by Node %s', async (version) => {
    expect(await runOnNode(version, ['--version'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('is refused by just those that package.json excludes', () => {
    const { engines } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
      engines: { node: string };
    };
    expect(engines.node).toBe('^20.19.0 || >=22.12.0');
  });

  it.each([
    ['is missing', undefined],
    ['is empty', (): Buffer => Buffer.alloc(0)],
    ['is cut short', (cache: Buffer): Buffer => cache.subarray(0, cache.length / 2)],
    ['is not one', (): Buffer => Buffer.alloc(4096, 'x')],
    ['cannot be read', 'folder' as const],
  ])('compiles the program where its code cache %s', async (_what, change) => {
    await withTemporaryFolder(async (folder) => {
      for (const part of ['bin', 'dist', 'package.json']) {
        cpSync(join(projectFolder, part), folder.at(part), { recursive: true });
      }
      const [name = ''] = readdirSync(folder.at('dist', 'code-cache'));
      const cache = readFileSync(folder.at('dist', 'code-cache', name));
      rmSync(folder.at('dist', 'code-cache'), { recursive: true });
      if (change === 'folder') mkdirSync(folder.at('dist', 'code-cache', name), { recursive: true });
      else if (change !== undefined) folder.write(`dist/code-cache/${name}`, change(cache));
      const result = await runCommand(process.execPath, [folder.at('bin', 'run.js'), 'verify', '--help']);
      expect(result).toMatchObject({ exitCode: 0, stderr: '' });
      expect(result.stdout).toContain('Verify the staples of certificates');
    });
  });

  it.runIf(process.geteuid?.() === 0)(
    'needs neither HOME nor a line in passwd, as a container has neither',
    async () => {
      const words = [programPath, 'uri', join(projectFolder, 'fixtures', 'server.pem')];
      const options = { uid: 4242, gid: 4242, env: { HOME: undefined } };
      expect(await runCommand(process.execPath, words, options)).toMatchObject({
        exitCode: 0,
        stdout: 'http://ocsp.fixture.example/\n',
        stderr: '',
      });
    },
  );

  it('of a clone that was not built says in one line what to do, with exit 2', async () => {
    await withTemporaryFolder(async (folder) => {
      cpSync(join(projectFolder, 'bin'), folder.at('bin'), { recursive: true });
      cpSync(join(projectFolder, 'package.json'), folder.at('package.json'));
      expect(await runCommand(process.execPath, [folder.at('bin', 'run.js'), '--version'])).toMatchObject({
        exitCode: 2,
        stdout: '',
        stderr: `restaple is not built yet: in ${folder.path}, run npm ci && npm run build\n`,
      });
    });
  });
});
