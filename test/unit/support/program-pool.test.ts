import { expect, it } from 'vitest';

import { createProgramPool, type PooledResult } from '../../support/program-pool.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';

/** A program that does what its word says, and tells by which process. */
const program = `
import { openSync } from 'node:fs';
export async function main([word]) {
  process.stdout.write(process.pid + '\\n');
  if (word === 'fail') process.exitCode = 5;
  if (word === 'late') setTimeout(() => { process.exitCode = 4; process.stderr.write('late'); }, 50);
  if (word === 'exit') process.exit(6);
  if (word === 'throw') setTimeout(() => { throw new Error('on purpose'); });
  if (word === 'open') openSync('/');
  if (word === 'sink') openSync('/dev/null', 'w');
  if (word === 'never') await new Promise(() => undefined);
  if (word === 'hang') setInterval(() => undefined, 1000);
  if (word === 'listen') process.on('warning', () => undefined).on('SIGUSR2', () => undefined);
  if (word === 'listeners') process.stderr.write(String(process.listenerCount('warning') + process.listenerCount('SIGUSR2')));
  if (word === 'surroundings') {
    let input = '';
    for await (const chunk of process.stdin) input += chunk;
    process.stderr.write([process.cwd(), JSON.stringify(process.env), input].join(' '));
  }
}`;

it('a process runs on as long as nothing of a run is left in it, and ends as a process of its own would', async () => {
  await withTemporaryFolder(async (folder) => {
    const pool = createProgramPool('/program', folder.write('main.mjs', program));
    let pid = '';
    const run = async (word: string, timeoutMilliseconds = 60_000): Promise<PooledResult & { isReused: boolean }> => {
      const surroundings = { cwd: folder.path, env: { A: '1' }, input: 'input' };
      const result = await pool.run({ args: [word], ...surroundings, timeoutMilliseconds });
      const before = pid;
      pid = result.stdoutBytes.toString();
      return { ...result, isReused: pid === before };
    };
    expect(await run('begin')).toMatchObject({ exitCode: 0, signal: null, isReused: false });
    expect(await run('fail')).toMatchObject({ exitCode: 5, isReused: true });
    expect(await run('sink')).toMatchObject({ exitCode: 0, isReused: true });
    expect(await run('late')).toMatchObject({ exitCode: 4, stderrBytes: Buffer.from('late'), isReused: true });
    expect(await run('listeners')).toMatchObject({ exitCode: 0, stderrBytes: Buffer.from('1'), isReused: true });
    expect(await run('listen')).toMatchObject({ exitCode: 0, isReused: true });
    expect(await run('listeners')).toMatchObject({ stderrBytes: Buffer.from('1'), isReused: true });
    const told = Buffer.from(`${folder.path} {"A":"1"} input`);
    expect(await run('surroundings')).toMatchObject({ stderrBytes: told, isReused: true });
    for (const [word, exitCode] of Object.entries({ exit: 6, throw: 1, open: 0, never: 13 })) {
      expect(await run(word), word).toMatchObject({ exitCode, signal: null, timedOut: false, isReused: true });
      expect(await run('after'), word).toMatchObject({ exitCode: 0, isReused: false });
    }
    expect(await run('hang', 1000)).toMatchObject({ exitCode: null, signal: 'SIGKILL', timedOut: true });
    expect(await run('after')).toMatchObject({ exitCode: 0, isReused: false });
  });
});
