import { parseHostAndPort, type HostAndPort } from '../../system/network/host-and-port.js';
import { foreignByOpenSsl, servesOversized, type Server } from '../server.js';

/** The usual port of controlSocket(). */
const consolePort = 5199;

export const dnsdist = {
  name: 'dnsdist',
  example: 'dnsdist:127.0.0.1:5199',
  forms: ['dnsdist:HOST:PORT'],
  needsKey: true,
  parse: (text) => parseHostAndPort(text, consolePort),
  tell: async (address, staples, tools) => (await import('./reload.js')).reloadDnsdist(address, staples, tools),
  discoverer: async () => (await import('./discover.js')).discoverer,
  rules: {
    measured: '1.7 to 2.1',
    withBadFile: {
      expired: 'staples nothing; 1.7 does not start, and keeps the old staple at a reload',
      foreign: foreignByOpenSsl,
      missing: 'staples nothing; 1.7 does not start, and keeps the old staple at a reload',
      oversized: servesOversized,
    },
    takesOneStatementOnly: true,
    wantsNextUpdate: true,
  },
} as const satisfies Server<HostAndPort>;
