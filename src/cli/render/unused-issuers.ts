import { shownPath } from '../../core/file-path.js';
import type { IssuerFinder } from '../../source/issuer-finder.js';
import type { Output } from '../output.js';

/** A warning of a whole run, as JSON has it. */
export interface RunWarning {
  readonly code: 'issuer-unused';
  readonly message: string;
  readonly hint: string;
}

/** Warns of each --issuer file that issued none of the certificates, which is mostly that of another CA; each once. */
export function warnOfUnusedIssuers(finder: IssuerFinder, output: Pick<Output, 'warn' | 'hint'>): RunWarning[] {
  const hint = 'name the CA certificate that issued them, or leave it out';
  return finder.takeUnused().map((path) => {
    const message = `--issuer ${shownPath(path)} issued none of the certificates`;
    output.warn(`${message} (issuer-unused)`);
    return { code: 'issuer-unused', message, hint };
  });
}
