import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { httpStatus } from '../support/behaviours.js';
import { runRestaple } from '../support/run-program.js';
import {
  createServerScene,
  fetchAndReload,
  recordingCommand,
  type ServerScene,
  type Site,
} from '../support/servers/server-scene.js';

let scene: ServerScene;
let site: Site;

beforeEach(async () => {
  scene = await createServerScene();
  site = scene.issue('site');
});

afterEach(async () => await scene.clear());

interface Told {
  /** A script that writes its words and variables down, a folder a run. */
  readonly command: string;
  readonly runs: () => { readonly words: string; readonly variables: Record<string, string> }[];
}

function teller(name = 'on'): Told {
  const folder = scene.folder.at(`${name}.runs`);
  const command = scene.folder.write(
    `${name}.sh`,
    `#!/bin/sh\nmkdir -p ${folder}/$$\nenv > ${folder}/$$/env\nprintf '<%s>' "$@" > ${folder}/$$/words\n`,
    0o755,
  );
  const runs: Told['runs'] = () => {
    if (!existsSync(folder)) return [];
    return readdirSync(folder).map((run) => {
      const pairs = readFileSync(`${folder}/${run}/env`, 'utf8').trimEnd().split('\n');
      const variables = Object.fromEntries(
        pairs.map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
      );
      return { words: readFileSync(`${folder}/${run}/words`, 'utf8'), variables };
    });
  };
  return { command, runs };
}

const revoked = { revokedAt: new Date('2026-01-01T00:00:00Z') } as const;

describe('--on-updated', () => {
  it('runs once for each changed staple, with what it is about in its environment', async () => {
    const other = scene.issue('other');
    const { command, runs } = teller();
    const result = await fetchAndReload(['--on-updated', command, site.certificate, other.certificate]);
    expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode: 0, stderr: '' });
    const variables = runs().map(({ variables: one }) => one);
    expect(variables.map((one) => one['RESTAPLE_CERT']).sort()).toEqual([other.certificate, site.certificate].sort());
    for (const one of variables) {
      expect(one).toMatchObject({
        RESTAPLE_STAPLE: `${String(one['RESTAPLE_CERT'])}.ocsp`,
        RESTAPLE_STATUS: 'updated',
        RESTAPLE_NEXT_UPDATE: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      });
    }
  });

  it('does not run for a fresh staple, a kept one, or a --dry-run', async () => {
    const { command, runs } = teller();
    const words = ['--on-updated', command, '--on-failed', command, '--on-revoked', command, site.certificate];
    await fetchAndReload(['--dry-run', ...words]);
    expect(runs()).toEqual([]);
    await fetchAndReload([site.certificate]);
    expect((await fetchAndReload(words)).outcomes).toEqual(['fresh']);
    scene.responder.behaviour = httpStatus(500);
    expect((await fetchAndReload(['--force', ...words])).outcomes).toEqual(['kept']);
    expect(runs()).toEqual([]);
  });

  it('gets its words by the quoting rules of the shell, and no shell', async () => {
    const { command, runs } = teller();
    const line = `${command} 'one word' "\\$(touch ${scene.folder.at('pwned')})" $(id) ; a\\ b`;
    expect((await fetchAndReload(['--on-updated', line, site.certificate])).exitCode).toBe(0);
    expect(runs()[0]?.words).toBe(`<one word><$(touch ${scene.folder.at('pwned')})><$(id)><;><a b>`);
    expect(existsSync(scene.folder.at('pwned'))).toBe(false);
  });

  it('that fails ends with 10 and says why; the staple stays', async () => {
    const before = scene.staple(site);
    const script = scene.folder.write('fail.sh', '#!/bin/sh\necho "disk full" >&2\nexit 4\n', 0o755);
    const result = await fetchAndReload(['--on-updated', script, site.certificate]);
    expect(result).toMatchObject({ exitCode: 10, outcomes: ['updated'] });
    expect(result.stderr).toContain(
      `restaple: --on-updated for ${site.certificate} failed: exit 4: disk full\n  hint: `,
    );
    expect(scene.staple(site).equals(before)).toBe(false);
  });

  it.each([
    ['is not there', () => '/nonexistent/command', /it was not found/],
    ['may not be run', () => scene.folder.write('plain.txt', 'text', 0o644), /could not be started: EACCES/],
    ['is ended by a signal', () => scene.folder.write('kill.sh', '#!/bin/sh\nkill -9 $$\n', 0o755), /ended by SIGKILL/],
  ])('that %s ends with 10', async (_what, command, message) => {
    const result = await fetchAndReload(['--on-updated', command(), site.certificate]);
    expect(result.exitCode).toBe(10);
    expect(result.stderr).toMatch(message);
  });

  it('gets no secret of restaple', async () => {
    const { command, runs } = teller();
    const env = {
      RESTAPLE_DNSDIST_KEY: 'c2VjcmV0',
      RESTAPLE_PASSPHRASE: 'secret',
      RESTAPLE_PROXY: 'http://hugo:secret@127.0.0.1:1',
      NO_PROXY: '127.0.0.1',
      PLAIN: 'kept',
    };
    await fetchAndReload(['--on-updated', command, site.certificate], { env });
    const [run] = runs();
    expect(run?.variables).toMatchObject({ PLAIN: 'kept' });
    expect(run?.variables).toMatchObject({ RESTAPLE_PROXY: 'http://127.0.0.1:1' });
    expect(Object.keys(run?.variables ?? {})).not.toContain('RESTAPLE_DNSDIST_KEY');
    expect(Object.keys(run?.variables ?? {})).not.toContain('RESTAPLE_PASSPHRASE');
  });

  it('with an unclosed quote is a usage error before any traffic', async () => {
    for (const flag of ['--on-updated', '--on-failed', '--on-revoked']) {
      const result = await runRestaple(['fetch', '--allow-private', flag, '"open', site.certificate]);
      expect({ flag, exitCode: result.exitCode }).toEqual({ flag, exitCode: 2 });
    }
    expect(scene.responder.requests).toHaveLength(0);
  });
});

