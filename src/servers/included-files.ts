import { resolve } from 'node:path';
import { expandGlob } from '../system/glob.js';
import { readRegularFile } from '../system/read-file.js';
import { systemErrorText } from '../system/system-error.js';
import type { ServerRemark } from './discovery.js';

/** Far beyond any file that people write; one of a fleet has a line or two for each certificate. */
const largestFile = 16 * 1024 * 1024;
/** Together with what it includes. */
const maximumFiles = 10_000;

/** Reads the files of one configuration, and keeps what was not read or not understood. */
export interface ConfigurationReader {
  /** The files that were read, in their order. */
  readonly files: readonly string[];
  readonly remarks: readonly ServerRemark[];
  /** The text of a file; undefined where it may not be read or is no file, which is a remark then. */
  read(path: string): string | undefined;
  /** The files that an include names, relative to a folder: several where it is a pattern, none where nothing matches. */
  included(pattern: string, folder: string): readonly string[];
  remark(code: ServerRemark['code'], message: string, hint?: string): void;
}

/**
 * @param server for messages
 * @param printed texts of files as the server printed them, by their paths: those are not read
 */
export function createConfigurationReader(
  server: string,
  printed: ReadonlyMap<string, string> = new Map(),
): ConfigurationReader {
  const files: string[] = [];
  const remarks: ServerRemark[] = [];
  const remark: ConfigurationReader['remark'] = (code, message, hint) => {
    // One line in a file that is included twenty times is one remark.
    if (remarks.some((one) => one.message === message)) return;
    remarks.push(hint === undefined ? { code, message } : { code, message, hint });
  };
  return {
    files,
    remarks,
    remark,
    read(path) {
      if (files.length >= maximumFiles) {
        remark(
          'unreadable',
          `the configuration of ${server} has more than ${maximumFiles} files: the others were not read`,
        );
        return undefined;
      }
      const text = printed.get(path);
      if (text !== undefined) {
        if (!files.includes(path)) files.push(path);
        return text;
      }
      try {
        const { bytes, status } = readRegularFile(path, { limit: largestFile });
        if (bytes !== undefined) {
          if (!files.includes(path)) files.push(path);
          return Buffer.from(bytes).toString('utf8');
        }
        const what = status.isFile() ? `has more than ${largestFile} octets` : 'is not a file';
        remark('unreadable', `${path} of the configuration of ${server} ${what}`);
      } catch (error) {
        const why = systemErrorText(error);
        const hint =
          why === 'permission denied' ? 'run restaple doctor as root, or as a user who may read it' : undefined;
        remark('unreadable', `${path} of the configuration of ${server} was not read: ${why}`, hint);
      }
      return undefined;
    },
    included(pattern, folder) {
      // As for glob(3), two asterisks are one: a pattern never descends through a whole disk.
      const path = resolve(folder, pattern.replace(/\*{2,}/g, '*'));
      return /[*?[]/.test(path) ? expandGlob(path) : [path];
    },
  };
}
