import { describe, expect, it } from 'vitest';

import { listeningSockets, socketOwners } from '../../../../src/system/network/listening-sockets.js';
import { hostProcesses } from '../../../../src/system/host-processes.js';
import { listenOnFreePort } from '../../../support/servers/free-port.js';
import { withTemporaryFolder } from '../../../support/temporary-folder.js';
import { createServer } from 'node:net';

describe('the sockets of this host', () => {
  it('are those that listen, with the process that has them', async () => {
    const server = createServer();
    try {
      const port = await listenOnFreePort(server);
      const socket = listeningSockets().find((one) => one.port === port);
      expect(socket?.host).toBe('127.0.0.1');
      expect(socketOwners([process.pid]).get(socket!.inode)).toBe(process.pid);
    } finally {
      server.close();
    }
  });

  it('are read from both tables of /proc', async () => {
    await withTemporaryFolder((folder) => {
      const title =
        '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
      const line = (address: string, state: string, inode: number): string =>
        `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0\n`;
      folder.write('net/tcp', title + line('0100007F:01BB', '0A', 1) + line('0100007F:01BC', '01', 2));
      folder.write('net/tcp6', title + line('00000000000000000000000001000000:0355', '0A', 3));
      expect(listeningSockets(folder.path)).toEqual([
        { host: '127.0.0.1', port: 443, inode: '1' },
        { host: '::1', port: 853, inode: '3' },
      ]);
    });
  });
});

describe('the processes of this host', () => {
  it('have their program, arguments, folder and rights', () => {
    const own = hostProcesses().find(({ pid }) => pid === process.pid);
    expect(own).toMatchObject({ program: 'node', workingFolder: process.cwd(), userId: process.geteuid?.() });
    expect(own?.hasOwnRoot).toBe(false);
    expect(own?.parentPid).toBe(process.ppid);
  });
});
