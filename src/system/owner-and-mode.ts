import type { Stats } from 'node:fs';

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
