import type { Stats } from 'node:fs';
import type { ProcessRights } from './running-process.js';

const groupOrOthersMayWrite = 0o022;
const stickyBit = 0o1000;

/** Whether root or the effective user owns it: both could do worse than what a trap could make this run do. */
export function isTrustedOwner(userId: number, effectiveUserId: number): boolean {
  return userId === 0 || userId === effectiveUserId;
}

/** What a message says of an owner who is not trusted; undefined for one who is. */
export function strangerAsOwner({ uid }: Pick<Stats, 'uid'>, effectiveUserId: number): string | undefined {
  if (isTrustedOwner(uid, effectiveUserId)) return undefined;
  return `belongs to user ${uid}, neither root nor the user of this run`;
}

/** The permissions as chmod takes them, `0644`; with `mask` 0o7777 those of the sticky and set-id bits too. */
export function modeText({ mode }: Pick<Stats, 'mode'>, mask = 0o777): string {
  return (mode & mask).toString(8).padStart(4, '0');
}

/** Whether users other than the owner may write it by its mode. */
export function mayOthersWrite({ mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & groupOrOthersMayWrite) !== 0;
}

/** Whether only its owner, the folder's owner and root may rename or remove what is in this folder. */
export function isSticky({ mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & stickyBit) !== 0;
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

/** Whether the mode lets a user read (4), write (2) or search (1); root and access lists are not looked at. */
export function mayByMode(
  { userId, groupIds }: ProcessRights,
  bit: number,
  { mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>,
): boolean {
  const shift = uid === userId ? 6 : groupIds.has(gid) ? 3 : 0;
  return (mode & (bit << shift)) !== 0;
}
