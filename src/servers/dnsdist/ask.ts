import { OcspError } from '../../core/index.js';
import { shownHostAndPort, type HostAndPort } from '../../system/network/host-and-port.js';
import { reachableHost } from '../../system/network/listening-sockets.js';
import type { CertificateSubject, DiscoveryTools, FoundServer, LoadedState, ServerAnswer } from '../discovery.js';
import { openDnsdistConsole } from './console.js';
import { readConsoleKeyFile } from './key.js';
import { readListeners, showBinds, withoutLuaError } from './replies.js';

/**
 * Which frontends dnsdist runs with, over its console: what they have loaded it does not say.
 *
 * @throws TargetFailure; OcspError `interrupted`
 */
export async function askDnsdist(
  { control, keyFile }: FoundServer,
  subjects: readonly CertificateSubject[],
  tools: DiscoveryTools,
): Promise<ServerAnswer> {
  if (control === undefined || keyFile === undefined || 'path' in control.address) return { remarks: [] };
  const key = keyIn(keyFile);
  if (typeof key === 'string') {
    return { remarks: [{ code: 'not-asked', message: `dnsdist was not asked which frontends it has: ${key}` }] };
  }
  const connection = await openDnsdistConsole(control.address, key, tools.limits, (count) => tools.randomBytes(count));
  try {
    const listeners = readListeners(withoutLuaError(await connection.run(showBinds), showBinds));
    const there = new Set(listeners.map(({ host, port }) => shownHostAndPort({ host: reachableHost(host), port })));
    const isThere = (place: HostAndPort): boolean => there.has(shownHostAndPort(place));
    const loaded = subjects.map(({ places = [] }): LoadedState => {
      const isMissing = places.length > 0 && !places.some(isThere);
      return { certificate: isMissing ? 'none' : 'not-said' };
    });
    return { loaded, remarks: [] };
  } finally {
    connection.close();
  }
}

function keyIn(file: string): Uint8Array | string {
  try {
    return readConsoleKeyFile(file).key;
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    return error.message;
  }
}
