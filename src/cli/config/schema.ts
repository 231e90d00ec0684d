import { array, optional, refine, strictObject, string, union, type infer as Infer } from 'zod/mini';
import type { FlagDefinitions } from '../flags/environment-flags.js';

/** Flags of one run on the command line: a file that set them would be a trap, or a circle. */
const commandLineFlags: ReadonlySet<string> = new Set([
  'config',
  'json',
  'null',
  'at',
  'request-out',
  'print-curl',
  // What `certificates` says, and what would keep a deploy hook with the same file running for ever.
  'crt-list',
  'watch',
]);

/** Whether this flag can only stand on the command line. */
export function isCommandLineFlag(flag: string): boolean {
  return commandLineFlags.has(flag);
}

/** Sections that are a flag each, by the flag's name; those whose flag does not exist are unknown keys. */
const sectionFlags: Readonly<Record<string, string>> = {
  issuers: 'issuer',
  'trusted-responders': 'trusted-responder',
  reload: 'reload',
  confirm: 'confirm',
  'dnsdist-key-file': 'dnsdist-key-file',
  metrics: 'metrics',
  lock: 'lock',
  'lock-wait': 'lock-wait',
};

const hookFlags = ['on-updated', 'on-failed', 'on-revoked'] as const;

const text = string({ error: 'expected one value' });
const texts = union([text, array(text)], { error: 'expected a value or a list of values' });

const certificateExpected = 'expected a path, or a mapping with path or crt-list';

const certificate = union(
  [
    string(),
    strictObject({
      path: optional(text),
      'crt-list': optional(text),
      'crt-base': optional(text),
      out: optional(text),
    }).check(
      refine((one) => (one.path === undefined) !== (one['crt-list'] === undefined), {
        error: 'expected either path or crt-list',
      }),
      refine((one) => one['crt-base'] === undefined || one['crt-list'] !== undefined, {
        error: 'crt-base without crt-list, expected both',
      }),
    ),
  ],
  { error: certificateExpected },
);

const responder = strictObject(
  { host: optional(text), issuer: optional(text), url: string({ error: 'expected url: a URL or none' }) },
  { error: 'expected a mapping with host or issuer, and url' },
).check(
  refine((one) => (one.host === undefined) !== (one.issuer === undefined), { error: 'expected either host or issuer' }),
);

export type CertificateEntry = Infer<typeof certificate>;
export type ResponderEntry = Infer<typeof responder>;

/** A configuration as it stands in the file; `defaults` and the sections of flags are texts, to be parsed by their flags. */
export interface ConfigurationShape {
  readonly certificates?: CertificateEntry | readonly CertificateEntry[];
  readonly responders?: readonly ResponderEntry[];
}

/** A flag and where in the file its value may stand. */
export interface FlagPlace {
  readonly flag: string;
  readonly path: readonly string[];
}

/** Where the file may give values of these flags. Every flag but a few may stand under `defaults`; some have a section. */
export function flagPlaces(flags: FlagDefinitions): FlagPlace[] {
  const sections = Object.entries(sectionFlags).map(([section, flag]) => ({ flag, path: [section] }));
  const hooks = hookFlags.map((flag) => ({ flag, path: ['hooks', flag] }));
  const defaults = Object.keys(flags)
    .filter((flag) => !commandLineFlags.has(flag))
    .map((flag) => ({ flag, path: ['defaults', flag] }));
  return [...sections, ...hooks, ...defaults].filter(({ flag }) => flag in flags);
}

/** The schema of the file for a command with these flags. */
export function configurationSchema(flags: FlagDefinitions) {
  const shapeOf = (section: readonly string[]) =>
    Object.fromEntries(
      placesIn(flags, section).map(({ flag, path }) => [
        path.at(-1) ?? '',
        optional(flags[flag]?.multiple === true ? texts : text),
      ]),
    );
  return strictObject(
    {
      certificates: optional(
        union([certificate, array(certificate)], { error: `${certificateExpected}, or a list of them` }),
      ),
      responders: optional(array(responder, { error: 'expected a list' })),
      ...shapeOf([]),
      hooks: optional(strictObject(shapeOf(['hooks']), { error: 'expected a mapping such as on-failed: COMMAND' })),
      defaults: optional(strictObject(shapeOf(['defaults']), { error: 'expected a mapping such as timeout: 10s' })),
    },
    { error: 'expected a mapping such as certificates: [/etc/haproxy/certs]' },
  );
}

/** The keys that a section of the file may have; the section of no name is the file itself. */
export function knownKeys(flags: FlagDefinitions, section: readonly string[]): readonly string[] {
  const own = placesIn(flags, section).map(({ path }) => path.at(-1) ?? '');
  switch (section[0]) {
    case undefined:
      return ['certificates', 'responders', ...own, 'hooks', 'defaults'];
    case 'certificates':
      return ['path', 'crt-list', 'crt-base', 'out'];
    case 'responders':
      return ['host', 'issuer', 'url'];
    default:
      return own;
  }
}

function placesIn(flags: FlagDefinitions, section: readonly string[]): FlagPlace[] {
  return flagPlaces(flags).filter(
    ({ path }) => path.length === section.length + 1 && section.every((name, index) => path[index] === name),
  );
}
