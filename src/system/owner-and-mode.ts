import type { Stats } from 'node:fs';
import type { ProcessRights } from './running-process.js';

const groupOrOthersMayWrite = 0o022;
/** Whether root or the effective user owns it: both could do worse than what a trap could make this run do. */
export function isTrustedOwner(userId: number, effectiveUserId: number): boolean {
  return userId === 0 || userId === effectiveUserId;
}

/** Whether users other than the owner may write it by its mode. */
export function mayOthersWrite({ mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & groupOrOthersMayWrite) !== 0;
}

const groupMayWrite = 0o020;
const othersMayWrite = 0o002;

/**
 * Whether anybody but the owner and root may put something into a folder: not by a group of root's, nor by the user's own
 * group, which has the number of the user where each user has one (as Debian's adduser makes it, umask 002 with it).
 */
export function mayOthersPutInto(folder: Pick<Stats, 'mode' | 'uid' | 'gid'>, effectiveUserId: number): boolean {
  const isPrivateGroup = folder.gid === 0 || (folder.gid === effectiveUserId && folder.uid === effectiveUserId);
  return (folder.mode & othersMayWrite) !== 0 || ((folder.mode & groupMayWrite) !== 0 && !isPrivateGroup);
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
