import { OcspError } from '../../core/index.js';
import { reloadDnsdist } from '../../servers/dnsdist/dnsdist.js';
import { reloadByCommand } from '../../servers/exec-target.js';
import { pushToHaproxy } from '../../servers/haproxy/haproxy.js';
import type { ReloadLimits, StapleToPush, TargetResult } from '../../servers/reload-result.js';
import type { ReloadTarget } from '../../servers/reload-target.js';
import type { CommandEnvironment } from '../../servers/run-command.js';
import { reloadBySignal, type SignalSurroundings } from '../../servers/signal/signal-target.js';
import { reloadSystemdUnit } from '../../servers/systemd-target.js';
import type { OwnProcess } from '../../store/lock-holder.js';
import { readReloadRecord, updateReloadRecord, wasTold } from '../../store/reload-record.js';

/** What telling a target needs from outside. */
export interface AnnounceTools {
  readonly limits: ReloadLimits;
  readonly environment: CommandEnvironment;
  readonly ownProcess: OwnProcess;
  readonly sendSignal: SignalSurroundings['sendSignal'];
  /** The dnsdist console key; asked for only where such a target is told. Throws OcspError. */
  dnsdistKey(): Uint8Array;
  now(): Date;
  randomBytes(count: number): Uint8Array;
}

/**
 * Tells each target of the staples that it has not taken yet: those that changed, and those whose last reload did not
 * succeed or never came to pass. A failed target does not stop the others and never undoes a write.
 *
 * @returns one result a target, in their order
 * @throws OcspError `interrupted`, `usage`
 */
export async function announce(
  staples: readonly StapleToPush[],
  targets: readonly ReloadTarget[],
  tools: AnnounceTools,
): Promise<TargetResult[]> {
  const results: TargetResult[] = [];
  for (const target of targets) {
    const pending = await staplesToTell(staples, target);
    results.push(pending.length === 0 ? nothingToTell(target) : await announceTo(target, pending, tools));
  }
  return results;
}

/** The staples that this target has not taken yet. */
export async function staplesToTell(staples: readonly StapleToPush[], target: ReloadTarget): Promise<StapleToPush[]> {
  const told = await Promise.all(
    staples.map(async ({ staplePath, bytes }) => wasTold(await readReloadRecord(staplePath), target.text, bytes)),
  );
  return staples.filter((_, index) => told[index] !== true).map((staple) => ({ ...staple, isChanged: true }));
}

/** Tells one target of these staples, whatever it was told before, and remembers which of them it took. */
export async function announceTo(
  target: ReloadTarget,
  staples: readonly StapleToPush[],
  tools: AnnounceTools,
): Promise<TargetResult> {
  const result = await drive(target, staples, tools);
  for (const [index, { staplePath, bytes }] of staples.entries()) {
    if (result.certificates[index]?.ok !== true) continue;
    try {
      await updateReloadRecord(staplePath, [target.text], bytes, tools.ownProcess);
    } catch (error) {
      // Not remembered, the target is told once more by the next run, which does no harm.
      if (!(error instanceof OcspError)) throw error;
    }
  }
  return result;
}

function nothingToTell(target: ReloadTarget): TargetResult {
  return { target: target.text, ok: true, certificates: [], milliseconds: 0 };
}

async function drive(
  target: ReloadTarget,
  staples: readonly StapleToPush[],
  tools: AnnounceTools,
): Promise<TargetResult> {
  const { limits, environment, ownProcess, sendSignal } = tools;
  switch (target.kind) {
    case 'haproxy':
      return await pushToHaproxy(target, staples, limits, tools.now());
    case 'dnsdist': {
      const surroundings = { now: tools.now(), randomBytes: (count: number) => tools.randomBytes(count) };
      return await reloadDnsdist(target, staples, tools.dnsdistKey(), limits, surroundings);
    }
    case 'nginx':
    case 'hitch':
    case 'lighttpd':
      return reloadBySignal(target, staples, { sendSignal, effectiveUserId: ownProcess.effectiveUserId });
    case 'systemd':
      return await reloadSystemdUnit(target, staples, environment, limits);
    case 'exec':
      return await reloadByCommand(target, staples, environment, limits);
  }
}

/**
 * Makes the next run tell every target of this staple again, as after a handshake that showed another one.
 *
 * @throws OcspError of kind store, where the record cannot be written
 */
export async function forgetTold(
  { staplePath }: StapleToPush,
  targets: readonly ReloadTarget[],
  ownProcess: OwnProcess,
): Promise<void> {
  const record = await readReloadRecord(staplePath);
  const texts = targets.map(({ text }) => text).filter((text) => text in record);
  if (texts.length > 0) await updateReloadRecord(staplePath, texts, undefined, ownProcess);
}
