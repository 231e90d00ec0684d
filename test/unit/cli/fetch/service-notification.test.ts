// @module-tag python3
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createServiceNotifier } from '../../../../src/cli/fetch/service-notification.js';
import { startNotifyListener, type NotifyListener } from '../../../support/notify-listener.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

let folder: TemporaryFolder;
let listener: NotifyListener;
let warnings: string[] = [];
beforeEach(async () => {
  folder = createTemporaryFolder();
  listener = await startNotifyListener(folder.at('notify'));
  warnings = [];
});
afterEach(async () => {
  await listener.close();
  folder.remove();
});

type Environment = Record<string, string | undefined>;

function notifier(environment: Environment = {}, timeout?: number): ReturnType<typeof createServiceNotifier> {
  const usual = { PATH: process.env['PATH'], NOTIFY_SOCKET: folder.at('notify') };
  return createServiceNotifier({ ...usual, ...environment }, (line) => warnings.push(line), timeout);
}

/** A systemd-notify that leaves a mark and then does as told. */
function fakeProgram(commands: string): Environment {
  folder.write('bin/systemd-notify', `#!/bin/sh\necho run >> '${folder.at('marks')}'\n${commands}\n`, 0o755);
  return { PATH: `${folder.at('bin')}:${process.env['PATH']}` };
}

describe('the service notifier', () => {
  it(
    'says ready, reloading, status and stopping, in order, through systemd-notify',
    { tags: 'systemd-notify' },
    async () => {
      const service = notifier();
      service.ready('watching 3 certificates');
      service.reloading();
      service.ready('watching 4 certificates');
      service.status('next refresh in 2h');
      service.stopping();
      await service.close();
      const messages = await listener.heard();
      const [, reloading] = messages;
      expect(messages).toEqual([
        ['READY=1', 'STATUS=watching 3 certificates'],
        ['RELOADING=1', expect.stringMatching(/^MONOTONIC_USEC=\d+$/) as string],
        ['READY=1', 'STATUS=watching 4 certificates'],
        ['STATUS=next refresh in 2h'],
        ['STOPPING=1'],
      ]);
      expect(Number(reloading?.[1]?.split('=')[1]) / 1e6).toBeLessThanOrEqual(Number(process.hrtime.bigint()) / 1e9);
      expect(warnings).toEqual([]);
    },
  );

  it('keeps a hostile status to one line and one assignment', { tags: 'systemd-notify' }, async () => {
    const service = notifier();
    service.status(`CN=a\nMAINPID=1\u001b[2J ${'x'.repeat(1000)}`);
    await service.close();
    expect(await listener.heard()).toEqual([
      [expect.stringMatching(/^STATUS=CN=a\\x0aMAINPID=1\\x1b\[2J x{200,300}$/)],
    ]);
  });

  it(
    'sends of many status lines the first and the last, and loses nothing else',
    { tags: 'systemd-notify' },
    async () => {
      const service = notifier();
      for (let number = 1; number <= 50; number++) service.status(`${number} of 50`);
      service.stopping();
      await service.close();
      expect(await listener.heard()).toEqual([['STATUS=1 of 50'], ['STATUS=50 of 50'], ['STOPPING=1']]);
    },
  );

  it('says that it is alive at half of the watchdog time, until it is closed', { tags: 'systemd-notify' }, async () => {
    const service = notifier({ WATCHDOG_USEC: '100000', WATCHDOG_PID: String(process.pid) });
    const alive = async (): Promise<number> => (await listener.heard()).filter(([one]) => one === 'WATCHDOG=1').length;
    await expect.poll(alive, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
    await service.close();
    const count = await alive();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await alive()).toBe(count);
    expect(await listener.heard()).toHaveLength(count);
  });

  it.each([
    ['another process', { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' }],
    ['nobody', { WATCHDOG_USEC: '0' }],
    ['nobody that can be understood', { WATCHDOG_USEC: 'soon' }],
  ])('says nothing of the kind where the watchdog is for %s', { tags: 'systemd-notify' }, async (_, environment) => {
    const service = notifier(environment);
    await new Promise((resolve) => setTimeout(resolve, 50));
    service.status('done');
    await service.close();
    expect(await listener.heard()).toEqual([['STATUS=done']]);
  });

  it.each([undefined, ''])('starts nothing where NOTIFY_SOCKET is %j', async (socket) => {
    const service = notifier({ ...fakeProgram('exit 0'), NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000' });
    service.ready('a');
    service.reloading();
    service.status('b');
    service.stopping();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await service.close();
    expect(existsSync(folder.at('marks'))).toBe(false);
  });

  it('gives systemd-notify no secrets', async () => {
    const fake = fakeProgram(`env > '${folder.at('seen')}'`);
    const service = notifier({ ...fake, RESTAPLE_DNSDIST_KEY: 'sesame' });
    service.stopping();
    await service.close();
    const seen = readFileSync(folder.at('seen'), 'utf8');
    expect(seen).toContain('NOTIFY_SOCKET=');
    expect(seen).not.toContain('sesame');
  });

  it.each([
    ['is missing', undefined, 'systemd-notify was not found in PATH'],
    ['fails', 'echo no manager >&2\nexit 1', 'systemd-notify ended with 1 and said: no manager'],
    ['hangs', 'exec sleep 600', 'systemd-notify did not end in time'],
  ])('warns once where systemd-notify %s, and goes on', async (_, commands, words) => {
    const environment = commands === undefined ? { PATH: folder.at('nowhere') } : fakeProgram(commands);
    const service = notifier(environment, commands?.includes('sleep') === true ? 300 : undefined);
    service.ready('a');
    service.stopping();
    await service.close();
    expect(warnings).toEqual([expect.stringContaining(words)]);
  });
});
