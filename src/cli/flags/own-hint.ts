import { OcspError } from '../../core/index.js';
import type { FlagDefinitions } from './flag.js';

/** What of a flag its spelling on the command line depends on. */
type Flags = Readonly<Record<string, unknown>>;

/**
 * A hint as this command can give it: what names a flag that the command does not have is left out. Hints come from
 * floors that know no commands; there each piece of advice stands on its own, before or after `; `, `, or ` or `, and `, or after `or --`.
 * A flag of another command is named with that command: `restaple fetch --force`.
 */
export function ownHint(hint: string, flags: Flags): string {
  if (!namesOther(hint, flags)) return hint;
  return hint
    .split('; ')
    .map((clause) => withoutOthers(clause, flags))
    .filter((clause) => clause !== '')
    .join('; ');
}

function withoutOthers(clause: string, flags: Flags): string {
  const pieces = clause.split(/(?=, (?:or|and) )|(?<!,)(?= (?:or|and) --)/);
  const kept = pieces.filter((piece) => !namesOther(piece, flags));
  return kept.join('').replace(/^,? (?:or|and) /, '');
}

function namesOther(text: string, flags: Flags): boolean {
  // Not in a command of somebody else's, as in exec:'/usr/local/bin/deploy --staple'.
  const own = text.replace(/(?<=[\s:])'[^']*'/g, '').replace(/\brestaple [a-z]+(?: [^;,:()]*)?/g, '');
  return [...own.matchAll(/(?<=^|[\s(])--([a-z][a-z0-9-]*)/g)].some(([, name = '']) => !hasFlag(flags, name));
}

function hasFlag(flags: Flags, name: string): boolean {
  return Object.hasOwn(flags, name) || (name.startsWith('no-') && Object.hasOwn(flags, name.slice('no-'.length)));
}

/** The same for an error that ends the run. */
export function withOwnHint<Thrown>(error: Thrown, flags: FlagDefinitions): Thrown | OcspError {
  if (!(error instanceof OcspError)) return error;
  const hint = ownHint(error.hint, flags);
  return hint === error.hint ? error : new OcspError(error.code, error.message, hint, { cause: error });
}
