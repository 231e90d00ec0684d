import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startFakeHaproxy, type FakeHaproxy } from '../support/fake-haproxy.js';
import { runRestaple, type RunResult } from '../support/run-program.js';
import {
  createServerScene,
  recordingCommand,
  type Recorder,
  type ServerScene,
} from '../support/servers/server-scene.js';

const usual = 'defaults: { allow-private: true, timeout: 5s, retries: 0, reload-timeout: 5s }\n';

let scene: ServerScene;
/** A haproxy that has loaded no certificate at all. */
let haproxy: FakeHaproxy;
let recorder: Recorder;

beforeEach(async () => {
  scene = await createServerScene();
  recorder = recordingCommand(scene);
  haproxy = await startFakeHaproxy(({ command }) => {
    if (command === 'show ssl cert') return '# transaction\n# filename\n';
    if (command === 'show ssl ocsp-response') return '';
    return command === 'show ssl ocsp-updates' ? 'OCSP Certid | Path | Next Update\n' : 'Unknown command, but maybe';
  });
});

afterEach(async () => {
  await haproxy.close();
  await scene.clear();
});

function run(text: string, words: readonly string[] = []): Promise<RunResult> {
  return runRestaple(['fetch', '--json', '--config', scene.folder.write('restaple.yaml', text + usual), ...words]);
}

interface Summary {
  readonly reload: readonly {
    readonly target: string;
    readonly ok: boolean;
    readonly certificates: readonly { readonly certificate: string; readonly ok: boolean; readonly code?: string }[];
  }[];
}

const told = (result: RunResult): Summary['reload'] => (result.lines().at(-1)!['summary'] as Summary).reload;

