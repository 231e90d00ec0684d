import { OcspError } from '../../core/index.js';
import type { Shard } from '../../core/shard.js';

/** More parts than that are a typing error. */
const mostShards = 10_000;

/** `I/N` with 0 <= I < N <= 10000; undefined for anything else. */
export function parseShard(text: string): Shard | undefined {
  const match = /^(\d{1,5})\/(\d{1,5})$/.exec(text.trim());
  if (match === null) return undefined;
  const shard = { index: Number(match[1]), count: Number(match[2]) };
  return shard.index < shard.count && shard.count <= mostShards ? shard : undefined;
}

/**
 * The shard of this run: the flag; else RESTAPLE_SHARD, `I/N`; else JOB_COMPLETION_INDEX, which Kubernetes gives each
 * pod of an indexed job, with RESTAPLE_SHARD_COUNT; undefined, the whole fleet, where none of these is set. An index
 * without a count says nothing: a job may be indexed for reasons of its own. Empty variables count as not set.
 *
 * @throws OcspError `usage` for a variable that is not a shard, and for a count without an index
 */
export function shardFrom(
  flag: Shard | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Shard | undefined {
  if (flag !== undefined) return flag;
  const own = environment['RESTAPLE_SHARD'] ?? '';
  if (own !== '') return parseShard(own) ?? refuse(`RESTAPLE_SHARD: "${own}" is not ${shardForm}`);
  const count = environment['RESTAPLE_SHARD_COUNT'] ?? '';
  if (count === '') return undefined;
  const index = environment['JOB_COMPLETION_INDEX'] ?? '';
  if (index === '') return refuse('RESTAPLE_SHARD_COUNT is set without JOB_COMPLETION_INDEX, so which shard is this?');
  return (
    parseShard(`${index}/${count}`) ??
    refuse(`JOB_COMPLETION_INDEX "${index}" of RESTAPLE_SHARD_COUNT "${count}" is not ${shardForm}`)
  );
}

/** What a shard looks like, for messages. */
export const shardForm = `a shard I/N with I from 0 to N-1 and N at most ${mostShards}`;

function refuse(message: string): never {
  const hint =
    'RESTAPLE_SHARD=0/4 is the first of four shards; in a Kubernetes job set completionMode: Indexed and ' +
    'RESTAPLE_SHARD_COUNT to its completions';
  throw new OcspError('usage', message, hint);
}
