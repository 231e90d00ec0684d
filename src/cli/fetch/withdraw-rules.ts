import { OcspError } from '../../core/index.js';
import type { WithdrawalRules } from '../../pipeline/fleet/withdrawal.js';
import { TargetFailure } from '../../servers/reload-result.js';
import { failingServers, parseReloadTarget } from '../../servers/reload-target.js';
import type { Server, WithoutFile } from '../../servers/server.js';
import type { OwnLists } from '../reload/reload-outcome.js';
import type { FetchRun } from './prepare-run.js';

/**
 * The rules of --withdraw for a pass.
 *
 * @param lists what the sources of the pass say of servers
 * @throws OcspError `usage` where a target of a source is not a server whose handshakes fail on an expired staple
 */
export function withdrawRules(run: FetchRun, below: number, lists: readonly OwnLists[]): WithdrawalRules {
  const { order, tools, interrupt } = run;
  const { flags } = order;
  for (const { reload = flags.reload } of lists) requireFailingServers(reload);
  const place = {
    limits: { timeoutMilliseconds: flags['reload-timeout'], signal: interrupt.signal },
    effectiveUserId: tools.ownProcess.effectiveUserId,
  };
  const answers = new Map<string, Promise<WithoutFile>>();
  return {
    below,
    since: new Date(),
    now: () => tools.now(),
    isDryRun: flags['dry-run'],
    ownProcess: tools.ownProcess,
    withoutFile: async ({ reload = flags.reload }) => {
      const all: WithoutFile[] = [];
      for (const text of reload) {
        const answer = answers.get(text) ?? withoutFileAt(text, place);
        answers.set(text, answer);
        all.push(await answer);
      }
      return (
        all.find(({ obstacle }) => obstacle !== undefined) ?? all.find((one) => one.whyNotChecked !== undefined) ?? {}
      );
    },
  };
}

function requireFailingServers(targets: readonly string[]): void {
  const names = failingServers.map(({ name }) => name).join(', ');
  const other = targets.find((text) => parseReloadTarget(text).server.servesWithoutFile === undefined);
  if (targets.length > 0 && other === undefined) return;
  const what = other === undefined ? 'a source has no reload target' : `${other} is not ${names}`;
  throw new OcspError(
    'usage',
    `--withdraw is for servers whose TLS handshakes fail on an expired staple (${names}), and ${what}`,
    `leave out --withdraw, or name only such servers: --reload ${failingServers[0]?.name ?? ''}`,
  );
}

async function withoutFileAt(
  text: string,
  place: Parameters<NonNullable<Server['servesWithoutFile']>>[1],
): Promise<WithoutFile> {
  const target = parseReloadTarget(text);
  try {
    return (await target.server.servesWithoutFile?.(target.place, place)) ?? {};
  } catch (error) {
    if (!(error instanceof TargetFailure)) throw error;
    return { whyNotChecked: error.message };
  }
}
