import type { Stats } from 'node:fs';

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
