import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRegularFile } from '../../system/read-file.js';
import { changeableByOthers } from '../../system/root-only.js';
import { unlessRefused } from '../../system/system-error.js';

/** Nobody has a crontab, a unit or a script so large. */
const largestFile = 1024 * 1024;

/** The text of a file; undefined where there is none, or this user may not read it. */
export function textOfFile(file: string): string | undefined {
  return unlessRefused(() => {
    const { bytes } = readRegularFile(file, { limit: largestFile });
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
  }, undefined);
}

/** The files of a folder without the hidden ones, which cron, systemd and certbot pass over. */
export function filesIn(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(folder, name));
}

/** Sorted; none where this user may not list the folder. */
export function namesIn(folder: string): string[] {
  return unlessRefused(() => readdirSync(folder).sort(), []);
}

/**
 * Who besides root could change one of these files, where this process is root: any user may start a program that has a
 * server's name, and its configuration must not tell root what to run and where to write.
 */
export function strangerTo(configurations: readonly string[], isRoot = false): string | undefined {
  if (!isRoot) return undefined;
  for (const file of configurations) {
    const stranger = changeableByOthers(file);
    if (stranger !== undefined && existsSync(file)) return stranger;
  }
  return undefined;
}