describe('--on-failed', () => {
  it.each([
    ['unavailable', 7, (): void => void (scene.responder.behaviour = httpStatus(500))],
    ['unknown', 4, (): void => void (scene.responder.behaviour = answer(scene.authority, 'unknown'))],
    ['input-error', 8, (): void => writeFileSync(site.certificate, 'no certificate')],
  ])('runs for %s and leaves the exit code %i', async (outcome, exitCode, arrange) => {
    writeFileSync(site.staple, '');
    arrange();
    const { command, runs } = teller();
    const never = teller('never');
    const words = ['--on-failed', command, '--on-updated', never.command, '--on-revoked', never.command];
    const result = await fetchAndReload([...words, site.certificate]);
    expect(result).toMatchObject({ exitCode, outcomes: [outcome] });
    expect(runs().map(({ variables }) => variables['RESTAPLE_STATUS'])).toEqual([outcome]);
    expect(runs()[0]?.variables).toMatchObject({ RESTAPLE_CERT: site.certificate, RESTAPLE_NEXT_UPDATE: '' });
    expect(never.runs()).toEqual([]);
  });

  it('that fails itself leaves a graver code and outweighs a lesser one', async () => {
    writeFileSync(site.staple, '');
    scene.responder.behaviour = answer(scene.authority, 'unknown');
    expect((await fetchAndReload(['--on-failed', 'false', site.certificate])).exitCode).toBe(4);
    scene.responder.behaviour = httpStatus(500);
    expect((await fetchAndReload(['--on-failed', 'false', site.certificate])).exitCode).toBe(10);
  });
});

describe('--on-revoked', () => {
  it('runs for a revoked certificate alone, which stays loud', async () => {
    scene.responder.behaviour = answer(scene.authority, revoked);
    const { command, runs } = teller();
    const never = teller('never');
    const words = ['--on-revoked', command, '--on-failed', never.command, '--on-updated', never.command];
    const result = await fetchAndReload([...words, site.certificate]);
    expect(result).toMatchObject({ exitCode: 3, outcomes: ['revoked'] });
    expect(runs().map(({ variables }) => variables['RESTAPLE_STATUS'])).toEqual(['revoked']);
    expect(never.runs()).toEqual([]);
  });
});

