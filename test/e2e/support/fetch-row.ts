import { afterAll, describe, expect, it } from 'vitest';

import type { RunOptions } from '../../support/run-program.js';
import {
  fetchJson,
  snapshot,
  storeStaple,
  withScenes,
  type FetchRecord,
  type FetchResult,
  type Scene,
  type SceneOptions,
} from './fetch-scene.js';

/** A fetch that must not change anything, and how it ends. */
export interface Row extends SceneOptions {
  /** A sentence of behaviour without its end: `a responder that is down`. */
  readonly title: string;
  /** Breaks what the row is about. */
  readonly arrange?: (scene: Scene) => unknown;
  readonly flags?: readonly string[];
  /** Flags and files that have to name something of the scene. */
  readonly flagsOf?: (scene: Scene) => readonly string[];
  readonly user?: Pick<RunOptions, 'uid' | 'gid'>;
  readonly exitCode: number;
  readonly outcome: string;
  readonly code: string;
  readonly message: RegExp;
  readonly hint: RegExp;
  /** A good staple on disk softens it to `kept` and exit 0. */
  readonly isSoftened?: boolean;
  /** The row is about a stored staple, which its arrangement stores: there is no run without. */
  readonly isAlwaysStored?: boolean;
  /** The verdict on a good staple on disk; default good, null where the certificate itself cannot be read or its issuer is missing. */
  readonly verdictOfStored?: 'good' | null;
}

/**
 * The row with nothing stored, with a good staple stored, and where that softens it with --strict too.
 *
 * Of the rows of a file with one outcome and error code, from which the exit code follows, the first has a process of
 * its own with nothing stored; everything else shares a process with the rows that have the same flags and exit code.
 */
export function testRow(row: Row): void {
  // The next file has rows of its own.
  if (known.size === 0) afterAll(forgetRows);
  const isFirst = !known.has(`${row.outcome} ${row.code}`);
  known.add(`${row.outcome} ${row.code}`);
  describe(row.title, () => {
    if (row.isAlwaysStored !== true) {
      testRun(`ends with exit ${row.exitCode} and writes nothing without a stored staple`, {
        row,
        stored: 'nothing',
        exitCode: row.exitCode,
        more: [],
        isAlone: isFirst,
      });
    }
    const stored = { row, stored: 'good staple', isAlone: false } as const;
    if (row.isSoftened !== true) {
      const title = `ends with exit ${row.exitCode} and leaves a good staple alone`;
      testRun(title, { ...stored, exitCode: row.exitCode, more: ['--force'] });
      return;
    }
    testRun('keeps a good staple with exit 0', { ...stored, exitCode: 0, more: ['--force'] });
    const title = `keeps a good staple and ends with exit ${row.exitCode} under --strict`;
    testRun(title, { ...stored, exitCode: row.exitCode, more: ['--force', '--strict'] });
  });
}

const known = new Set<string>();

/** A fetch of a row's certificate. */
interface Run {
  readonly row: Row;
  readonly stored: 'nothing' | 'good staple';
  readonly more: readonly string[];
  readonly exitCode: number;
  readonly isAlone: boolean;
}

/** What came of it: the certificate's own part of what the program said. */
interface Fetched {
  readonly certificate: string;
  readonly staple: string;
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly record: FetchRecord;
}

/** Runs that share a process, which the first of their tests starts. */
interface Group {
  readonly runs: Run[];
  fetched?: Promise<ReadonlyMap<Run, Fetched>>;
}

const groups = new Map<string, Group>();

function forgetRows(): void {
  known.clear();
  groups.clear();
}

function testRun(title: string, run: Run): void {
  const { row, stored, more, exitCode } = run;
  const group = groupOf(run);
  group.runs.push(run);
  it(
    title,
    async () => {
      group.fetched ??= fetchGroup(group.runs);
      const fetched = (await group.fetched).get(run)!;
      expect(fetched.exitCode).toBe(exitCode);
      expect(fetched.after).toEqual(fetched.before);
      if (row.isSoftened === true && stored === 'good staple') expectKept(fetched, row);
      else expectTrouble(fetched, row);
      const verdict = stored === 'nothing' ? null : row.verdictOfStored === undefined ? 'good' : row.verdictOfStored;
      expect(fetched.record).toMatchObject({ certificate: fetched.certificate, written: false, verdict });
      // With more time than a run alone: whoever comes first waits for the others of the group.
    },
    60_000,
  );

  function groupOf({ isAlone }: Run): Group {
    // Flags that name something of one scene, and another user, are for one certificate.
    if (isAlone || row.flagsOf !== undefined || row.user !== undefined) return { runs: [] };
    const key = JSON.stringify([row.flags, stored, more, exitCode]);
    const known = groups.get(key) ?? { runs: [] };
    groups.set(key, known);
    return known;
  }
}

