import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

import { childrenOf, inspectProcess, processStatus } from '../../../src/system/running-process.js';

it('the children of a process are those that run, not one that has ended and was not waited for', async () => {
  const parent = spawn('sh', ['-c', 'sleep 60 & sleep 0 & exec sleep 60'], { stdio: 'ignore', detached: true });
  await once(parent, 'spawn');
  try {
    const pid = parent.pid!;
    const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').map(Number);
    await expect.poll(() => children().map((one) => processStatus(one)?.hasEnded)).toEqual([false, true]);
    const [running = 0] = children();
    expect(childrenOf(inspectProcess(pid)!)).toEqual([`${running} ${processStatus(running)?.start}`]);
  } finally {
    process.kill(-parent.pid!, 'SIGKILL');
  }
});
