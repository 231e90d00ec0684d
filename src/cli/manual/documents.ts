import { completionModel } from '../completion/completion-model.js';
import { completions } from '../completion/completion-script.js';
import type { CommandRecord } from '../help/command-record.js';
import { commandPage, overviewPage, pageName, type Edition } from './command-page.js';
import { configurationPage } from './configuration-page.js';

/** What documents are made from: the build's manifest of the commands, and package.json. */
export interface DocumentSources {
  readonly commands: readonly CommandRecord[];
  readonly topics: readonly { readonly name: string; readonly description: string }[];
  /** What restaple is, in one phrase. */
  readonly description: string;
  readonly edition: Edition;
  /** A configuration file. */
  readonly configuration: string;
}

/** The sources, from the texts of oclif.manifest.json, package.json, CHANGELOG.md (the day of the release) and README.md. */
export function documentSources(
  manifestText: string,
  packageText: string,
  changes: string,
  readme: string,
): DocumentSources {
  const { commands } = JSON.parse(manifestText) as { commands: Readonly<Record<string, CommandRecord>> };
  const { oclif, version, description } = JSON.parse(packageText) as {
    version: string;
    description: string;
    oclif: { topics: Readonly<Record<string, { readonly description: string }>> };
  };
  const date = new RegExp(`^## ${version.replaceAll('.', '\\.')} - (\\d{4}-\\d\\d-\\d\\d)$`, 'm').exec(changes)?.[1];
  if (date === undefined) throw new Error(`CHANGELOG.md has no line "## ${version} - YYYY-MM-DD"`);
  const configuration = /^```yaml\n(# \/etc\/restaple\.yaml\n[^`]*)^```$/m.exec(readme)?.[1];
  if (configuration === undefined)
    throw new Error('README.md has no configuration that begins with # /etc/restaple.yaml');
  return {
    commands: Object.values(commands).sort((a, b) => (a.id < b.id ? -1 : 1)),
    topics: Object.entries(oclif.topics).map(([name, topic]) => ({ name, ...topic })),
    description,
    edition: { version, date },
    configuration,
  };
}

/** What the build writes for people and their shells: texts by their paths in `dist/`. */
export function builtDocuments(sources: DocumentSources): Readonly<Record<string, string>> {
  const { commands, topics, description, edition, configuration } = sources;
  const model = completionModel(commands, topics);
  const fetch = commands.find(({ id }) => id === 'fetch');
  if (fetch === undefined) throw new Error('the manifest has no command fetch');
  return Object.fromEntries([
    ['man/restaple.1', overviewPage(description, commands, edition)],
    ...commands.map((command) => [`man/${pageName(command)}.1`, commandPage(command, edition)] as const),
    ['man/restaple.yaml.5', configurationPage(fetch, configuration, edition)],
    ...Object.values(completions).map(({ script, file }) => [`completion/${file}`, script(model)] as const),
  ]);
}
