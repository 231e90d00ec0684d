import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ListedCertificate } from '../../../../src/source/certificate-list.js';
import { withdrawing, type WithdrawalRules } from '../../../../src/pipeline/fleet/withdrawal.js';
import { failedOutcome, refusal } from '../../../support/outcomes.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';
import { ownProcess } from '../../../../src/library/own-process.js';

let folder: TemporaryFolder;

beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

async function withdrawn(isRepeated: boolean, withoutFile: Awaited<ReturnType<WithdrawalRules['withoutFile']>>) {
  const staple = folder.write('site.pem.ocsp', 'no response');
  const verdict = { kind: 'invalid', failure: { code: 'malformed-response', message: '' } } as never;
  const outcome = failedOutcome('site.pem', 'unavailable', { trouble: refusal }, { staple, verdict });
  const listed = { path: 'site.pem' } as unknown as ListedCertificate;
  // eslint-disable-next-line @typescript-eslint/require-await -- a pass hands its outcomes on one by one.
  async function* pass() {
    yield { listed, outcome, isRepeated };
  }
  const now = new Date();
  const rules = {
    below: 60_000,
    now: () => now,
    since: new Date(now.getTime() + 60_000),
    isDryRun: false,
    ownProcess: ownProcess(),
  };
  const all = [];
  for await (const one of withdrawing(pass(), { ...rules, withoutFile: () => Promise.resolve(withoutFile) })) {
    all.push(one);
  }
  return all;
}

describe('the withdrawal of staples', () => {
  it('leaves an outcome of an earlier pass one of an earlier pass where the staple stays', async () => {
    const [stays] = await withdrawn(true, { obstacle: 'handshakes would fail' });
    expect(stays).toMatchObject({ isRepeated: true, outcome: { outcome: 'unavailable' } });
  });

  it('makes it one of this pass where the staple goes', async () => {
    const [gone] = await withdrawn(true, {});
    expect(gone?.isRepeated).toBeUndefined();
    expect(gone?.outcome.outcome).toBe('withdrawn');
  });
});
