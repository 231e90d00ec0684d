import { resolve } from 'node:path';
import { definedOnly } from '../core/defined-only.js';
import { shownPath } from '../core/file-path.js';
import { beginningOf } from '../core/shortened.js';
import { expandGlob } from '../system/glob.js';
import { readRegularFile } from '../system/read-file.js';
import { systemErrorText } from '../system/system-error.js';
import type { ServerRemark } from './discovery.js';

/** Far beyond any file that people write; one of a fleet has a line or two for each certificate. */
const largestFile = 16 * 1024 * 1024;
/** Together with what it includes; a file that is included twice counts twice. */
const maximumFiles = 10_000;
const maximumOctets = 256 * 1024 * 1024;
/** More are read by nobody. */
const maximumRemarks = 1000;

/** Signs that mean something to the library and nothing to glob(3). */
const notOfGlob = /[(){}!+@|]/g;
const maximumWildcards = 3;

/** Whether matching takes little: few folders are listed, and no name is tried in thousands of ways. */
function isCheap(pattern: string): boolean {
  const steps = pattern.split('/').filter((step) => /[*?[]/.test(step));
  return steps.length <= maximumWildcards && steps.every((step) => step.split('*').length - 1 <= maximumWildcards);
}

/** Reads the files of one configuration, and keeps what was not read or not understood. */
export interface ConfigurationReader {
  /** The files that were read, in their order. */
  readonly files: readonly string[];
  readonly remarks: readonly ServerRemark[];
  /** Whether something was left out: then it is not known who may change what the server reads. */
  readonly isPartial: boolean;
  /** The text of a file; undefined where it may not be read or is no file, which is a remark then. */
  read(path: string): string | undefined;
  /** The files that an include names, relative to a folder: several where it is a pattern, none where nothing matches. */
  included(pattern: string, folder: string): readonly string[];
  remark(code: ServerRemark['code'], message: string, hint?: string): void;
  /** An include that is not followed. */
  leaveOut(): void;
}

/**
 * @param server for messages
 * @param printed texts of files as the server printed them, by their paths: those are not read
 */
export function createConfigurationReader(
  server: string,
  printed: ReadonlyMap<string, string> = new Map(),
): ConfigurationReader {
  const files = new Set<string>();
  let reads = 0;
  let octets = 0;
  const remarks: ServerRemark[] = [];
  const said = new Set<string>();
  let isPartial = false;
  const remark: ConfigurationReader['remark'] = (code, message, hint) => {
    // One line in a file that is included twenty times is one remark.
    if (said.has(message) || said.size > maximumRemarks) return;
    said.add(message);
    const isLast = said.size > maximumRemarks;
    const more = `more than ${maximumRemarks} remarks about the configuration of ${server}: the others are left out`;
    remarks.push(isLast ? { code, message: more } : definedOnly({ code, message, hint }));
  };
  return {
    get files() {
      return [...files];
    },
    remarks,
    remark,
    get isPartial() {
      return isPartial;
    },
    leaveOut() {
      isPartial = true;
    },
    read(path) {
      reads += 1;
      if (reads > maximumFiles || octets > maximumOctets) {
        const limit = reads > maximumFiles ? `${maximumFiles} files` : `${maximumOctets} octets`;
        isPartial = true;
        remark('unreadable', `the configuration of ${server} has more than ${limit}: the others were not read`);
        return undefined;
      }
      const text = printed.get(path);
      if (text !== undefined) {
        files.add(path);
        return text;
      }
      try {
        const { bytes, status } = readRegularFile(path, { limit: largestFile });
        octets += bytes?.length ?? 0;
        if (bytes !== undefined && !bytes.includes(0)) {
          files.add(path);
          return Buffer.from(bytes).toString('utf8');
        }
        const tooLarge = status.isFile() ? `has more than ${largestFile} octets` : 'is not a file';
        // No system call takes a path with such an octet.
        const what = bytes === undefined ? tooLarge : 'has a NUL octet, so it is not a text';
        remark('unreadable', `${shownPath(path)} of the configuration of ${server} ${what}`);
      } catch (error) {
        const why = systemErrorText(error);
        const hint =
          why === 'permission denied' ? 'run restaple doctor as root, or as a user who may read it' : undefined;
        remark('unreadable', `${shownPath(path)} of the configuration of ${server} was not read: ${why}`, hint);
      }
      isPartial = true;
      return undefined;
    },
    included(pattern, folder) {
      if (!/[*?[]/.test(pattern)) return [resolve(folder, pattern)];
      // As for glob(3), two asterisks are one: a pattern never descends through a whole disk.
      const plain = pattern.replace(/\*{2,}/g, '*').replace(notOfGlob, '\\$&');
      if (isCheap(plain)) return expandGlob(plain, folder);
      isPartial = true;
      remark(
        'not-understood',
        `the pattern ${beginningOf(pattern)} in the configuration of ${server} has too many wildcards`,
      );
      return [];
    },
  };
}
