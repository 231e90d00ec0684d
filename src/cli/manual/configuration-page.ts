import { BaseCommand } from '../base-command.js';
import { fetchFlags } from '../fetch/fetch-flags.js';
import { flagPlaces, knownKeys } from '../config/schema.js';
import { withEnvironment } from '../flags/flag.js';
import { describe } from '../help/flag-words.js';
import type { CommandRecord, FlagRecord } from '../help/command-record.js';
import { sentence, type Edition } from './command-page.js';
import {
  bold,
  entries,
  italic,
  literal,
  manualPage,
  paragraphs,
  prose,
  references,
  section,
  subsection,
  textLines,
  type Entry,
} from './roff.js';

/** Settings that are no flags, by the section of the schema that has them. */
const ownSettings: Readonly<Record<'file' | 'certificates' | 'responders', Readonly<Record<string, string>>>> = {
  file: {
    certificates:
      'The certificates: a path, a mapping with the keys below, or a list of these. A path is a file, a folder, a glob, or the tree of an ACME client.',
    responders:
      'Whom to ask instead of the responder that a certificate names: a list of mappings with the keys below. The first that fits counts.',
    hooks: 'Commands, each run without a shell for one certificate.',
    defaults: 'Any other flag of fetch that is not about one run.',
  },
  certificates: {
    path: 'Where the certificates are. A mapping has either this or crt-list.',
    'crt-list': 'A crt-list of haproxy that names them.',
    'crt-base': "The folder that relative names in the crt-list start at. The default is the list's own.",
    out: 'Where their staples go, instead of defaults.out.',
    reload: "Which servers to tell about their staples, instead of the file's list: one or a list, and [] for none.",
    confirm: "Where to check them by a handshake, instead of the file's list: one or a list, and [] for none.",
  },
  responders: {
    host: 'The host of the responder, or HOST:PORT. A mapping has either this or issuer.',
    issuer: 'A file with the certificate of the issuer whose certificates are meant. It goes before a host.',
    url: 'The URL to ask, which may be a private address, or none to ask nobody.',
  },
};

const description = `restaple fetch reads its configuration from the file that --config or the variable RESTAPLE_CONFIG names, \
else from /etc/restaple.yaml if no CERT is on the command line. Flags override variables, and variables override the file.

The file is YAML 1.2 in UTF-8, at most 4 MiB, one document, without tags and without a key twice. Values are written as on the \
command line. A relative path, glob or out is relative to the folder of the file; an out that begins with {dir} is relative to the \
certificate.

The file names commands that restaple runs. It is refused unless it belongs to root or to the user of the run, and neither group \
nor others may write it; the same goes for its folder.

restaple config check prints what takes effect, and every mistake with its line.`;

/** What fetch may find in a file. */
const definitions = { ...withEnvironment(BaseCommand.baseFlags), ...fetchFlags };

/** restaple.yaml(5): the settings of the schema, with what their flags say. */
export function configurationPage(fetch: CommandRecord, example: string, edition: Edition): string {
  const places = flagPlaces(definitions);
  const within = (name: string): Entry[] =>
    places
      .filter(({ 2: [first, second] }) => first === name && second !== undefined)
      // Those with a section of their own stand there.
      .filter(([, { section: own }]) => name !== 'defaults' || own === undefined)
      .map(([flag, , [, key = '']]) => flagSetting(key, fetch.flags[flag]));
  const top = knownKeys(definitions).map((key): Entry => {
    const place = places.find(({ 2: [first, second] }) => first === key && second === undefined);
    return place === undefined ? ownSetting('file', key) : flagSetting(key, fetch.flags[place[0]]);
  });
  const own = (name: 'certificates' | 'responders'): Entry[] =>
    knownKeys(definitions, name).map((key) => ownSetting(name, key));
  return manualPage(
    { name: 'restaple.yaml', section: 5, summary: 'the configuration file of restaple fetch', ...edition },
    [
      ...section('Description', paragraphs(description)),
      ...section('Settings', [
        ...entries(top),
        ...subsection('Keys of a mapping in certificates', entries(own('certificates'))),
        ...subsection('Keys of a mapping in responders', entries(own('responders'))),
        ...subsection('Keys of hooks', entries(within('hooks'))),
        ...subsection('Keys of defaults', [
          ...textLines(
            prose(
              'A setting above may stand here too, by the name of its flag, but not in both places. A switch is true or false.',
            ),
          ),
          ...entries(within('defaults')),
        ]),
      ]),
      ...section('Files', entries([{ label: italic('/etc/restaple.yaml'), text: 'The file if no other is named.' }])),
      ...section('Examples', literal(example.trimEnd().split('\n'))),
      ...section('See also', [
        ...references(['restaple(1)', 'restaple-fetch(1)', 'restaple-config-check(1)']),
        '.PP',
        ...textLines(
          prose('In the documentation of the package: docs/configuration.md, with an example of every setting.'),
        ),
      ]),
    ],
  );
}

function ownSetting(part: keyof typeof ownSettings, key: string): Entry {
  const text = ownSettings[part][key];
  if (text === undefined) throw new Error(`the manual does not say what ${key} in ${part} is`);
  return { label: bold(key), text };
}

function flagSetting(key: string, flag: FlagRecord | undefined): Entry {
  if (flag === undefined) throw new Error(`fetch has no flag for the setting ${key}`);
  const again = flag.multiple === true ? ' One value or a list.' : '';
  return { label: bold(key), text: `${sentence(describe(flag))}${again}` };
}