/** Fetches the certificates of these runs in one process. */
async function fetchGroup(runs: readonly Run[]): Promise<ReadonlyMap<Run, Fetched>> {
  return await withScenes(
    runs.map(({ row }) => row),
    async (scenes) => {
      const before: Record<string, string>[] = [];
      for (const [index, { row, stored }] of runs.entries()) {
        const scene = scenes[index]!;
        if (stored === 'good staple') storeStaple(scene);
        await row.arrange?.(scene);
        before.push(snapshot(scene.folder.path));
      }
      const { row, more } = runs[0]!;
      const flags = [...new Set([...(row.flags ?? []), ...(row.flagsOf?.(scenes[0]!) ?? []), ...more])];
      const result = await fetchJson([...flags, ...scenes.map(({ certificate }) => certificate)], row.user);
      expectSummary(result, runs.length);
      const talk = result.stderr.split(/^(?=restaple: )/m);
      const isOfScene = (one: string): boolean => scenes.some(({ certificate }) => one.includes(certificate));
      expect(talk.filter((one) => !isOfScene(one))).toEqual(sumOf(runs.length, result.exitCode));
      const fetched = runs.map((run, index): [Run, Fetched] => {
        const { certificate, staple, folder } = scenes[index]!;
        const record = result.records.find((one) => one.certificate === certificate)!;
        const stderr = talk.filter((one) => one.split('\n')[0]!.includes(certificate)).join('');
        const after = snapshot(folder.path);
        return [run, { certificate, staple, before: before[index]!, after, exitCode: result.exitCode, stderr, record }];
      });
      return new Map(fetched);
    },
  );
}

/** The last line on stderr, where all of several certificates failed. */
function sumOf(total: number, exitCode: number | null): unknown[] {
  if (total === 1 || exitCode === 0) return [];
  const line = `^restaple: ${total} of ${total} certificates failed \\([^)]+\\); gravest exit ${String(exitCode)}\n$`;
  return [expect.stringMatching(new RegExp(line))];
}

function expectSummary({ records, summary }: FetchResult, total: number): void {
  expect(records).toHaveLength(total);
  const outcomes = records.map(({ outcome }) => outcome);
  const counted = outcomes.map((name): [string, number] => [name, outcomes.filter((one) => one === name).length]);
  expect(summary).toMatchObject({ total, ...Object.fromEntries(counted) });
}

function expectTrouble({ record, stderr, certificate }: Fetched, row: Row): void {
  expect({ outcome: record.outcome, code: record.error?.code }).toEqual({ outcome: row.outcome, code: row.code });
  expectErrorTexts(record, row);
  const [first, ...rest] = stderr.split('\n');
  expect(first).toMatch(new RegExp(`^restaple: ${row.outcome === 'no-responder' ? 'no responder' : row.outcome} `));
  expect(first).toContain(certificate);
  expect(first).toContain(escaped(record.error?.message));
  expect(rest.join('\n')).toContain(`  hint: ${escaped(record.error?.hint)}\n`);
}

function expectKept({ record, stderr, staple }: Fetched, row: Row): void {
  expect({ outcome: record.outcome, code: record.error?.code }).toEqual({ outcome: 'kept', code: row.code });
  expectErrorTexts(record, row);
  expect(stderr).toMatch(new RegExp(`^restaple: kept ${staple.replaceAll('.', '\\.')} \\(good until .*\\): `));
  expect(stderr.split('\n')[0]).toContain(escaped(record.error?.message));
}

function expectErrorTexts({ error }: FetchRecord, row: Row): void {
  expect(error?.message).toMatch(row.message);
  expect(error?.hint).toMatch(row.hint);
}

function escaped(text = ''): string {
  // eslint-disable-next-line no-control-regex -- what a terminal would act on
  return text.replace(/[\u0000-\u001f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
