import type { FilePath } from '../core/file-path.js';

/** What a source of the configuration may say of its own certificates. */
export interface SourceTraits {
  /** Where their staples go. */
  readonly out?: string;
  /** Whom to tell of them, instead of the file's targets. */
  readonly reload?: readonly string[];
  /** Where handshakes prove them, instead of the file's places. */
  readonly confirm?: readonly string[];
}

/** What the user names: a file, folder, glob or tree of an ACME client, or a crt-list of haproxy. */
export type NamedSource = SourceTraits &
  ({ readonly path: FilePath } | { readonly crtList: FilePath; readonly base?: FilePath });
