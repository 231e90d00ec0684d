import { describe, expect, it } from 'vitest';

import { parseShard, shardFrom } from '../../../../src/cli/flags/shard-value.js';
import { OcspError } from '../../../../src/core/index.js';

describe('a shard', () => {
  it.each([
    ['0/1', 0, 1],
    ['0/4', 0, 4],
    ['3/4', 3, 4],
    ['9999/10000', 9999, 10_000],
    [' 1/2\n', 1, 2],
  ])('is read from %j', (text, index, count) => {
    expect(parseShard(text)).toEqual({ index, count });
  });

  it.each([
    '',
    '4',
    '4/4',
    '5/4',
    '0/0',
    '-1/4',
    '1/-4',
    '0/10001',
    '1.5/4',
    '1e0/4',
    '0x1/4',
    '1/4/8',
    '1 / 4',
    '/4',
    '1/',
  ])('is not read from %j', (text) => {
    expect(parseShard(text)).toBeUndefined();
  });
});

describe('the shard of a run', () => {
  const indexed = { JOB_COMPLETION_INDEX: '2', RESTAPLE_SHARD_COUNT: '5' };

  it('is that of the flag first, then of RESTAPLE_SHARD, then of the indexed job', () => {
    const flag = { index: 1, count: 3 };
    const environment = { ...indexed, RESTAPLE_SHARD: '0/4' };
    expect(shardFrom(flag, environment)).toBe(flag);
    expect(shardFrom(flag, { RESTAPLE_SHARD: 'nonsense' })).toBe(flag);
    expect(shardFrom(undefined, environment)).toEqual({ index: 0, count: 4 });
    expect(shardFrom(undefined, indexed)).toEqual({ index: 2, count: 5 });
  });

  it('is the whole fleet where nothing is set, or a job is indexed for reasons of its own', () => {
    expect(shardFrom(undefined, {})).toBeUndefined();
    expect(shardFrom(undefined, { JOB_COMPLETION_INDEX: '2' })).toBeUndefined();
    const empty = { RESTAPLE_SHARD: '', RESTAPLE_SHARD_COUNT: '', JOB_COMPLETION_INDEX: '2' };
    expect(shardFrom(undefined, empty)).toBeUndefined();
  });

  it.each([
    ['RESTAPLE_SHARD: "4/4"', { RESTAPLE_SHARD: '4/4' }],
    ['JOB_COMPLETION_INDEX "5" of RESTAPLE_SHARD_COUNT "5"', { ...indexed, JOB_COMPLETION_INDEX: '5' }],
    ['RESTAPLE_SHARD_COUNT "five"', { ...indexed, RESTAPLE_SHARD_COUNT: 'five' }],
    ['without JOB_COMPLETION_INDEX', { RESTAPLE_SHARD_COUNT: '5' }],
  ])('is refused: %s', (message, environment) => {
    let error: unknown;
    try {
      shardFrom(undefined, environment);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(OcspError);
    expect(error).toMatchObject({ code: 'usage' });
    expect((error as OcspError).message).toContain(message);
    expect((error as OcspError).hint).toContain('RESTAPLE_SHARD=0/4');
  });
});
