import { parseHostAndPort, type HostAndPort } from '../../system/host-and-port.js';
import type { Server } from '../server.js';

/** The usual port of controlSocket(). */
const consolePort = 5199;

export const dnsdist = {
  name: 'dnsdist',
  example: 'dnsdist:127.0.0.1:5199',
  needsKey: true,
  parse: (text) => parseHostAndPort(text, consolePort),
  tell: async (address, staples, tools) => (await import('./reload.js')).reloadDnsdist(address, staples, tools),
  // dnsdist 1.7 to 2.1
  rules: { takesOneStatementOnly: true, wantsNextUpdate: true },
} as const satisfies Server<HostAndPort>;
