import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { startRestaple, type RunResult } from '../support/run-program.js';
import { bundleOf, withScene, withUsual } from './support/fetch-scene.js';

describe.each(['stdout', 'stderr'] as const)('a run whose %s nobody reads any more', (stream) => {
  it('does all its work, and ends with its own exit code', async () => {
    await withScene(async ({ authority, responder, folder }) => {
      responder.routes.set('/broken', ({ response }) => {
        response.writeHead(500).end();
      });
      const paths = Array.from({ length: 8 }, (_, index) => {
        // One in two fails, so that there is something to say on either stream from the beginning on.
        const ocspUris = [index % 2 === 0 ? `${responder.url}/broken` : responder.url];
        return folder.write(`${index}.pem`, bundleOf(authority.issue({ ocspUris }), authority));
      });
      const words = ['--json', '--concurrency', '1', '--per-responder', '1', ...paths];
      const running = startRestaple(withUsual(words), { timeoutMilliseconds: 60_000 });
      running.process[stream]!.destroy();
      expect((await running.result).exitCode).toBe(7);
      expect(paths.map((path) => existsSync(`${path}.ocsp`))).toEqual(paths.map((_, index) => index % 2 === 1));
    });
  });
});

describe('a run that only prints', () => {
  const printing: readonly (readonly string[])[] = [['--help'], ['uri', '--help'], ['--version']];

  it.each(printing)('ends with 0 although nobody reads: %s', async (...words) => {
    const running = startRestaple(words);
    running.process.stdout!.destroy();
    expect(await running.result).toMatchObject({ exitCode: 0, stderr: '' } satisfies Partial<RunResult>);
  });
});
