import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import { now, withFleet } from './support/stapled-fleet.js';

/** Has each thread but the first run out of memory over a file of the fleet, and the first one tell which threads were lost. */
const hungryThreads = `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';
if (isMainThread) {
  process.on('worker', (thread) => thread.on('error', ({ code }) => fs.writeSync(2, 'lost: ' + code + '\\n')));
} else {
  const { openSync } = fs;
  const eaten = [];
  fs.openSync = (path, ...rest) => {
    while (String(path).endsWith('.pem')) eaten.push(new Array(100_000).fill({}));
    return openSync(path, ...rest);
  };
  syncBuiltinESMExports();
}
`;

it('a thread that runs out of memory over a file takes no staple with it', async () => {
  await withFleet(async ({ folder, add }) => {
    const names = Array.from({ length: 520 }, (_, index) => add(`site-${index}.pem`, 160));
    const hook = pathToFileURL(folder.write('hungry-threads.mjs', hungryThreads)).href;
    const { exitCode, stderr, lines } = await runRestaple(['fetch', '--json', '--at', now.toISOString(), folder.path], {
      env: { NODE_OPTIONS: `--import ${hook}` },
    });
    const outcomes = lines().filter((line) => 'outcome' in line);
    expect(exitCode).toBe(0);
    expect(outcomes.map(({ certificate, outcome }) => `${String(certificate)} ${String(outcome)}`).sort()).toEqual(
      names.map((name) => `${name} fresh`).sort(),
    );
    // A thread for each processor but one, and no more than two.
    const lost = 'lost: ERR_WORKER_OUT_OF_MEMORY\n';
    expect(stderr).toBe(lost.repeat(Math.min(availableParallelism() - 1, 2)));
  });
});
