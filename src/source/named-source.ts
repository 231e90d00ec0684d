import type { FilePath } from '../core/file-path.js';

/** What the user names: a file, folder, glob or certbot tree, or a crt-list of haproxy; and where its staples go when that is said. */
export type NamedSource =
  | { readonly path: FilePath; readonly out?: string }
  | { readonly crtList: FilePath; readonly base?: FilePath; readonly out?: string };
