import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';

import { programPath, runCommand, runRestaple, type RunOptions, type RunResult } from '../support/run-program.js';
import { bundleOf, unprivileged, withScene, type Scene } from './support/fetch-scene.js';

const usual = 'defaults: { allow-private: true, timeout: 5s, retries: 0 }\n';

/** Runs `fetch` with this configuration, and nothing that the scene would add. */
function fetchWith(
  scene: Scene,
  text: string,
  words: readonly string[] = [],
  options: RunOptions = {},
): Promise<RunResult> {
  return runRestaple(['fetch', '--config', scene.folder.write('restaple.yaml', text), ...words], options);
}

function addSite(scene: Scene, name: string): string {
  const site = scene.authority.issue({ commonName: name, ocspUris: [scene.responder.url] });
  return scene.folder.write(name, bundleOf(site, scene.authority));
}

describe('restaple fetch --config', () => {
  it(
    'fetches for the certificates of the file, relative to its folder, without a word',
    { tags: 'flock' },
    async () => {
      await withScene(async (scene) => {
        const second = addSite(scene, 'certs/second.pem');
        const result = await fetchWith(scene, `certificates: [site.pem, 'certs/*.pem']\n${usual}`);
        expect(result).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
        expect(existsSync(scene.staple)).toBe(true);
        expect(existsSync(`${second}.ocsp`)).toBe(true);
      });
    },
  );

  it(
    'takes the CERTs of the command line in place of those of the file, and everything else from the file',
    { tags: 'flock' },
    async () => {
      await withScene(async (scene) => {
        const second = addSite(scene, 'second.pem');
        const text = `certificates: [site.pem]\nconfirm: ['site.pem=127.0.0.1:1']\n${usual}`;
        const result = await fetchWith(scene, text, ['--json', second]);
        expect(result.exitCode).toBe(0);
        expect(result.lines()[0]).toMatchObject({ certificate: second, outcome: 'updated' });
        expect(existsSync(scene.staple)).toBe(false);
      });
    },
  );

  it('lets flags beat variables, and variables the file', { tags: 'flock' }, async () => {
    await withScene(async (scene) => {
      scene.folder.write(
        'restaple.yaml',
        `certificates: [site.pem]\ndefaults: { allow-private: true, out: file.der }\n`,
      );
      const run = async (words: string[], env: Record<string, string>): Promise<void> => {
        const result = await runRestaple(['fetch', ...words], {
          env: { RESTAPLE_CONFIG: scene.folder.at('restaple.yaml'), ...env },
        });
        expect(result).toMatchObject({ exitCode: 0, stderr: '' });
      };
      await run(['--out', scene.folder.at('flag.der')], { RESTAPLE_OUT: scene.folder.at('variable.der') });
      expect(['flag.der', 'variable.der', 'file.der'].filter((name) => existsSync(scene.folder.at(name)))).toEqual([
        'flag.der',
      ]);
      await run([], { RESTAPLE_OUT: scene.folder.at('variable.der') });
      expect(existsSync(scene.folder.at('variable.der'))).toBe(true);
      expect(existsSync(scene.folder.at('file.der'))).toBe(false);
      await run([], {});
      expect(existsSync(scene.folder.at('file.der'))).toBe(true);
    });
  });

  it('runs the hooks of the file, and tells its targets', { tags: 'flock' }, async () => {
    await withScene(async (scene) => {
      const note = scene.folder.at('note');
      const script = scene.folder.write('note.sh', `#!/bin/sh\necho "$1 $RESTAPLE_STATUS" >> ${note}\n`, 0o755);
      const text = `certificates: [site.pem]\nhooks: { on-updated: ${script} hook }\nreload: ["exec:${script} reload"]\n${usual}`;
      expect(await fetchWith(scene, text)).toMatchObject({ exitCode: 0, stderr: '' });
      expect(
        readFileSync(note, 'utf8')
          .split('\n')
          .map((line) => line.split(' ')[0]),
      ).toEqual(['hook', 'reload', '']);
    });
  });

  it('runs nothing of a file that others may write', async () => {
    await withScene(async (scene) => {
      const note = scene.folder.at('note');
      const path = scene.folder.write(
        'r.yaml',
        `certificates: [site.pem]\nhooks: { on-updated: touch ${note} }\n${usual}`,
      );
      chmodSync(path, 0o664);
      const result = await runRestaple(['fetch', '--config', path]);
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
      expect(result.stderr).toMatch(
        /is writable by group or others \(mode 0664\), and it names commands[^\n]*\n {2}hint: /,
      );
      expect(existsSync(note)).toBe(false);
      expect(scene.responder.requests).toHaveLength(0);
    });
  });

  it('asks nobody where a value of the file is bad, and names its line', async () => {
    await withScene(async (scene) => {
      const result = await fetchWith(scene, 'certificates: [site.pem]\ndefaults:\n  timeout: ten\n');
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
      expect(result.stderr).toContain('restaple.yaml:3: defaults.timeout: "ten" is not a duration above zero');
      expect(scene.responder.requests).toHaveLength(0);
    });
  });

  it('names a variable whose value is bad, in JSON where that is asked for by a variable', async () => {
    await withScene(async (scene) => {
      const result = await runRestaple(['fetch', scene.certificate], {
        env: { RESTAPLE_JSON: 'true', RESTAPLE_STRICT: 'on' },
      });
      expect(result.exitCode).toBe(2);
      expect(result.lines()).toEqual([
        {
          error: {
            code: 'usage',
            message: 'RESTAPLE_STRICT: "on" is neither true nor false',
            hint: 'correct or unset it; it sets --strict',
          },
        },
      ]);
    });
  });

  it('without a certificate anywhere says where they are named', async () => {
    await withScene(async (scene) => {
      const empty = await fetchWith(scene, usual);
      expect(empty).toMatchObject({ exitCode: 2, stdout: '' });
      expect(empty.stderr).toMatch(/restaple\.yaml names no certificate\n {2}hint: list them there under certificates/);
    });
  });
});

