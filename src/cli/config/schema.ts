import { array, optional, refine, strictObject, string, union, type ZodMiniType, type infer as Infer } from 'zod/mini';
import { flagSections, type FlagDefinition, type FlagDefinitions } from '../flags/flag.js';

const text = string({ error: 'expected one value' });
const texts = union([text, array(text)], { error: 'expected a value or a list of values' });

const certificateKeys = {
  path: optional(text),
  'crt-list': optional(text),
  'crt-base': optional(text),
  out: optional(text),
  reload: optional(texts),
  confirm: optional(texts),
};
const certificateExpected = 'expected a path, or a mapping with path or crt-list';
const certificate = union(
  [
    string(),
    strictObject(certificateKeys).check(
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

const responderKeys = {
  host: optional(text),
  issuer: optional(text),
  url: string({ error: 'expected url: a URL or none' }),
};
const responder = strictObject(responderKeys, { error: 'expected a mapping with host or issuer, and url' }).check(
  refine((one) => (one.host === undefined) !== (one.issuer === undefined), { error: 'expected either host or issuer' }),
);

export type CertificateEntry = Infer<typeof certificate>;
export type ResponderEntry = Infer<typeof responder>;

/** A configuration as it stands in the file, without what flags say; that is texts, to be parsed by their flags. */
export interface ConfigurationShape {
  readonly certificates?: CertificateEntry | readonly CertificateEntry[];
  readonly responders?: readonly ResponderEntry[];
}

/** A flag and where in the file its value may stand. */
type FlagPlace = readonly [name: string, flag: FlagDefinition, path: readonly [string] | readonly [string, string]];

/** Where the file may give values of these flags: under `defaults`, and some in a section of their own or as a hook. */
export function flagPlaces(flags: FlagDefinitions): FlagPlace[] {
  const all = Object.entries(flags);
  const own = [...flagSections, 'hooks'].flatMap((section) =>
    all
      .filter(([, flag]) => flag.section === section)
      .map(([name, flag]): FlagPlace => [name, flag, section === 'hooks' ? [section, name] : [section]]),
  );
  const settable = all.filter(([, { isOfOneRun }]) => isOfOneRun !== true);
  return [...own, ...settable.map(([name, flag]): FlagPlace => [name, flag, ['defaults', name]])];
}

/** The keys of the file for a command with these flags, and of each section that is a mapping, with what they hold. */
function keysOf(flags: FlagDefinitions) {
  const places = flagPlaces(flags);
  const flagKeys = (section?: string): Record<string, ZodMiniType> =>
    Object.fromEntries(
      places
        .filter(({ 2: [first, second] }) => (second === undefined ? undefined : first) === section)
        .map(([, { multiple }, path]): [string, ZodMiniType] => [
          path.at(-1) ?? '',
          optional(multiple === true ? texts : text),
        ]),
    );
  const [hooks, defaults] = [flagKeys('hooks'), flagKeys('defaults')];
  const file = {
    certificates: optional(
      union([certificate, array(certificate)], { error: `${certificateExpected}, or a list of them` }),
    ),
    responders: optional(array(responder, { error: 'expected a list' })),
    ...flagKeys(),
    hooks: optional(strictObject(hooks, { error: 'expected a mapping such as on-failed: COMMAND' })),
    defaults: optional(strictObject(defaults, { error: 'expected a mapping such as timeout: 10s' })),
  };
  return { file, certificates: certificateKeys, responders: responderKeys, hooks, defaults };
}

/** The schema of the file for a command with these flags. */
export function configurationSchema(flags: FlagDefinitions) {
  const error = 'expected a mapping such as certificates: [/etc/haproxy/certs]';
  return strictObject(keysOf(flags).file, { error });
}

/** The keys that a section of the file may have; without a section, the file itself. */
export function knownKeys(flags: FlagDefinitions, section = 'file'): string[] {
  return Object.keys((keysOf(flags) as Record<string, object>)[section] ?? {});
}