describe('the reload list of a source', { tags: 'flock' }, () => {
  it('counts in place of the file’s, for the certificates of that source alone', async () => {
    const [one, two] = ['one', 'two'].map((name) => scene.issue(name));
    const text = [
      `certificates:\n  - path: one.pem\n    reload: ['${recorder.target}']\n    confirm: []\n  - path: two.pem\n`,
      `    reload: []\nreload: ['haproxy:${haproxy.address}']\nconfirm: ['127.0.0.1:1']\n`,
    ].join('');
    const result = await run(text);
    expect(told(result)).toMatchObject([
      { target: `haproxy:${haproxy.address}`, ok: true, certificates: [] },
      { target: recorder.target, ok: true, certificates: [{ certificate: one!.certificate }] },
      // Of the file's place the second source says nothing.
      { target: 'confirm:127.0.0.1:1', ok: false, certificates: [{ certificate: two!.certificate }] },
    ]);
    expect(recorder.lines().map(({ certificate }) => certificate)).toEqual([one!.certificate]);
    expect(haproxy.connections()).toBe(0);
  });

  it('makes a certificate that its target does not serve a failure, which the file’s own target passes over', async () => {
    const site = scene.issue('site');
    const target = `haproxy:${haproxy.address}`;
    const lenient = await run(`certificates: site.pem\nreload: '${target}'\n`, ['--verbose']);
    expect(lenient.exitCode).toBe(0);
    expect(told(lenient)).toMatchObject([
      { target, ok: true, certificates: [{ certificate: site.certificate, ok: true, code: 'not-served' }] },
    ]);
    expect(lenient.stderr).toContain(`skipped ${target}: ${site.certificate}: haproxy has not loaded`);
    // It is not quiet because it was forgotten: haproxy is asked again, and again nobody hears of it.
    const again = await run(`certificates: site.pem\nreload: '${target}'\n`);
    expect({ exitCode: again.exitCode, stderr: again.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(haproxy.connections()).toBe(2);

    const strict = await run(`certificates: { path: site.pem, reload: '${target}' }\n`);
    expect(strict.exitCode).toBe(10);
    expect(told(strict)).toMatchObject([{ ok: false, certificates: [{ ok: false, code: 'no-slot' }] }]);
    expect(JSON.stringify(told(strict))).not.toContain('isNotServed');

    const byFlag = await run(`certificates: { path: site.pem, reload: [] }\n`, ['--reload', target]);
    expect(byFlag.exitCode).toBe(10);
  });

  it('passes over a certificate that is not served although its staple would not be taken', async () => {
    scene.issue('site');
    const target = `haproxy:${haproxy.address}`;
    const result = await run(`certificates: site.pem\nreload: '${target}'\n`, ['--hash', 'sha256']);
    expect({ exitCode: result.exitCode, code: told(result)[0]?.certificates[0]?.code }).toEqual({
      exitCode: 0,
      code: 'not-served',
    });
  });

  it('counts for a certificate of that source that the command line names, as its confirm and out do', async () => {
    const [, two, other] = ['one', 'two', 'other'].map((name) => scene.issue(name));
    const place = `127.0.0.1:1`;
    const text = [
      `certificates:\n  - path: '*e.pem'\n    reload: '${recorder.target}'\n    confirm: one.pem=${place}\n    out: '{dir}/own.der'\n`,
      `  - path: two.pem\n    reload: 'haproxy:${haproxy.address}'\n  - missing/*.pem\nreload: []\n`,
    ].join('');
    const file = scene.folder.write('restaple.yaml', text + usual);
    const fetchNamed = (...words: string[]): Promise<RunResult> =>
      runRestaple(['fetch', '--json', '--config', file, ...words], { cwd: scene.folder.path });
    const named = await fetchNamed('./one.pem', other!.certificate);
    expect(told(named)).toMatchObject([
      { target: recorder.target, ok: true, certificates: [{ certificate: './one.pem' }] },
      { target: `confirm:./one.pem=${place}`, ok: false },
    ]);
    const lineOf = (certificate: string) => named.lines().find((line) => line['certificate'] === certificate);
    expect(lineOf('./one.pem')).toMatchObject({ staple: './own.der', written: true });
    expect(lineOf(other!.certificate)).toMatchObject({ staple: other!.staple, written: true });
    // Of the source of another certificate nobody hears.
    expect(haproxy.connections()).toBe(0);
    const byFlag = await fetchNamed(
      '--out',
      scene.folder.at('flag.der'),
      '--reload',
      recorder.target,
      two!.certificate,
    );
    expect(byFlag.lines()[0]).toMatchObject({ staple: scene.folder.at('flag.der') });
    expect(told(byFlag)).toMatchObject([{ target: recorder.target, certificates: [{ ok: true }] }]);
    expect(recorder.lines()).toHaveLength(2);
  });

  it('is warned of where --hash asks for what its server does not take, as the list of the file is', async () => {
    scene.issue('site');
    const target = `haproxy:${haproxy.address}`;
    const warnings = async (text: string, words: readonly string[] = []): Promise<number> => {
      const { stderr } = await run(text, ['--hash', 'sha256', '--dry-run', ...words]);
      return stderr.split(`with --hash sha256 ${target} will serve none`).length - 1;
    };
    expect(await warnings(`certificates: { path: site.pem, reload: ['${target}'] }\n`)).toBe(1);
    expect(await warnings(`certificates: site.pem\nreload: '${target}'\n`)).toBe(1);
    // It counts for nobody.
    expect(await warnings(`certificates: { path: site.pem, reload: [] }\nreload: '${target}'\n`)).toBe(0);
    const named = [scene.folder.at('site.pem')];
    expect(await warnings(`certificates: { path: site.pem, reload: ['${target}'] }\n`, named)).toBe(1);
    expect(await warnings(`certificates: { path: others/, reload: ['${target}'] }\n`, named)).toBe(0);
  });

  it('is checked with its line, and shown by config check as a configuration takes it', async () => {
    scene.issue('site');
    const check = (text: string, words: readonly string[] = []): Promise<RunResult> =>
      runRestaple(['config', 'check', '--config', scene.folder.write('restaple.yaml', text), ...words]);
    const bad = await check(
      "certificates:\n  - path: site.pem\n    reload:\n      - nginx\n      - apache\n    confirm: 'a=b=c#'\n    relaod: nginx\n",
    );
    expect(bad.exitCode).toBe(2);
    expect(bad.stderr).toContain(':7: certificates: there is no setting "relaod", expected perhaps reload');
    const places = await check(
      "certificates:\n  - path: site.pem\n    reload:\n      - nginx\n      - apache\n    confirm: 'a=b=c#'\n",
    );
    expect(places.stderr).toMatch(
      /:5: certificates: reload: "apache" is not a reload target\n.*:6: certificates: confirm: /,
    );
    const good =
      'certificates:\n  - path: site.pem\n    reload: [nginx, \'exec:echo ", all"\']\n    confirm: site.pem=127.0.0.1:443\n';
    const shown = await check(good, ['--json']);
    const path = scene.folder.at('site.pem');
    const certificates = [{ path, reload: ['nginx', 'exec:echo ", all"'], confirm: [`${path}=127.0.0.1:443`] }];
    expect(shown.lines()[0]).toMatchObject({ certificates });
    const printed = await check(good);
    const again = await check(printed.stdout, ['--json']);
    expect(again.lines()[0]).toMatchObject({ certificates });
  });
});
