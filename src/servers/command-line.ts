import { resolve } from 'node:path';
import type { HostProcess } from '../system/host-processes.js';

/** The value of an option, `-c FILE` or `-cFILE`. */
export function optionValue(words: readonly string[], option: string): string | undefined {
  const index = words.findIndex((word) => word.startsWith(option));
  const word = words[index];
  if (word === undefined) return undefined;
  return word === option ? words[index + 1] : word.slice(option.length);
}

/** The value of an option, `--config=FILE` or `--config FILE`. */
export function longOption(
  { arguments: words }: Pick<HostProcess, 'arguments'>,
  ...names: string[]
): string | undefined {
  for (const [index, word] of words.entries()) {
    const name = names.find((one) => word === one || word.startsWith(`${one}=`));
    if (name !== undefined) return word === name ? words[index + 1] : word.slice(name.length + 1);
  }
  return undefined;
}

/** A file as a process names it, absolute; none where it names none. */
export function fileIn({ workingFolder = '/' }: HostProcess, file: string | undefined): string[] {
  return file === undefined ? [] : [resolve(workingFolder, file)];
}
