import { Flags, type Interfaces } from '@oclif/core';
import { OcspError } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import type { FlagTraits } from './flag.js';
import { filled, inFolder, isStdout, outInFolder } from '../config/file-folder.js';
import { parseDuration, parseTime } from './values.js';

/** What may be said of a flag beside its description. */
export interface FlagDetails extends FlagTraits {
  readonly options?: readonly string[];
  readonly helpValue?: string;
  /** The line of -h. A flag that has none is not among the usual ones, and only --help shows it. */
  readonly summary?: string;
  /** What help shows where the default is not a value. */
  readonly shownDefault?: string;
  /** A good value, for the message about a bad one; the default where there is none. */
  readonly example?: string;
  readonly dependsOn?: readonly string[];
  readonly exclusive?: readonly string[];
}

/** A default is written as on the command line. */
type AlwaysThere<Default> = FlagDetails & ({ readonly default: Default } | { readonly required: true });

/** Declares flags of one kind. */
export interface FlagKind<Value> {
  (description: string, details: AlwaysThere<string>): Interfaces.OptionFlag<Value>;
  (description: string, details?: FlagDetails): Interfaces.OptionFlag<Value | undefined>;
}

/**
 * A kind of flag with a value. `read` returns undefined for a text that is not understood, which is an OcspError `usage`
 * that says what was `expected`.
 */
export function flagKind<Value>({
  read,
  expected = 'a value',
  ...usual
}: FlagDetails & {
  readonly read: (text: string) => Value | undefined;
  readonly expected?: string;
}): FlagKind<Value> {
  const declare = (description: string, own: FlagDetails & { readonly default?: string } = {}): object => {
    const { default: text, shownDefault = text, example = usual.example ?? text ?? '', ...details } = own;
    const { masked = (word: string): string => word } = { ...usual, ...details };
    const value = text === undefined ? undefined : read(text);
    return definedOnly({
      ...Flags.string({ description }),
      ...usual,
      ...details,
      parse: (word: string, _context: object, { name }: { readonly name: string }): Promise<Value> => {
        const found = read(word);
        if (found !== undefined) return Promise.resolve(found);
        throw new OcspError(
          'usage',
          `--${name}: "${masked(word)}" is not ${expected}`,
          `for example --${name} ${example}`,
        );
      },
      default: value,
      defaultHelp: shownDefault === value ? undefined : () => Promise.resolve(shownDefault),
    });
  };
  return declare as FlagKind<Value>;
}

/** The flag, given once for each of several values. */
export function severalOf<Value>(flag: Interfaces.OptionFlag<Value | undefined>) {
  return { ...flag, multiple: true, multipleNonGreedy: true } as unknown as Interfaces.OptionFlag<Value[] | undefined>;
}

/** The same with an empty list for none. */
export function listOf<Value>(flag: Interfaces.OptionFlag<Value | undefined>) {
  return { ...severalOf(flag), default: [] } as unknown as Interfaces.OptionFlag<Value[]>;
}

/** A flag without a value, off by default. */
export function switchFlag(
  description: string,
  details: FlagDetails & {
    readonly char?: string;
    readonly default?: boolean | undefined;
    readonly allowNo?: true;
  } = {},
) {
  return Flags.boolean({ description, default: false, ...details } as Partial<Interfaces.BooleanFlag<boolean>>);
}

/** One of these words. */
export function choiceFlag<const Choice extends string>(options: readonly Choice[]): FlagKind<Choice> {
  return flagKind<Choice>({ options, read: (text) => options.find((option) => option === text) });
}

/** Text that is taken as it is. */
export const textFlag = flagKind({ read: (text) => text });

export const fileFlag = flagKind({ helpValue: '<file>', inFolder: filled(inFolder), read: (text) => text });

const unlessStdout = (text: string): string | undefined => (text === '' || isStdout(text) ? undefined : text);

/** Where a staple is. */
export const outFlag = flagKind({
  helpValue: '<file|folder|template>',
  expected: 'a file, a folder or a template: - is for fetch and generate',
  example: '/etc/nginx/ocsp/',
  read: unlessStdout,
});

const newFile = {
  helpValue: '<file>',
  inFolder: filled(inFolder),
  expected: 'the name of a file',
  read: unlessStdout,
};

/** A file that is written and is no staple: for stdout it would be one named `-`. */
export const newFileFlag = flagKind(newFile);

/** Where a page goes. */
export const pageFlag = flagKind({ ...newFile, example: '/var/www/html/staples.html' });

/** Where a staple goes, which may be stdout. */
export const newStapleFlag = flagKind({
  helpValue: '<file|folder|template|->',
  inFolder: outInFolder,
  expected: 'a file, a folder, a template or -',
  example: '/etc/nginx/ocsp/',
  read: (text) => (text === '' ? undefined : text),
});

/** A duration in milliseconds: 90s, 5m, 12h, 3d. */
export const durationFlag = flagKind({ helpValue: '<duration>', expected: 'a duration', read: parseDuration });

/** A duration that must be longer than nothing. */
export const positiveDurationFlag = flagKind({
  helpValue: '<duration>',
  expected: 'a duration above zero',
  read: (text) => {
    const milliseconds = parseDuration(text);
    return milliseconds === 0 ? undefined : milliseconds;
  },
});

/** A point in time: ISO 8601 or unix seconds. */
export const timeFlag = flagKind({
  helpValue: '<time>',
  expected: 'a time (ISO 8601 or unix seconds)',
  example: '2026-03-01T12:00:00Z',
  read: parseTime,
});
