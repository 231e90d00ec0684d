import { describe, expect, it } from 'vitest';

import type { RunOptions } from '../../support/run-program.js';
import {
  fetchSite,
  snapshot,
  storeStaple,
  withScene,
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

/** The row with nothing stored, with a good staple stored, and where that softens it with --strict too. */
export function testRow(row: Row): void {
  describe(row.title, () => {
    if (row.isAlwaysStored !== true) {
      it(`ends with exit ${row.exitCode} and writes nothing without a stored staple`, async () => {
        await run(row, 'nothing', []);
      });
    }
    const kept =
      row.isSoftened === true
        ? 'keeps a good staple with exit 0'
        : `ends with exit ${row.exitCode} and leaves a good staple alone`;
    it(kept, async () => {
      await run(row, 'good staple', ['--force']);
    });
    if (row.isSoftened !== true) return;
    it(`keeps a good staple and ends with exit ${row.exitCode} under --strict`, async () => {
      await run(row, 'good staple', ['--force', '--strict']);
    });
  });
}

async function run(row: Row, stored: 'nothing' | 'good staple', more: readonly string[]): Promise<void> {
  await withScene(async (scene) => {
    if (stored === 'good staple') storeStaple(scene);
    await row.arrange?.(scene);
    const before = snapshot(scene.folder.path);
    const flags = [...new Set([...(row.flags ?? []), ...(row.flagsOf?.(scene) ?? []), ...more])];
    const result = await fetchSite(scene, flags, row.user);
    expect(snapshot(scene.folder.path)).toEqual(before);
    const isKept = row.isSoftened === true && stored === 'good staple';
    if (isKept) expectKept(result, row, scene, more.includes('--strict'));
    else expectTrouble(result, row, scene);
    const verdict = stored === 'nothing' ? null : row.verdictOfStored === undefined ? 'good' : row.verdictOfStored;
    expect(result.record).toMatchObject({ certificate: scene.certificate, written: false, verdict });
    expect(result.summary).toMatchObject({ total: 1, [result.record.outcome]: 1 });
  }, row);
}

function expectTrouble({ record, stderr, exitCode }: FetchResult, row: Row, scene: Scene): void {
  expect({ exitCode, outcome: record.outcome, code: record.error?.code }).toEqual({
    exitCode: row.exitCode,
    outcome: row.outcome,
    code: row.code,
  });
  expectErrorTexts(record, row);
  const [first, ...rest] = stderr.split('\n');
  expect(first).toMatch(new RegExp(`^restaple: ${row.outcome === 'no-responder' ? 'no responder' : row.outcome} `));
  expect(first).toContain(scene.certificate);
  expect(first).toContain(escaped(record.error?.message));
  expect(rest.join('\n')).toContain(`  hint: ${escaped(record.error?.hint)}\n`);
}

function expectKept({ record, stderr, exitCode }: FetchResult, row: Row, scene: Scene, isStrict: boolean): void {
  expect({ exitCode, outcome: record.outcome, code: record.error?.code }).toEqual({
    exitCode: isStrict ? row.exitCode : 0,
    outcome: 'kept',
    code: row.code,
  });
  expectErrorTexts(record, row);
  expect(stderr).toMatch(new RegExp(`^restaple: kept ${scene.staple.replaceAll('.', '\\.')} \\(good until .*\\): `));
  expect(stderr.split('\n')[0]).toContain(escaped(record.error?.message));
}

function expectErrorTexts({ error }: FetchResult['record'], row: Row): void {
  expect(error?.message).toMatch(row.message);
  expect(error?.hint).toMatch(row.hint);
}

function escaped(text = ''): string {
  // eslint-disable-next-line no-control-regex -- what a terminal would act on
  return text.replace(/[\u0000-\u001f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
