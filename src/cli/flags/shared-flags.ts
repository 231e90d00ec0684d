import { Args, Flags } from '@oclif/core';
import { OcspError } from '../../core/index.js';
import type { Shard } from '../../core/shard.js';
import { parseShard, shardForm } from './shard-value.js';
import { parseDuration, parseRate, parseRefreshPolicy, parseTime } from './values.js';

/** A flag whose value does not parse: exit 2, with what was expected. */
function malformed(flag: string, text: string, expected: string): OcspError {
  return new OcspError(
    'usage',
    `--${flag}: "${text}" is not ${expected}`,
    `for example --${flag} ${examples[flag] ?? ''}`.trim(),
  );
}

const examples: Readonly<Record<string, string>> = {
  timeout: '10s',
  'connect-timeout': '3s',
  'refresh-at': '50%',
  'alert-before': '12h',
  skew: '5m',
  'max-age': '3d',
  warn: '24h',
  critical: '6h',
  at: '2026-03-01T12:00:00Z',
  header: "'X-Api-Key: abc'",
  rate: '20/s',
  shard: '0/4',
};

/** A duration in milliseconds: 90s, 5m, 12h, 3d. */
export const durationFlag = Flags.custom<number>({
  helpValue: '<duration>',
  parse: (text, _context, { name }) => {
    const milliseconds = parseDuration(text);
    if (milliseconds === undefined) throw malformed(name, text, 'a duration');
    return Promise.resolve(milliseconds);
  },
});

/** A duration that must be longer than nothing. */
export const positiveDurationFlag = Flags.custom<number>({
  helpValue: '<duration>',
  parse: (text, _context, { name }) => {
    const milliseconds = parseDuration(text);
    if (milliseconds === undefined || milliseconds === 0) throw malformed(name, text, 'a duration above zero');
    return Promise.resolve(milliseconds);
  },
});

/** A point in time: ISO 8601 or unix seconds. */
export const timeFlag = Flags.custom<Date>({
  helpValue: '<time>',
  parse: (text, _context, { name }) => {
    const time = parseTime(text);
    if (time === undefined) throw malformed(name, text, 'a time (ISO 8601 or unix seconds)');
    return Promise.resolve(time);
  },
});

/** When to refresh: `50%` of the window or a duration before its end. */
export const refreshFlag = Flags.custom<NonNullable<ReturnType<typeof parseRefreshPolicy>>>({
  helpValue: '<50%|12h>',
  parse: (text, _context, { name }) => {
    const policy = parseRefreshPolicy(text);
    if (policy === undefined) throw malformed(name, text, 'a percentage up to 100% or a duration');
    return Promise.resolve(policy);
  },
});

/** Requests a second: `20/s`, `100/m`. */
export const rateFlag = Flags.custom<number>({
  helpValue: '<20/s>',
  parse: (text, _context, { name }) => {
    const perSecond = parseRate(text);
    if (perSecond === undefined) throw malformed(name, text, 'a rate');
    return Promise.resolve(perSecond);
  },
});

/** `K: V` as a pair. */
export const headerFlag = Flags.custom<readonly [string, string]>({
  helpValue: "<'K: V'>",
  parse: (text, _context, { name }) => {
    const colon = text.indexOf(':');
    if (colon < 1) throw malformed(name, text, "of the form 'Name: value'");
    return Promise.resolve([text.slice(0, colon).trim(), text.slice(colon + 1).trim()] as const);
  },
});

/** One part of a fleet, `I/N`. */
export const shardFlag = Flags.custom<Shard>({
  helpValue: '<I/N>',
  parse: (text, _context, { name }) => {
    const shard = parseShard(text);
    if (shard === undefined) throw malformed(name, text, shardForm);
    return Promise.resolve(shard);
  },
});

/** Paths of certificates; `-` reads them from stdin. */
export const certificateArguments = {
  certificate: Args.string({
    description: 'certificate files, folders of them, quoted globs, or - to read paths from stdin, one a line',
    ignoreStdin: true,
  }),
};

/** Flags of every command that takes certificates. */
export const certificateFlags = {
  null: Flags.boolean({
    // oclif's types know letters only; its parser takes any character.
    char: '0' as 'z',
    description: 'paths on stdin end with NUL instead of a line feed',
    default: false,
  }),
};

/** Where issuers may be found. */
export const issuerFlags = {
  issuer: Flags.string({
    description: 'the CA certificate, or a folder of them; asked before any other source',
    helpValue: '<file|folder>',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
  }),
};

/** Responders that the caller trusts by name. */
export const trustFlags = {
  'trusted-responder': Flags.string({
    description: 'certificate of a responder that may answer by your word',
    helpValue: '<file>',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
  }),
};
