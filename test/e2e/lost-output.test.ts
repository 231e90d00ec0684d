import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { programPath, runCommand, type RunResult } from '../support/run-program.js';
import { bundleOf, storeStaple, withScene, withUsual, type Scene } from './support/fetch-scene.js';

/** Runs restaple with a redirection of the shell, whose own words end the command line. */
function runInto(redirection: string, words: readonly string[]): Promise<RunResult> {
  return runCommand('sh', ['-c', `"$@" ${redirection}`, 'sh', process.execPath, programPath, ...words]);
}

function addSites({ folder, authority, responder }: Scene, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    folder.write(`${index}.pem`, bundleOf(authority.issue({ ocspUris: [responder.url] }), authority)),
  );
}

describe.each(['>/dev/full', '2>/dev/full', '1</dev/null'])('output that cannot be written (%s)', (redirection) => {
  const isOfStderr = redirection.startsWith('2');
  const line = isOfStderr ? /^$/ : /^restaple: stdout could not be written: (?:no space left|EBADF)\n {2}hint: .*\n$/;

  it('never stops the work of fetch, whose exit code is 9', async () => {
    await withScene(async (scene) => {
      const paths = addSites(scene, 5);
      const flags = ['--concurrency', '1', ...(isOfStderr ? ['--verbose'] : []), ...paths];
      const result = await runInto(redirection, withUsual(flags));
      expect(result.exitCode).toBe(9);
      expect(result.stderr).toMatch(line);
      expect(paths.filter((path) => existsSync(`${path}.ocsp`))).toEqual(paths);
      const lines = result.stdout === '' ? [] : result.lines();
      // What cannot be said on stderr is said on stdout, where that is asked for JSON.
      if (isOfStderr) expect(lines.at(-1)).toMatchObject({ error: { code: 'output-unwritable' } });
    });
  });

  it('is exit 9 for what only prints, and what is graver stays so', async () => {
    await withScene(async (scene) => {
      storeStaple(scene);
      const verbose = isOfStderr ? ['--verbose'] : [];
      const printing = [
        ['uri', ...verbose, scene.certificate],
        ['verify', ...verbose, scene.certificate],
        ['inspect', ...verbose, scene.staple],
      ];
      const expected = isOfStderr ? [0, 0, 0] : [9, 9, 9];
      const results = await Promise.all(printing.map((words) => runInto(redirection, words)));
      expect(results.map(({ exitCode }) => exitCode)).toEqual(expected);
      const usage = await runInto(redirection, ['fetch', '--no-such-flag']);
      expect(usage.exitCode).toBe(2);
      expect(usage.stderr).not.toContain('at ');
    });
  });
});

it('is UNKNOWN for a monitor whose line was lost', async () => {
  await withScene(async (scene) => {
    storeStaple(scene);
    expect((await runInto('>/dev/full', ['verify', '--nagios', scene.certificate])).exitCode).toBe(3);
    expect((await runInto('>/dev/full', ['--version'])).exitCode).toBe(9);
    expect((await runInto('>/dev/full', ['fetch', '--help'])).exitCode).toBe(9);
  });
});

it('is as if it had been read where a pipe was closed', async () => {
  await withScene(async (scene) => {
    const paths = addSites(scene, 3);
    const words = ['-c', '{ "$@"; echo $? >&2; } | true', 'sh', process.execPath, programPath];
    const result = await runCommand('sh', [...words, ...withUsual(paths)]);
    expect(result.stderr).toBe('0\n');
    expect(paths.filter((path) => existsSync(`${path}.ocsp`))).toEqual(paths);
  });
});
