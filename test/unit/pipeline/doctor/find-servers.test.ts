import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { findServers, type WantedServer } from '../../../../src/pipeline/doctor/find-servers.js';
import { createUsersRoom } from '../../../../src/pipeline/doctor/users-room.js';
import type { HostProcess } from '../../../../src/system/host-processes.js';
import { withTemporaryFolder } from '../../../support/temporary-folder.js';

function processOf(
  pid: number,
  program: string,
  words: readonly string[],
  more: Partial<HostProcess> = {},
): HostProcess {
  const rights = { userId: 0, groupIds: new Set([0]) };
  return { pid, parentPid: 1, program, arguments: [program, ...words], hasOwnRoot: false, ...rights, ...more };
}

const tools = {
  limits: { timeoutMilliseconds: 1000, signal: new AbortController().signal },
  environment: {},
  randomBytes: (count: number) => new Uint8Array(count),
};

/** The pid and the main configuration of each server that is found. */
async function find(processes: readonly HostProcess[], wanted: readonly WantedServer[], root: string) {
  const { servers, remarks } = await findServers(processes, wanted, tools, root);
  return { servers: servers.map(({ found }) => [found.pid, found.configurations[0]]), remarks };
}

describe('the servers of a host', () => {
  it('in containers are named where all are looked for, and not where one configuration is', async () => {
    await withTemporaryFolder(async (folder) => {
      const file = folder.write('own.conf', '');
      const inside = processOf(7, 'nginx', ['-c', file], { hasOwnRoot: true });
      expect((await find([inside], [{ name: 'nginx' }], folder.path)).remarks).toMatchObject([
        { code: 'not-understood' },
      ]);
      const one = await find([inside], [{ name: 'nginx', configuration: file }], folder.path);
      expect(one).toEqual({ servers: [[undefined, file]], remarks: [] });
    });
  });

  it('that were asked for and are not there are named, with those that are', async () => {
    await withTemporaryFolder(async (folder) => {
      const configuration = folder.write('etc/nginx/nginx.conf', '');
      const running = [processOf(7, 'haproxy', []), processOf(8, 'nginx', [])];
      const { servers, remarks } = await find(running, [{ name: 'hitch' }, { name: 'nginx' }], folder.path);
      expect(servers).toEqual([[8, configuration]]);
      const file = folder.at('etc/hitch/hitch.conf');
      const message = `no hitch was found on this host: none runs, and there is no ${file}; running here: haproxy, nginx`;
      expect(remarks).toMatchObject([{ server: 'hitch', code: 'not-found', message }]);
    });
  });

  it('with a configuration that others can change come without commands in a report of root', async () => {
    await withTemporaryFolder(async (folder) => {
      const configuration = folder.write('own.conf', 'load_module /tmp/evil.so; }');
      chmodSync(configuration, 0o666);
      const remarksFor = async (isRoot: boolean) => {
        const wanted = [{ name: 'nginx', configuration }];
        const { servers } = await findServers([], wanted, { ...tools, isRoot }, folder.path);
        return servers[0]!.found.remarks;
      };
      const [remark, ...others] = await remarksFor(false);
      expect(others).toEqual([]);
      expect(remark?.hint).toBe(`test it with: nginx -t -c ${configuration}`);
      expect(await remarksFor(true)).toEqual([{ code: remark?.code, message: remark?.message }]);
    });
  });

  it('of one other user are few in a report of root, with few certificates, and the others are counted', async () => {
    await withTemporaryFolder(async (folder) => {
      const lines = Array.from({ length: 60 }, (_none, index) => `ssl_certificate /${index}.pem;`).join(' ');
      const file = folder.write('own.conf', `http { server { listen 443 ssl; ${lines} } }`);
      chmodSync(file, 0o666);
      const start = (pid: number, userId: number): HostProcess => processOf(pid, 'nginx', ['-c', file], { userId });
      const processes = Array.from({ length: 300 }, (_none, index) => start(100 + index, index < 200 ? 1000 : 0));
      const room = createUsersRoom(true);
      const { servers } = await findServers(processes, [], { ...tools, isRoot: true }, folder.path, room);
      const ofUser = servers.filter(({ instance }) => instance.running?.userId === 1000);
      expect([ofUser.length, servers.length]).toEqual([8, 108]);
      expect(ofUser.flatMap(({ found }) => found.certificates)).toHaveLength(100);
      expect(room.remarks().map(({ message }) => message)).toEqual([
        'this report leaves out some of what user 1000 runs: servers (192), certificates (380)',
      ]);
      expect((await findServers(processes, [], tools, folder.path)).servers).toHaveLength(300);
    });
  });

  it('have the first of the usual configurations that is there, and of Exim the daemon only counts', async () => {
    await withTemporaryFolder(async (folder) => {
      const generated = folder.write('var/lib/exim4/config.autogenerated', '');
      const processes = [processOf(7, 'exim4', ['-bdf', '-q30m']), processOf(8, 'exim4', ['-Mc', '1abc'])];
      expect((await find(processes, [{ name: 'exim' }], folder.path)).servers).toEqual([[7, generated]]);
      const own = folder.write('etc/exim4/exim4.conf', '');
      expect((await find(processes, [{ name: 'exim' }], folder.path)).servers).toEqual([[7, own]]);
      expect((await find([], [{ name: 'apache' }], folder.path)).servers).toEqual([]);
      const httpd = folder.write('etc/httpd/conf/httpd.conf', '');
      expect((await find([], [{ name: 'apache' }], folder.path)).servers).toEqual([[undefined, httpd]]);
      const ofSuse = processOf(9, 'httpd-prefork', ['-f', httpd]);
      expect((await find([ofSuse], [{ name: 'apache' }], folder.path)).servers).toEqual([[9, httpd]]);
    });
    await withTemporaryFolder(async (folder) => {
      const ofArch = folder.write('etc/mail/exim.conf', '');
      expect((await find([], [{ name: 'exim' }], folder.path)).servers).toEqual([[undefined, ofArch]]);
    });
  });
});
