import type { Finding } from '../../core/index.js';
import type { HaproxySession } from './session.js';

/** The first release of each branch that locks a staple while a handshake reads it; 3.5 and newer do from the start. */
const mended: Readonly<Partial<Record<string, number>>> = { '3.2': 22, '3.4': 3 };

/**
 * What is to be said before a staple is set: with more than one thread, a handshake of an older haproxy may read a staple while it is
 * replaced. It then sends a damaged one, and in rare cases haproxy crashes.
 */
export async function stapleRace(session: HaproxySession): Promise<Finding[]> {
  const info = await session.ask('show info');
  const [, version, major = '', minor = '', patch = '0'] =
    /^Version: *((\d+)\.(\d+)(?:\.(\d+)|-dev\d+)?)/m.exec(info) ?? [];
  const threads = Number(/^Nbthread: *(\d+)/m.exec(info)?.[1] ?? 1);
  const branch = `${major}.${minor}`;
  const isNewer = Number(major) > 3 || (major === '3' && Number(minor) > 4);
  if (version === undefined || threads < 2 || isNewer || Number(patch) >= (mended[branch] ?? Infinity)) return [];
  return [
    {
      rule: 'staple-race',
      severity: 'info',
      message:
        `haproxy ${version} may send a damaged staple, or rarely crash, when one is set while a handshake reads it; ` +
        '3.2.22 and 3.4.3 mended that',
      source: "haproxy's changelog of 3.2.22 and 3.4.3; measured with 2.6.12 and 3.0.11",
    },
  ];
}
