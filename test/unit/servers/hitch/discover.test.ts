import { describe, expect, it } from 'vitest';

import { discoverHitch } from '../../../../src/servers/hitch/discover.js';
import { hostProcesses } from '../../../../src/system/host-processes.js';
import { withTemporaryFolder } from '../../../support/temporary-folder.js';

/** How a hitch of these words and control groups is told. */
async function toldBy(words: readonly string[], groups: string) {
  return await withTemporaryFolder((folder) => {
    const configuration = folder.write('hitch.conf', 'frontend = "[*]:443"\npem-file = "/site.pem"\n');
    folder.write('proc/7/cmdline', `${['hitch', `--config=${configuration}`, ...words].join('\0')}\0`);
    folder.write('proc/7/status', 'Name:\thitch\nPPid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n');
    folder.write('proc/7/cgroup', groups);
    const [running] = hostProcesses(folder.at('proc'));
    const { target, remarks } = discoverHitch({ running: running!, configurations: [configuration] });
    return { target, remarks: remarks.map(({ message }) => message) };
  });
}

describe('how hitch is told', () => {
  it('is by its pid file, where it was started with one', async () => {
    expect(await toldBy(['--pidfile=/run/hitch/hitch.pid'], '')).toEqual({ target: 'hitch', remarks: [] });
    expect(await toldBy(['-p', '/run/other.pid'], '0::/system.slice/hitch.service\n')).toEqual({
      target: 'hitch:/run/other.pid',
      remarks: [],
    });
  });

  it('is by its service, where that has no pid file, as in Debian', async () => {
    for (const groups of [
      '0::/system.slice/hitch.service\n',
      '1:name=systemd:/system.slice/hitch.service\n0::/\n',
      '0::/system.slice/hitch.service/payload\n',
    ]) {
      expect(await toldBy([], groups)).toEqual({ target: 'systemd:hitch.service', remarks: [] });
    }
    const instance = '0::/system.slice/system-hitch.slice/hitch@shop.service\n';
    expect(await toldBy([], instance)).toEqual({ target: 'systemd:hitch@shop.service', remarks: [] });
  });

  it('is in no way where it has neither, nor by a service of something else', async () => {
    for (const groups of [
      '',
      '0::/system.slice/cron.service\n',
      '0::/user.slice/user-1000.slice/user@1000.service/system.slice/hitch.service\n',
      '0::/system.slice/hitch;id.service\n',
    ]) {
      const message = 'hitch (process 7) has no pid file, so restaple cannot have it reload';
      expect(await toldBy([], groups)).toEqual({ target: undefined, remarks: [message] });
    }
  });
});
