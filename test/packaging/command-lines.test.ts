import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { readManifest } from '../contract/manifest.js';
import { bundleOf, withScene } from '../e2e/support/fetch-scene.js';
import { programPath, projectFolder, runCommand } from '../support/run-program.js';

const packaging = join(projectFolder, 'packaging');
const files = readdirSync(packaging, { recursive: true, encoding: 'utf8' })
  .filter((name) => statSync(join(packaging, name)).isFile())
  .filter((name) => /restaple fetch\b/.test(readFileSync(join(packaging, name), 'utf8')));

describe('the command lines of packaging', () => {
  it.each(files)('of %s have only flags that fetch has', (name) => {
    const known = Object.keys(readManifest().commands['fetch']!.flags);
    const text = readFileSync(join(packaging, name), 'utf8').replace(/^\s*#.*$/gm, '');
    const flags = [...text.matchAll(/(?<=[\s'"[])--([a-z][a-z-]+)/g)].map(([, flag = '']) => flag);
    for (const flag of flags) expect(known).toContain(flag);
  });

  it('of cron is silent, and exits with 0, run after run', async () => {
    await withScene(async (scene) => {
      const other = scene.authority.issue({ ocspUris: [scene.responder.url] });
      scene.folder.write('other.pem', bundleOf(other, scene.authority));
      const config = scene.folder.write(
        '.restaple.yaml',
        `certificates: [${scene.folder.path}]\ndefaults: { allow-private: true }\n`,
      );
      const [line = ''] = /^17 \* .*$/m.exec(readFileSync(join(packaging, 'cron', 'restaple'), 'utf8')) ?? [];
      const command = line
        .replace(/^17 \* \* \* \* root restaple/, `'${process.execPath}' '${programPath}'`)
        .replace('/etc/restaple.yaml', `'${config}' --lock '${scene.folder.at('.run.lock')}'`);
      for (let run = 1; run <= 2; run += 1) {
        expect(await runCommand('sh', ['-c', command])).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
        expect(scene.responder.requests).toHaveLength(2);
      }
    });
  });
});
