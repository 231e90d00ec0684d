import type { Config } from '@oclif/core';
import { OcspError } from '../../core/index.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { confirmPlacesFrom, parseConfirmPlace, type ConfirmPlace } from '../../pipeline/reload/confirm-place.js';
import { stapleToPush } from '../../pipeline/reload/staple-to-push.js';
import {
  proveOrForget,
  staplesToTell,
  tellTargets,
  type TargetTask,
  type TellTools,
} from '../../pipeline/reload/tell-targets.js';
import { codeOf, type StapleToPush, type TargetResult } from '../../servers/reload-result.js';
import type { ReloadTarget } from '../../servers/reload-target.js';
import { reloadTargetFrom } from '../flags/reload-flags.js';
import { exitCodes } from '../exit/exit-code.js';
import type { Interrupt } from '../interrupt.js';
import type { Output } from '../output.js';
import { hasSubscribers, tellPlugIns } from './plug-ins.js';
import {
  nobodyTold,
  type OwnLists,
  type ReloadAtEnd,
  type ReloadAtEndFlags,
  type ReloadPlan,
} from './reload-outcome.js';
import { exitCodeOfTargets, sayTargetResult } from './reload-lines.js';
import { tellToolsFrom } from './tell-tools.js';

/**
 * What to do if servers may have to be told; undefined if none have.
 *
 * @throws OcspError for a malformed target or place and for a dnsdist key that is not available
 */
export function gatherAndTell(
  config: Config,
  flags: ReloadAtEndFlags,
  certificates: () => readonly FilePath[],
  interrupt: Interrupt,
  output: Output,
  { sources, isOfFile }: ReloadPlan,
): ReloadAtEnd | undefined {
  const texts = [...flags.reload, ...sources.flatMap(({ reload = [] }) => reload)];
  const targets = [...new Set(texts)].map(reloadTargetFrom);
  const places = [
    ...confirmPlacesFrom(flags.confirm, certificates),
    ...ownPlaces(sources, flags.confirm, certificates),
  ];
  const tools = tellToolsFrom(flags, targets, interrupt.signal, output);
  if (targets.length === 0 && places.length === 0 && !hasSubscribers(config)) return undefined;
  const staples: StapleToPush[] = [];
  /** Of certificates whose source has lists of its own. */
  const lists = new Map<FilePath, OwnLists>();
  let isLost = false;
  const textsFor = (key: keyof OwnLists, own: OwnLists = {}): readonly string[] => own[key] ?? flags[key];
  const isFor = (key: keyof OwnLists, text: string, { certificatePath }: StapleToPush): boolean =>
    textsFor(key, lists.get(certificatePath)).includes(text);
  const taskOf = (target: ReloadTarget): TargetTask => ({
    target,
    staples: staples.filter((staple) => isFor('reload', target.text, staple)),
    mayPassOver: ({ certificatePath }) => isOfFile && lists.get(certificatePath)?.reload === undefined,
  });

  async function tellAndProve(): Promise<TargetResult[]> {
    // They came as they settled; targets hear about them in the order in which they were named.
    sortAsNamed(staples, certificates());
    const tasks = targets.map(taskOf);
    const told = await tellAll(config, staples, tasks, tools);
    // If every target failed, there is no reload to wait for.
    const isPatient =
      targets.length === 0
        ? staples.some(({ isChanged }) => isChanged)
        : told.some(
            ({ ok, certificates: taken }) =>
              ok && taken.some(({ code }) => code !== 'not-served' && code !== 'left-alone'),
          );
    // Where another server has the certificate too, the place may be that server's.
    const isLeftAlone = (staple: StapleToPush): boolean => {
      const codes = tasks.flatMap((task, index) =>
        task.staples.includes(staple) ? [codeOf(told[index], staple)] : [],
      );
      return codes.includes('left-alone') && codes.every((code) => code === 'left-alone' || code === 'not-served');
    };
    const confirmed: TargetResult[] = [];
    for (const place of places) {
      const expected = staples.filter((staple) => isFor('confirm', place.text, staple));
      const isNamed = ({ certificatePath }: StapleToPush): boolean => shownPath(certificatePath) === place.certificate;
      // Its own source names other places.
      if (!expected.some(isNamed) && staples.some(isNamed)) continue;
      confirmed.push(await proveOrForget(place, expected, targets, tools, { isPatient, isLeftAlone }));
    }
    return [...told, ...confirmed];
  }

  return {
    async take(certificate, path, verdict, isChanged, own) {
      if (path === undefined) return;
      try {
        const staple = await stapleToPush(certificate, path, verdict, isChanged);
        if (staple === undefined) return;
        // Of a large fleet only those are kept that somebody has to hear about.
        const ownTargets = targets.filter(({ text }) => textsFor('reload', own).includes(text));
        const isToProve = places.length > 0 && textsFor('confirm', own).length > 0;
        if (!isToProve && !isChanged && !(await isPending(staple, ownTargets))) return;
        staples.push(staple);
        if (own !== undefined) lists.set(certificate, own);
      } catch (error) {
        // Files that changed under the run: one certificate must not keep the servers from hearing of the others.
        if (!(error instanceof OcspError)) throw error;
        isLost = true;
        output.say(`${shownPath(certificate)}: no server can be told about its staple: ${error.message}`);
        output.hint(error.hint);
      }
    },
    async finish() {
      if (interrupt.signal.aborted) return nobodyTold;
      try {
        const results = await tellAndProve();
        for (const result of results) sayTargetResult(output, result);
        return { results, exitCode: isLost ? exitCodes.reloadFailed : exitCodeOfTargets(results) };
      } catch (error) {
        if (interrupt.exitCode() === undefined || !(error instanceof OcspError)) throw error;
        return nobodyTold;
      }
    },
  };
}

/** The places of sources' own lists that the flags do not have; one for a certificate that is not of this run is another run's. */
function ownPlaces(
  sources: readonly OwnLists[],
  confirm: readonly string[],
  certificates: () => readonly FilePath[],
): ConfirmPlace[] {
  const texts = new Set(sources.flatMap((source) => source.confirm ?? []).filter((text) => !confirm.includes(text)));
  const places = [...texts].map(parseConfirmPlace);
  if (places.every(({ certificate }) => certificate === undefined)) return places;
  const names = new Set(certificates().map(shownPath));
  return places.filter(({ certificate }) => certificate === undefined || names.has(certificate));
}

function sortAsNamed(staples: StapleToPush[], certificates: readonly FilePath[]): void {
  if (staples.length < 2) return;
  const order = new Map(certificates.map((path, index) => [path, index]));
  const orderOf = ({ certificatePath }: StapleToPush): number => order.get(certificatePath) ?? order.size;
  staples.sort((a, b) => orderOf(a) - orderOf(b));
}

async function isPending(staple: StapleToPush, targets: readonly ReloadTarget[]): Promise<boolean> {
  for (const target of targets) if ((await staplesToTell([staple], target)).length > 0) return true;
  return false;
}

/** The targets of --reload and the plug-ins, side by side. */
async function tellAll(
  config: Config,
  staples: readonly StapleToPush[],
  tasks: readonly TargetTask[],
  tools: TellTools,
): Promise<TargetResult[]> {
  const changed = staples.filter(({ isChanged }) => isChanged);
  const plugIns = changed.length === 0 && tasks.length === 0 ? [] : tellPlugIns(config, changed);
  try {
    return [...(await tellTargets(tasks, tools)), ...(await plugIns)];
  } finally {
    await plugIns;
  }
}