describe('a plug-in that subscribes to the hook', () => {
  /** Puts a plug-in where oclif looks for those of the user; returns the environment that leads there. */
  function plugIn(source: string): Record<string, string> {
    const data = scene.folder.at('data');
    const root = 'data/restaple/node_modules/deploy-staples';
    const plugins = [{ name: 'deploy-staples', type: 'user', tag: 'latest' }];
    scene.folder.write(
      'data/restaple/package.json',
      JSON.stringify({ private: true, oclif: { schema: 1, plugins }, dependencies: { 'deploy-staples': '1.0.0' } }),
    );
    const hooks = { updated: './updated.js' };
    scene.folder.write(
      `${root}/package.json`,
      JSON.stringify({ name: 'deploy-staples', version: '1.0.0', type: 'module', oclif: { hooks } }),
    );
    scene.folder.write(`${root}/updated.js`, source);
    return { XDG_DATA_HOME: data };
  }

  const heard = (): unknown => JSON.parse(readFileSync(scene.folder.at('heard'), 'utf8'));
  const listener = (): string => `import { appendFileSync } from 'node:fs';
export default async function (options) {
  appendFileSync(${JSON.stringify(scene.folder.at('heard'))}, JSON.stringify(options.updated));
}
`;

  it('gets the staples that changed, without any --reload', async () => {
    const env = plugIn(listener());
    const other = scene.issue('other');
    await fetchAndReload([other.certificate]);
    const result = await fetchAndReload([site.certificate, other.certificate], { env });
    expect({ exitCode: result.exitCode, stderr: result.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(result.outcomes).toEqual(['fresh', 'updated']);
    expect(heard()).toEqual([
      {
        certificate: site.certificate,
        staple: site.staple,
        serialNumber: site.issued.serialNumber,
        nextUpdate: expect.stringMatching(/Z$/) as string,
      },
    ]);
  });

  it('may do more when the run is over, and what that starts is waited for', async () => {
    const env = plugIn(`import { setTimeout as wait } from 'node:timers/promises';
${listener()}
process.once('beforeExit', async () => {
  await wait(50);
  appendFileSync(${JSON.stringify(scene.folder.at('sent'))}, 'all of it');
});
`);
    expect(await fetchAndReload([site.certificate], { env })).toMatchObject({ exitCode: 0, outcomes: ['updated'] });
    expect(readFileSync(scene.folder.at('sent'), 'utf8')).toBe('all of it');
  });

  it('is not called when nothing changed', async () => {
    const env = plugIn(listener());
    await fetchAndReload([site.certificate]);
    expect(await fetchAndReload([site.certificate], { env })).toMatchObject({ exitCode: 0, outcomes: ['fresh'] });
    expect(existsSync(scene.folder.at('heard'))).toBe(false);
  });

  it.each([
    ['throws', "throw new Error('the fleet is asleep');", /the fleet is asleep/],
    ['throws what is not an error', "throw 'nothing to say';", /nothing to say/],
    ['ends the process by this.exit', 'this.exit(1);', /EEXIT|exit/i],
    ['raises this.error', "this.error('not today', { exit: 1 });", /not today/],
  ])('and %s ends the run with 10, and does not stop the built-in subscriber', async (_what, statement, message) => {
    const env = plugIn(`export default async function () { ${statement} }\n`);
    const recorder = recordingCommand(scene);
    const slow = scene.folder.write('slow.sh', `#!/bin/sh\nsleep 0.5\ntouch ${scene.folder.at('finished')}\n`, 0o755);
    const words = ['--reload', `exec:${slow}`, '--reload', recorder.target, site.certificate];
    const result = await fetchAndReload(words, { env });
    expect(result).toMatchObject({ exitCode: 10, outcomes: ['updated'] });
    expect(result.reload).toMatchObject([
      { ok: true, certificates: [{ ok: true }] },
      { target: recorder.target, ok: true, certificates: [{ ok: true }] },
      { target: 'hook:deploy-staples', ok: false, error: { message: expect.stringMatching(message) as string } },
    ]);
    expect(result.stderr).toMatch(/^restaple: reload failed hook:deploy-staples: /m);
    expect(existsSync(scene.folder.at('finished'))).toBe(true);
    expect(recorder.runs()).toBe(1);
  });

  it('and answers with anything is not taken for the built-in one', async () => {
    const env = plugIn("export default async function () { return [{ target: 'mine', ok: false }, null]; }\n");
    const result = await fetchAndReload([site.certificate], { env });
    expect(result).toMatchObject({ exitCode: 0, reload: [] });
  });

  it('hears of what generate signs', async () => {
    const env = plugIn(listener());
    const flags = [
      ...['--ca-cert', scene.folder.write('ca.pem', scene.authority.certificate.pem)],
      ...['--ca-key', scene.folder.write('ca.key', scene.authority.keyPem, 0o600)],
    ];
    const result = await runRestaple(['generate', ...flags, site.certificate], { env });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(heard()).toMatchObject([{ certificate: site.certificate }]);
  });
});
