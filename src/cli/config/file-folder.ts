import { joinPath } from '../../core/file-path.js';
import type { FlagDefinition } from '../flags/environment-flags.js';

/** Whether the flag's value is a path, by what its help says that it takes: a file or a folder. */
export function isPathFlag({ helpValue }: FlagDefinition): boolean {
  return typeof helpValue === 'string' && /\b(?:file|folder)\b/.test(helpValue);
}

/** A path of the file, from the folder that the file is in. */
export function inFolder(folder: string, path: string): string {
  return String(joinPath(folder, path));
}

/** Where staples go, from that folder; `{dir}` is the certificate's folder, which is absolute by then. */
export function templateInFolder(folder: string, out: string): string {
  return out.startsWith('{dir}') ? out : inFolder(folder, out);
}

/** A path or glob from that folder, whose own name is no pattern. */
export function patternInFolder(folder: string, path: string): string {
  const isPattern = /[*?[{]/.test(path);
  return inFolder(isPattern ? folder.replace(/[\\*?[\]{}()!|+@]/g, '\\$&') : folder, path);
}

/** The value of a flag, with its path made absolute where it has one. */
export function flagTextInFolder(folder: string, name: string, flag: FlagDefinition, text: string): string {
  if (name === 'out') return templateInFolder(folder, text);
  if (name === 'confirm') return confirmPlaceInFolder(folder, text);
  return isPathFlag(flag) ? inFolder(folder, text) : text;
}

/** `CERT=HOST:PORT#NAME` names a certificate as the run does, whose paths are absolute. */
function confirmPlaceInFolder(folder: string, text: string): string {
  const hash = text.indexOf('#');
  const equals = (hash < 0 ? text : text.slice(0, hash)).lastIndexOf('=');
  return equals < 1 ? text : inFolder(folder, text.slice(0, equals)) + text.slice(equals);
}
