/** What a failed call means, of a path as the subject. */
const texts: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  ENOENT: 'it does not exist',
  ENOTDIR: 'part of its path is not a folder',
  EISDIR: 'it is a folder',
  ELOOP: 'its path has too many symbolic links',
  ENAMETOOLONG: 'its name is too long for the file system',
  ENOSPC: 'no space left',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'its file system is mounted read-only',
  EBUSY: 'it is in use, or a mount point of its own',
  EIO: 'the disk failed',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this system',
};

/** The system's code of a failed call (`ENOSPC`), or undefined for anything that is not a system error. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What a call gives, or something else where the system refuses it: what is not there, or this user may not see. */
export function unlessRefused<Value>(look: () => Value, otherwise: Value): Value {
  try {
    return look();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return otherwise;
  }
}

/** What a failed system call means, in words: for `EACCES` `permission denied`; the code itself where there are no words for it. */
export function systemErrorText(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return texts[code] ?? code;
}
