import { definedOnly } from '../../core/defined-only.js';
import type { DiscoveryTools, FoundServer, ServerInstance } from '../discovery.js';

/** An Apache of which nothing is read: it prints its certificates where it is asked to. */
export function discoverApache({ running, configurations }: ServerInstance, { printing }: DiscoveryTools): FoundServer {
  const message = `${configurations[0] ?? 'the configuration'} of apache was not read`;
  const remark = {
    code: 'not-understood',
    message,
    hint: 'see its certificates with: restaple doctor --ask-servers',
  } as const;
  return definedOnly({
    name: 'apache',
    pid: running?.pid,
    configurations: [],
    reader: running,
    certificates: [],
    remarks: printing === undefined ? [remark] : [],
  });
}
