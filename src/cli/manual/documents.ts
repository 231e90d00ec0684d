import { completionModel } from '../completion/completion-model.js';
import { completions } from '../completion/completion-script.js';
import type { CommandRecord } from '../help/command-record.js';

/** What documents are made from: the build's manifest of the commands, and package.json. */
export interface DocumentSources {
  readonly commands: readonly CommandRecord[];
  readonly topics: readonly { readonly name: string; readonly description: string }[];
}

/** The sources, from the texts of oclif.manifest.json and package.json. */
export function documentSources(manifestText: string, packageText: string): DocumentSources {
  const { commands } = JSON.parse(manifestText) as { commands: Readonly<Record<string, CommandRecord>> };
  const { oclif } = JSON.parse(packageText) as {
    oclif: { topics: Readonly<Record<string, { readonly description: string }>> };
  };
  return {
    commands: Object.values(commands).sort((a, b) => (a.id < b.id ? -1 : 1)),
    topics: Object.entries(oclif.topics).map(([name, topic]) => ({ name, ...topic })),
  };
}

/** What the build writes for people and their shells: texts by their paths in `dist/`. */
export function builtDocuments(sources: DocumentSources): Readonly<Record<string, string>> {
  const model = completionModel(sources.commands, sources.topics);
  return Object.fromEntries(
    Object.values(completions).map(({ script, file }) => [`completion/${file}`, script(model)]),
  );
}
