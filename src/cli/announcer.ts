import type { Config } from '@oclif/core';
import { OcspError } from '../core/index.js';
import { shownPath } from '../core/file-path.js';
import { formatTime } from '../core/time.js';
import { forgetTold, staplesToTell } from '../pipeline/reload/announce.js';
import { confirmPlace, parseConfirmPlace, type ConfirmPlace } from '../pipeline/reload/confirm.js';
import type { StapleToPush, TargetResult } from '../reload/reload-result.js';
import { parseReloadTarget, type ReloadTarget } from '../reload/reload-target.js';
import type { AnnounceSettings } from './announce-setup.js';
import { exitCodes, type ExitCode } from './exit-code.js';
import { ownProcess } from './fetch-setup.js';
import type { Output } from './output.js';
import type { AnnounceFlags } from './reload-flags.js';
import { sayTargetResult } from './render-reload.js';
import type { UpdatedHookOptions, UpdatedStaple } from './updated-hook.js';

/** Gathers the staples of a run, tells the reload targets once at its end, and proves what --confirm asks for. */
export interface Announcer {
  /** A good staple that is on disk by now. */
  take(staple: StapleToPush): Promise<void>;
  /** Tells, proves, and reports; the results in the order of the flags. */
  finish(): Promise<readonly TargetResult[]>;
  /** Whether anybody has to be told at all, so that staples need to be taken. */
  readonly isNeeded: boolean;
}

/** 10 when a target failed or a handshake showed another staple. */
export function exitCodeOfTargets(results: readonly TargetResult[]): ExitCode {
  return results.every(({ ok }) => ok) ? exitCodes.success : exitCodes.reloadFailed;
}

export function createAnnouncer(
  config: Config,
  flags: AnnounceFlags & { readonly reload: readonly string[]; readonly at?: Date | undefined },
  signal: AbortSignal,
  output: Output,
): Announcer {
  const targets = flags.reload.map(parseReloadTarget);
  const places = flags.confirm.map(parseConfirmPlace);
  const settings = settingsFrom(flags);
  const staples: StapleToPush[] = [];
  const isNeeded = targets.length > 0 || places.length > 0 || hasOtherSubscribers(config);
  return {
    isNeeded,
    async take(staple) {
      // Of a large fleet only those are kept that somebody has to hear of.
      if (places.length > 0 || staple.isChanged || (await isPending(staple, targets))) staples.push(staple);
    },
    async finish() {
      const told = await raiseUpdated(config, {
        staples,
        targets,
        settings,
        signal,
        warn: (line) => output.warn(line),
      });
      const confirmed: TargetResult[] = [];
      for (const place of places) confirmed.push(await prove(place, staples, targets, settings, signal));
      const results = [...told, ...confirmed];
      for (const result of results) sayTargetResult(output, result);
      return results;
    },
  };
}

/** The settings of these flags, as plain data. */
export function settingsFrom(flags: AnnounceFlags & { readonly at?: Date | undefined }): AnnounceSettings {
  const { 'dnsdist-key-file': keyFile, at } = flags;
  return {
    ...(keyFile === undefined ? {} : { dnsdistKeyFile: keyFile }),
    ...(at === undefined ? {} : { now: at }),
    timeoutMilliseconds: flags['reload-timeout'],
  };
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
  const { successes, failures } = await config.runHook('updated', { ...options, updated: changed.map(describe) });
  const results = successes.flatMap(({ result }) => (Array.isArray(result) ? (result as TargetResult[]) : []));
  return [...results, ...failures.map(({ error, plugin }) => failureOf(error, plugin.name))];
}

function describe({ certificatePath, staplePath, certId, nextUpdate }: StapleToPush): UpdatedStaple {
  return {
    certificate: shownPath(certificatePath),
    staple: shownPath(staplePath),
    serialNumber: certId.serialNumber,
    nextUpdate: formatTime(nextUpdate),
  };
}

/** An error in a subscriber: usage and interrupts end the run, anything else is a failed target named after its plug-in. */
function failureOf(error: Error, plugin: string): TargetResult {
  if (error instanceof OcspError) throw error;
  const trouble = { code: 'command-failed', message: error.message, hint: `see the plug-in ${plugin}` } as const;
  return { target: `hook:${plugin}`, ok: false, certificates: [], milliseconds: 0, error: trouble };
}

async function prove(
  place: ConfirmPlace,
  staples: readonly StapleToPush[],
  targets: readonly ReloadTarget[],
  settings: AnnounceSettings,
  signal: AbortSignal,
): Promise<TargetResult> {
  const limits = { timeoutMilliseconds: settings.timeoutMilliseconds, signal };
  const result = await confirmPlace(place, staples, limits, () => settings.now ?? new Date());
  for (const { certificatePath, ok } of result.certificates) {
    const staple = staples.find((one) => one.certificatePath === certificatePath);
    // What the server does not send, the targets have to be told again by the next run.
    if (!ok && staple !== undefined) await forgetTold(staple, targets, ownProcess());
  }
  return result;
}
