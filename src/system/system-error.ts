const texts: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  ENOENT: 'it does not exist',
  ENOTDIR: 'part of its path is not a folder',
  EISDIR: 'it is a folder',
  ENOSPC: 'no space left',
  EROFS: 'its file system is mounted read-only',
};

/** The system's code of a failed call (`ENOSPC`), or undefined for anything that is not a system error. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What a failed system call means, in words: for `EACCES` `permission denied`; the code itself where there are no words for it. */
export function systemErrorText(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return texts[code] ?? code;
}
