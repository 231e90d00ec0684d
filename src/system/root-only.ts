import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSticky, mayOthersWrite, modeText } from './owner-and-mode.js';
import { maximumLinks } from './pinned-folder.js';
import { systemErrorText } from './system-error.js';

/**
 * Who besides root could change what is at a path, or put something else there: each folder and link on the way has to belong
 * to root and be writable by root only. A sticky folder, such as /tmp, may be on the way but not hold the file itself: what root has in it
 * stays root's.
 *
 * @returns a clause such as "/etc/nginx belongs to user 1000", also for what cannot be looked at; undefined where only root could
 */
export function changeableByOthers(path: string): string | undefined {
  if (!path.startsWith('/')) return `${path} is not an absolute path`;
  try {
    return strangerOnTheWay(path);
  } catch (error) {
    return `${path}: ${systemErrorText(error)}`;
  }
}

function strangerOnTheWay(path: string): string | undefined {
  const steps = stepsOf(path);
  let folder = '/';
  let place = '/';
  let links = 0;
  /** The sticky folder that this step is in. */
  let shared: string | undefined;
  for (;;) {
    const found = lstatSync(place);
    if (found.uid !== 0) return `${place} belongs to user ${found.uid}`;
    if (found.isDirectory()) {
      folder = place;
      shared = undefined;
      if (mayOthersWrite(found)) {
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
      } else if (mayOthersWrite(found)) return writableByOthers(place, found);
    }
    const step = steps.shift();
    if (step === undefined) return undefined;
    place = step === '..' ? dirname(folder) : join(folder, step);
  }
}

function writableByOthers(place: string, status: Parameters<typeof modeText>[0]): string {
  return `others may write ${place} (mode ${modeText(status)})`;
}

function stepsOf(path: string): string[] {
  return path.split('/').filter((step) => step !== '' && step !== '.');
}
