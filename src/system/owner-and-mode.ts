import type { Stats } from 'node:fs';

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
