import { createHash } from 'node:crypto';
import { OcspError } from '../core/index.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { jsonFieldsIn } from './json-fields.js';
import type { OwnProcess } from './lock-holder.js';
import { readStaple } from './staple-file.js';
import { reloadRecordPath } from './staple-path.js';
import type { StapleTarget } from './staple-target.js';
import { unsafe } from './store-error.js';
import { replaceFile } from './replace-file.js';

/**
 * Which reload targets took which staple, kept as a dot file beside it: SHA-256 of the staple by target. It is written
 * only after a target succeeded, so that whatever ends a run before that (a failed target, a crash between rename and
 * reload) makes the next run tell the target again.
 */
export type ReloadRecord = Readonly<Record<string, string>>;

/** Targets remembered for one staple; the oldest go first. */
const maximumTargets = 32;

/** The record beside a staple; empty where there is none or it cannot be read: then every target is told once more. */
export async function readReloadRecord(staple: FilePath): Promise<ReloadRecord> {
  try {
    const found = await readStaple(reloadRecordPath(staple));
    return found.state === 'present' ? parseRecord(found.bytes) : {};
  } catch (error) {
    if (error instanceof OcspError) return {};
    throw error;
  }
}

/** Of a target that took a staple: whether it has it after its next restart, too. */
export type Taking = 'kept' | 'until-restart';

/** Whether this target took these very bytes before, and for how long. */
export function takingOf(record: ReloadRecord, target: string, stapleBytes: Uint8Array): Taking | undefined {
  const digest = stapleDigest(stapleBytes);
  if (record[target] === digest) return 'kept';
  return record[target] === `${digest}${untilRestart}` ? 'until-restart' : undefined;
}

/** Follows the digest of a staple that a restart of its target loses. */
const untilRestart = ' until restart';

/**
 * Remembers that targets took these bytes, or with `undefined` that they have to be told again.
 *
 * @throws OcspError `staple-unwritable`, `staple-unsafe`, `staple-locked`
 */
export async function updateReloadRecord(
  staple: FilePath,
  targets: readonly string[],
  stapleBytes: Uint8Array | undefined,
  ownProcess: OwnProcess,
  taking: Taking = 'kept',
): Promise<void> {
  const before = await readReloadRecord(staple);
  const others = Object.entries(before).filter(([target]) => !targets.includes(target));
  const end = taking === 'kept' ? '' : untilRestart;
  const told =
    stapleBytes === undefined ? [] : targets.map((target) => [target, `${stapleDigest(stapleBytes)}${end}`] as const);
  const record = Object.fromEntries([...others, ...told].slice(-maximumTargets));
  await replaceFile({
    path: reloadRecordPath(staple),
    kind: 'record',
    pieces: [`${JSON.stringify(record)}\n`],
    ownProcess,
    decide: () => 'write',
    judgeLinked: refuseLink,
    // Lost in a crash, it only costs one more reload.
    durable: false,
  });
}

/** Nobody has a reason to make a link of it. */
function refuseLink({ link, path }: StapleTarget): void {
  if (link !== undefined) throw unsafe(path, `its record ${shownPath(link)} is a symbolic link`, 'remove the link');
}

function stapleDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function parseRecord(bytes: Uint8Array): ReloadRecord {
  const entries = Object.entries(jsonFieldsIn(bytes));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
