import { OcspError } from '../../core/index.js';
import { joinPath } from '../../core/file-path.js';

/** A path of the file, from the folder that the file is in. */
export function inFolder(folder: string, path: string): string {
  return String(joinPath(folder, path));
}

/** Where staples go, from that folder; `{dir}` is the certificate's folder, which is absolute by then. */
export function templateInFolder(folder: string, out: string): string {
  return out.startsWith('{dir}') ? out : inFolder(folder, out);
}

/** --out - is stdout, and not a file of that name. */
export function isStdout(out: string | undefined): boolean {
  return out === '-';
}

/** The same for a path that must be there, and a file: a run by a configuration has nobody at its stdout. */
export function outInFolder(folder: string, out: string): string {
  requireFile(out);
  return templateInFolder(folder, out);
}

/** Throws OcspError `usage` for what is empty or stdout. */
export function requireFile(out: string): void {
  if (out === '') throw new OcspError('usage', 'is empty, expected a path');
  if (isStdout(out)) throw new OcspError('usage', '- (stdout) is for the command line only, expected a path');
}

/** A path or glob from that folder, whose own name is not a pattern. */
export function patternInFolder(folder: string, path: string): string {
  const isPattern = /[*?[{]/.test(path);
  return inFolder(isPattern ? folder.replace(/[\\*?[\]{}()!|+@]/g, '\\$&') : folder, path);
}

/** `CERT=HOST:PORT#NAME` names a certificate as the run does, whose paths are absolute. */
export function confirmPlaceInFolder(folder: string, text: string): string {
  const equals = (text.split('#', 1)[0] ?? '').lastIndexOf('=');
  return equals < 1 ? text : inFolder(folder, text.slice(0, equals)) + text.slice(equals);
}

/** The same for a path that must not be empty. Throws OcspError `usage`. */
export function filled(place: typeof inFolder): typeof inFolder {
  return (folder, path) => {
    if (path === '') throw new OcspError('usage', 'is empty, expected a path');
    return place(folder, path);
  };
}
