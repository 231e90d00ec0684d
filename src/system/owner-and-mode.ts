import type { Stats } from 'node:fs';
import type { ProcessRights } from './running-process.js';

const groupOrOthersMayWrite = 0o022;
const stickyBit = 0o1000;

/** Whether root or the effective user owns it: both could do worse than what a trap could make this run do. */
export function isTrustedOwner(userId: number, effectiveUserId: number): boolean {
  return userId === 0 || userId === effectiveUserId;
}

/** Whether users other than the owner may write it by its mode. */
export function mayOthersWrite({ mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & groupOrOthersMayWrite) !== 0;
}

/** Whether only its owner, the folder's owner and root may rename or remove what is in this folder. */
export function isSticky({ mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & stickyBit) !== 0;
}

/** The permissions as `chmod` takes them: `0640`. */
export function shownMode({ mode }: Pick<Stats, 'mode'>): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

/** Whether the mode lets a user read (4), write (2) or search (1); root and access lists are not looked at. */
export function mayByMode(
  { userId, groupIds }: ProcessRights,
  bit: number,
  { mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>,
): boolean {
  const shift = uid === userId ? 6 : groupIds.has(gid) ? 3 : 0;
  return (mode & (bit << shift)) !== 0;
}
