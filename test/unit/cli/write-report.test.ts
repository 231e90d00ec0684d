import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import type { ExitCode } from '../../../src/cli/exit/exit-code.js';
import type { Output } from '../../../src/cli/output.js';
import { writeReport } from '../../../src/cli/write-report.js';
import { createMetrics } from '../../../src/pipeline/metrics/metrics.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';
import { ownProcess } from '../store/support.js';

const now = new Date('2026-01-02T00:00:00Z');

async function write(file: string, exitCode: ExitCode): Promise<{ exitCode: ExitCode; said: string[] }> {
  const said: string[] = [];
  const keep = (...words: string[]): void => void said.push(words.join(' / '));
  const output = { say: keep, hint: keep, stderr: { red: (text: string) => text } } as unknown as Output;
  const metrics = createMetrics({ version: '1', started: now, requireOcsp: false });
  const pieces = metrics.finish({ exitCode, now });
  const code = await writeReport({ path: file, kind: 'metrics', pieces }, ownProcess, exitCode, output);
  return { exitCode: code, said };
}

describe('the metrics of a run', () => {
  it('are written in silence, with the exit code of the run, which stays', async () => {
    await withTemporaryFolder(async (folder) => {
      const file = folder.at('restaple.prom');
      expect(await write(file, 7)).toEqual({ exitCode: 7, said: [] });
      expect(readFileSync(file, 'utf8')).toContain('\nrestaple_run_exit_code 7\n');
    });
  });

  it.each<[ExitCode, ExitCode]>([
    [0, 9],
    [7, 7],
    [11, 11],
    [3, 3],
  ])('that cannot be written are heard of, and turn exit %i into %i', async (exitCode, expected) => {
    await withTemporaryFolder(async (folder) => {
      const result = await write(folder.at('nowhere', 'restaple.prom'), exitCode);
      expect(result.exitCode).toBe(expected);
      expect(result.said).toEqual([
        expect.stringMatching(/^cannot write .*restaple\.prom: its folder does not exist.* \/ metrics not written:$/),
        expect.stringMatching(/^create .*nowhere, or choose another place with --metrics$/),
      ]);
    });
  });
});