/** Runs `fetch` where /etc is a copy of its own, with this as /etc/restaple.yaml. */
async function fetchWithDefault(
  scene: Scene,
  text: string | undefined,
  words: readonly string[],
  mode = 0o644,
): Promise<RunResult> {
  const etc = scene.folder.at('etc');
  mkdirSync(etc, { recursive: true });
  for (const name of ['hosts', 'passwd', 'resolv.conf', 'nsswitch.conf']) {
    if (existsSync(`/etc/${name}`)) copyFileSync(`/etc/${name}`, `${etc}/${name}`);
  }
  if (text !== undefined) {
    writeFileSync(`${etc}/restaple.yaml`, text);
    chmodSync(`${etc}/restaple.yaml`, mode);
  }
  const script = 'mount --bind "$1" /etc && shift && exec "$@"';
  const program = [process.execPath, programPath, ...words];
  return await runCommand('unshare', ['--mount', 'sh', '-c', script, 'sh', etc, ...program]);
}

describe.runIf(process.geteuid?.() === 0)('/etc/restaple.yaml', () => {
  it('is read where no certificate is named', { tags: 'unshare' }, async () => {
    await withScene(async (scene) => {
      const text = `certificates: ['${scene.certificate}']\n${usual}`;
      expect(await fetchWithDefault(scene, text, ['fetch'])).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
      expect(existsSync(scene.staple)).toBe(true);
      const check = await fetchWithDefault(scene, text, ['config', 'check']);
      expect(check.stdout).toContain('# what takes effect: restaple fetch --config /etc/restaple.yaml');
    });
  });

  it('is not read where one is named, be it ever so broken', { tags: 'unshare' }, async () => {
    await withScene(async (scene) => {
      const result = await fetchWithDefault(scene, 'certificates: [', ['fetch', '--allow-private', scene.certificate]);
      expect(result).toMatchObject({ exitCode: 0, stderr: '' });
      const without = await fetchWithDefault(scene, 'certificates: [', ['fetch']);
      expect(without.exitCode).toBe(2);
      expect(without.stderr).toMatch(/^restaple: \/etc\/restaple\.yaml:\d+: not valid YAML: /);
    });
  });

  it('is refused as any other', { tags: 'unshare' }, async () => {
    await withScene(async (scene) => {
      const result = await fetchWithDefault(scene, `certificates: ['${scene.certificate}']\n`, ['fetch'], 0o646);
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toContain('/etc/restaple.yaml is writable by group or others (mode 0646)');
    });
  });

  it('that is not there is no file: fetch without certificates is told of --config', { tags: 'unshare' }, async () => {
    await withScene(async (scene) => {
      const result = await fetchWithDefault(scene, undefined, ['fetch']);
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toBe(
        'restaple: no certificate was named\n' +
          '  hint: name certificate files, a folder of them, - to read paths from stdin, or a configuration with --config (there is no /etc/restaple.yaml)\n',
      );
      const check = await fetchWithDefault(scene, undefined, ['config', 'check']);
      expect(check.exitCode).toBe(2);
      expect(check.stderr).toContain('there is no configuration file: /etc/restaple.yaml does not exist');
    });
  });

  it('of root serves a run of another user, whose own file is theirs alone', async () => {
    await withScene(async (scene) => {
      chmodSync(scene.folder.path, 0o755);
      const path = scene.folder.write('root.yaml', `certificates: ['${basename(scene.certificate)}']\n${usual}`);
      const result = await runRestaple(['fetch', '--dry-run', '--config', path], unprivileged);
      expect(result.exitCode).toBe(0);
      expect(result.stderr).toMatch(/^restaple: would update \S+ \(good until [^\n]*\n$/);
    });
  });
});
