import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSticky, mayOthersWrite, modeText } from './owner-and-mode.js';
import { maximumLinks } from './pinned-folder.js';
import type { ProcessRights } from './running-process.js';
import { systemErrorText } from './system-error.js';

/** Users beside root, with their groups, whose word counts as root's does. */
export type TrustedUsers = readonly ProcessRights[];

/**
 * Who besides root could change what is at a path, or put something else there: each folder and link on the way has to belong
 * to root and be writable by root only. A sticky folder, such as /tmp, may be on the way but not hold the file itself: what root has in it
 * stays root's. What a socket's mode lets others do is to connect to it.
 *
 * @param trusted who may own and change it too
 * @returns a clause such as "/etc/site belongs to user 1000", also for what cannot be looked at; undefined where only root could
 */
export function changeableByOthers(path: string, trusted: TrustedUsers = []): string | undefined {
  if (!path.startsWith('/')) return `${path} is not an absolute path`;
  try {
    return strangerOnTheWay(path, trusted);
  } catch (error) {
    return `${path}: ${systemErrorText(error)}`;
  }
}

function strangerOnTheWay(path: string, trusted: TrustedUsers): string | undefined {
  const isTrusted = (userId: number): boolean => userId === 0 || trusted.some((one) => one.userId === userId);
  const mayStrangersWrite = (status: Stats): boolean => mayOthersWrite(withoutGroupOf(trusted, status));
  const steps = stepsOf(path);
  let folder = '/';
  let place = '/';
  let links = 0;
  /** The sticky folder that this step is in. */
  let shared: string | undefined;
  for (;;) {
    const found = lstatSync(place);
    if (!isTrusted(found.uid)) return `${place} belongs to user ${found.uid}`;
    if (found.isDirectory()) {
      folder = place;
      shared = undefined;
      if (mayStrangersWrite(found)) {
        if (!isSticky(found) || steps.length === 0) return writableByOthers(place, found);
        shared = place;
      }
    } else {
      if (shared !== undefined) return `others may write ${shared}`;
      if (found.isSymbolicLink()) {
        links += 1;
        if (links > maximumLinks) throw Object.assign(new Error('ELOOP'), { code: 'ELOOP' });
        const target = readlinkSync(place);
        if (target.startsWith('/')) folder = '/';
        steps.unshift(...stepsOf(target));
      } else if (!found.isSocket() && mayStrangersWrite(found)) return writableByOthers(place, found);
    }
    const step = steps.shift();
    if (step === undefined) return undefined;
    place = step === '..' ? dirname(folder) : join(folder, step);
  }
}

/** The group's bits do not count where it is one of a trusted user: Debian has folders in /run with mode 2775. */
function withoutGroupOf(trusted: TrustedUsers, { mode, gid }: Stats): Pick<Stats, 'mode'> {
  return { mode: trusted.some(({ groupIds }) => groupIds.has(gid)) ? mode & ~0o070 : mode };
}

function writableByOthers(place: string, status: Parameters<typeof modeText>[0]): string {
  return `others may write ${place} (mode ${modeText(status)})`;
}

function stepsOf(path: string): string[] {
  return path.split('/').filter((step) => step !== '' && step !== '.');
}
