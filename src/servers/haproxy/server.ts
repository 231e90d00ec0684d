import { definedOnly } from '../../core/defined-only.js';
import { minimumRemainingMilliseconds } from '../../core/verify/verify-response.js';
import { notASocket } from '../../system/network/connection.js';
import { parseHostAndPort } from '../../system/network/host-and-port.js';
import type { Server } from '../server.js';
import { largestInFile, type HaproxyPlace } from './place.js';

export const haproxy = {
  name: 'haproxy',
  example: 'haproxy:/run/haproxy/admin.sock',
  forms: ['haproxy:/run/haproxy/admin.sock', 'haproxy:HOST:PORT', 'haproxy:@1:/run/haproxy-master.sock'],
  needsStaples: true,
  parse(text) {
    const worker = /^(@!?\d+):/.exec(text)?.[1];
    const place = worker === undefined ? text : text.slice(worker.length + 1);
    const address = place.includes('/') ? { path: place } : parseHostAndPort(place);
    return address === undefined ? undefined : definedOnly({ address, worker });
  },
  mistake: ({ address }) => notASocket(address),
  tell: async (place, staples, tools) => (await import('./push.js')).pushToHaproxy(place, staples, tools),
  discoverer: async () => (await import('./discover.js')).discoverer,
  rules: {
    measured: '2.6 to 3.4',
    withBadFile: {
      expired: 'staples nothing, from 300 s before its nextUpdate on',
      foreign: 'staples nothing',
      missing: 'staples nothing; does not start where the file is named (ocsp of a crt-list or crt-store)',
      oversized: 'staples nothing: it ignores files of more than 16,384 octets',
    },
    takesOneStatementOnly: true,
    takesSha1Only: true,
    wantsNextUpdate: true,
    stopsBefore: minimumRemainingMilliseconds,
    largestInFile,
    largestOverSocket: 12_260,
    wantsIssuer: true,
  },
} as const satisfies Server<HaproxyPlace>;
