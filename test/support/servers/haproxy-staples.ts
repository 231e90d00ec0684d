import { openHaproxySession } from '../../../src/servers/haproxy/session.js';
import type { HaproxyPlace } from '../../../src/servers/haproxy/place.js';
import { slotKey, slotsOf } from '../../../src/servers/haproxy/slots.js';
import { TargetFailure, type ReloadLimits, type StapleToPush } from '../../../src/servers/reload-result.js';

/** Whether haproxy holds these very bytes, or fetches the staple itself; false where it cannot be asked. */
export async function isStapleInHaproxy(
  place: HaproxyPlace,
  staple: StapleToPush,
  limits: ReloadLimits,
): Promise<boolean> {
  const session = openHaproxySession(place, limits);
  try {
    const slots = slotsOf(session);
    const key = slotKey(staple.certId);
    if (!(await slots.has(key))) return false;
    return (await slots.ownUpdate(key)) !== undefined || (await slots.compare(staple)) === 'same';
  } catch (error) {
    if (error instanceof TargetFailure) return false;
    throw error;
  } finally {
    session.close();
  }
}
