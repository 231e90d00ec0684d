import type { Config } from '@oclif/core';
import { OcspError } from '../../core/index.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { formatTime } from '../../core/time.js';
import { forgetTold, staplesToTell, type AnnounceTools } from '../../pipeline/reload/announce.js';
import { confirmPlacesFrom, type ConfirmPlace } from '../../pipeline/reload/confirm-place.js';
import { confirmPlace } from '../../pipeline/reload/confirm.js';
import type { StapleToPush, TargetResult } from '../../servers/reload-result.js';
import { parseReloadTarget, type ReloadTarget } from '../../servers/reload-target.js';
import { announceToolsFrom, type AnnounceSettings } from './announce-setup.js';
import { exitCodes, type ExitCode } from '../exit/exit-code.js';
import type { Output } from '../output.js';
import type { AnnounceFlags } from '../flags/reload-flags.js';
import { sayTargetResult } from './reload-lines.js';
import type { UpdatedHookOptions, UpdatedStaple } from './updated-hook.js';
import { definedOnly } from '../../core/defined-only.js';

/** Gathers the staples of a run, tells the reload targets once at its end, and proves what --confirm asks for. */
export interface Announcer {
  /** A good staple that is on disk by now. */
  take(staple: StapleToPush): Promise<void>;
  /** Tells, proves, and reports; the results in the order of the flags. Throws OcspError `interrupted`. */
  finish(): Promise<readonly TargetResult[]>;
  /** Whether anybody has to be told at all, so that staples need to be taken. */
  readonly isNeeded: boolean;
}

/** 10 when a target failed or a handshake showed another staple. */
export function exitCodeOfTargets(results: readonly TargetResult[]): ExitCode {
  return results.every(({ ok }) => ok) ? exitCodes.success : exitCodes.reloadFailed;
}

/** Throws OcspError for a malformed target or place and for a dnsdist key that cannot be had: before any traffic. */
export function createAnnouncer(
  config: Config,
  flags: AnnounceFlags & { readonly reload: readonly string[]; readonly at?: Date | undefined },
  certificates: () => readonly FilePath[],
  signal: AbortSignal,
  output: Output,
): Announcer {
  const targets = [...new Set(flags.reload)].map(parseReloadTarget);
  const places = confirmPlacesFrom(flags.confirm, certificates);
  const tools = announceToolsFrom(settingsFrom(flags), signal, (line) => output.warn(line));
  requireKey(targets, tools);
  const staples: StapleToPush[] = [];
  const isNeeded = targets.length > 0 || places.length > 0 || hasOtherSubscribers(config);
  return {
    isNeeded,
    async take(staple) {
      // Of a large fleet only those are kept that somebody has to hear of.
      if (places.length > 0 || staple.isChanged || (await isPending(staple, targets))) staples.push(staple);
    },
    async finish() {
      // They came as they settled; targets hear of them in the order in which they were named.
      sortAsNamed(staples, certificates());
      const told = await raiseUpdated(config, { staples, targets, tools });
      // Where every target failed, waiting for a reload is of no use.
      const isPatient =
        targets.length === 0
          ? staples.some(({ isChanged }) => isChanged)
          : told.some(({ ok, certificates: taken }) => ok && taken.length > 0);
      const confirmed: TargetResult[] = [];
      for (const place of places) confirmed.push(await prove(place, { staples, targets, tools }, isPatient));
      const results = [...told, ...confirmed];
      for (const result of results) sayTargetResult(output, result);
      return results;
    },
  };
}

function sortAsNamed(staples: StapleToPush[], certificates: readonly FilePath[]): void {
  if (staples.length < 2) return;
  const order = new Map(certificates.map((path, index) => [path, index]));
  const orderOf = ({ certificatePath }: StapleToPush): number => order.get(certificatePath) ?? order.size;
  staples.sort((a, b) => orderOf(a) - orderOf(b));
}

/** The settings of these flags, as plain data. */
export function settingsFrom(flags: AnnounceFlags & { readonly at?: Date | undefined }): AnnounceSettings {
  const { 'dnsdist-key-file': keyFile, at } = flags;
  return definedOnly({
    dnsdistKeyFile: keyFile,
    now: at,
    timeoutMilliseconds: flags['reload-timeout'],
  });
}

/** A missing key is found out before a staple is written that nobody could then be told of. Throws OcspError. */
export function requireKey(targets: readonly ReloadTarget[], tools: AnnounceTools): void {
  if (targets.some(({ kind }) => kind === 'dnsdist')) tools.dnsdistKey();
}

async function isPending(staple: StapleToPush, targets: readonly ReloadTarget[]): Promise<boolean> {
  for (const target of targets) if ((await staplesToTell([staple], target)).length > 0) return true;
  return false;
}

function hasOtherSubscribers(config: Config): boolean {
  return [...config.plugins.values()].some(
    (plugin) => plugin.name !== config.name && plugin.hooks['updated'] !== undefined,
  );
}

/** Raises oclif's hook `updated`; the built-in subscriber answers with what became of each target. */
async function raiseUpdated(config: Config, options: Omit<UpdatedHookOptions, 'updated'>): Promise<TargetResult[]> {
  const changed = options.staples.filter(({ isChanged }) => isChanged);
  if (changed.length === 0 && options.targets.length === 0) return [];
  // Errors are captured, so that a plug-in that calls this.exit() does not end the run while others are still told.
  const { successes, failures } = await config.runHook(
    'updated',
    { ...options, updated: changed.map(describe) },
    undefined,
    true,
  );
  const own = successes.find(({ plugin }) => plugin.name === config.name)?.result as
    readonly TargetResult[] | undefined;
  return [...(own ?? []), ...failures.map(({ error, plugin }) => failureOf(error, plugin.name, config.name))];
}

function describe({ certificatePath, staplePath, certId, nextUpdate }: StapleToPush): UpdatedStaple {
  return {
    certificate: shownPath(certificatePath),
    staple: shownPath(staplePath),
    serialNumber: certId.serialNumber,
    nextUpdate: formatTime(nextUpdate),
  };
}

/** An error in the built-in subscriber ends the run; in a plug-in it is a failed target named after that. */
function failureOf(error: unknown, plugin: string, ownName: string): TargetResult {
  if (plugin === ownName) throw error;
  const message = error instanceof Error ? error.message : String(error);
  const trouble = {
    code: 'command-failed',
    message: `the plug-in failed: ${message}`,
    hint: `see the plug-in ${plugin}; the staples are stored, and it is not told of them again`,
  } as const;
  return { target: `hook:${plugin}`, ok: false, certificates: [], milliseconds: 0, error: trouble };
}

async function prove(
  place: ConfirmPlace,
  { staples, targets, tools }: Omit<UpdatedHookOptions, 'updated'>,
  isPatient: boolean,
): Promise<TargetResult> {
  const result = await confirmPlace(place, staples, tools.limits, () => tools.now(), isPatient);
  for (const { certificatePath, ok } of result.certificates) {
    const staple = staples.find((one) => one.certificatePath === certificatePath);
    // What the server does not send, the targets have to be told again by the next run.
    if (!ok && staple !== undefined) await forget(staple, targets, tools);
  }
  return result;
}

async function forget(staple: StapleToPush, targets: readonly ReloadTarget[], tools: AnnounceTools): Promise<void> {
  try {
    await forgetTold(staple, targets, tools.ownProcess);
  } catch (error) {
    // Where the record cannot be written, the failed proof is still told, and by every run.
    if (!(error instanceof OcspError)) throw error;
  }
}
