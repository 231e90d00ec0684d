import { OcspError } from '../../core/index.js';
import { passingOver, type StapleToPush, type TargetResult } from '../../servers/reload-result.js';
import { tellTarget, type ReloadTarget } from '../../servers/reload-target.js';
import type { ServerTools } from '../../servers/server.js';
import type { OwnProcess } from '../../store/lock-holder.js';
import type { ConfirmPlace } from './confirm-place.js';
import { askedByHandshake, proveByHandshake, type BeforeProof } from './prove-by-handshake.js';
import { readReloadRecord, takingOf, updateReloadRecord, type Taking } from '../../store/reload-record.js';

/** What telling targets and remembering it needs from outside. */
export interface TellTools extends ServerTools {
  readonly ownProcess: OwnProcess;
  /** What the servers of --confirm speak before TLS. */
  readonly starttls?: 'smtp' | 'imap';
}

/** A target, and the staples that it is to have. */
export interface TargetTask {
  readonly target: ReloadTarget;
  readonly staples: readonly StapleToPush[];
  /** Whether nobody said of this certificate in particular that the target has it. */
  readonly mayPassOver: (staple: StapleToPush) => boolean;
}

/**
 * Tells each target of the staples that it has not taken yet: those that changed, and those whose last reload did not
 * succeed or never came to pass. A failed target does not stop the others and never undoes a write.
 *
 * @returns one result per target, in their order
 * @throws OcspError `interrupted`, `usage`
 */
export async function tellTargets(tasks: readonly TargetTask[], tools: TellTools): Promise<TargetResult[]> {
  const results: TargetResult[] = [];
  for (const { target, staples, mayPassOver } of tasks) {
    const pending = await staplesToTell(staples, target);
    results.push(
      pending.length === 0 ? nothingToTell(target) : await tellAndRemember(target, pending, tools, mayPassOver),
    );
  }
  return results;
}

/** The staples that this target has not taken yet, and those that it loses with a restart, which may have been since. */
export async function staplesToTell(staples: readonly StapleToPush[], target: ReloadTarget): Promise<StapleToPush[]> {
  const takings = await takingsOf(staples, target);
  return staples.filter((_, index) => takings[index] !== 'kept');
}

function takingsOf(staples: readonly StapleToPush[], target: ReloadTarget): Promise<(Taking | undefined)[]> {
  return Promise.all(
    staples.map(async ({ staplePath, bytes }) => takingOf(await readReloadRecord(staplePath), target.text, bytes)),
  );
}

/** Tells one target of these staples, whatever it was told before, and remembers which of them it took. */
export async function tellAndRemember(
  target: ReloadTarget,
  verified: readonly StapleToPush[],
  tools: TellTools,
  mayPassOver: TargetTask['mayPassOver'] = () => false,
): Promise<TargetResult> {
  const takings = await takingsOf(verified, target);
  const staples = verified.map((staple, index) => ({ ...staple, isChanged: takings[index] === undefined }));
  const told = await askedByHandshake(await tellTarget(target, staples, tools), staples, tools);
  const result = markingRepeated(passingOver(told, staples, mayPassOver), takings);
  for (const [index, { staplePath, bytes }] of staples.entries()) {
    const { ok, code } = result.certificates[index] ?? {};
    // Once the server has the certificate, or its own fetching fails, it has to be told.
    if (ok !== true || code === 'not-served' || code === 'left-alone') continue;
    try {
      const taking = code === 'gone-with-reload' ? 'until-restart' : 'kept';
      await updateReloadRecord(staplePath, [target.text], bytes, tools.ownProcess, taking);
    } catch (error) {
      // Not remembered, the target is told once more by the next run, which does no harm.
      if (!(error instanceof OcspError)) throw error;
    }
  }
  return result;
}

/** A staple that the target loses with each restart is worth a warning when it is set, not in every run. */
function markingRepeated(result: TargetResult, takings: readonly (Taking | undefined)[]): TargetResult {
  const certificates = result.certificates.map((one, index) => {
    const isRepeated = one.code === 'gone-with-reload' && takings[index] === 'until-restart';
    return isRepeated ? { ...one, wasSaidBefore: true as const } : one;
  });
  return { ...result, certificates };
}

/** The result of a target for which there is no staple. */
export function nothingToTell({ text }: ReloadTarget): TargetResult {
  return { target: text, ok: true, certificates: [], milliseconds: 0 };
}

/**
 * {@link proveByHandshake}; what the server does not send, its targets are told again by the next run.
 *
 * @throws OcspError `interrupted`
 */
export async function proveOrForget(
  place: ConfirmPlace,
  staples: readonly StapleToPush[],
  targets: readonly ReloadTarget[],
  tools: TellTools,
  before: BeforeProof,
): Promise<TargetResult> {
  const result = await proveByHandshake(place, staples, tools, before);
  for (const { certificatePath, ok } of result.certificates) {
    const staple = staples.find((one) => one.certificatePath === certificatePath);
    if (ok || staple === undefined) continue;
    try {
      await forgetTold(staple, targets, tools.ownProcess);
    } catch (error) {
      // Where the record cannot be written, the failed proof is still told, and by every run.
      if (!(error instanceof OcspError)) throw error;
    }
  }
  return result;
}

async function forgetTold(
  { staplePath }: StapleToPush,
  targets: readonly ReloadTarget[],
  ownProcess: OwnProcess,
): Promise<void> {
  const record = await readReloadRecord(staplePath);
  const texts = targets.map(({ text }) => text).filter((text) => text in record);
  if (texts.length > 0) await updateReloadRecord(staplePath, texts, undefined, ownProcess);
}
