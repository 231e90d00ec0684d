import type { Command, Interfaces } from '@oclif/core';

/** What a program in one file has in itself, where an installed package has files. */
export interface ProgramParts {
  readonly pjson: Interfaces.PJSON;
  /** The commands by their ids, as in the manifest. */
  readonly manifest: Readonly<Record<string, Command.Cached>>;
  /** Their code, by the same ids. */
  readonly load: Readonly<Record<string, () => Promise<{ readonly default: Command.Class }>>>;
}

/**
 * Has oclif take the commands from the program itself: it reads no file of a package, and looks for no plug-ins.
 *
 * @param root where the manual is, for the help
 */
export function selfContained(root: string, { pjson, manifest, load }: ProgramParts): Interfaces.Options {
  const { name, version } = pjson;
  const findCommand = async (id: string): Promise<Command.Class> => {
    const loaded = await load[id]?.();
    if (loaded === undefined) throw new TypeError(`the program has no command ${id}`);
    return Object.assign(loaded.default, { id, plugin });
  };
  const commands = Object.entries(manifest).map(([id, command]) => ({
    ...command,
    pluginAlias: name,
    pluginType: 'core',
    load: () => findCommand(id),
  }));
  const plugin: Interfaces.Plugin = {
    ...{ _base: name, alias: name, name, version, root, pjson, type: 'core', moduleType: 'module' },
    ...{ commands, commandIDs: Object.keys(manifest), commandsDir: undefined, hasManifest: true },
    ...{ findCommand, hooks: {}, isRoot: true, options: { root }, valid: true, load: () => Promise.resolve() },
    topics: Object.entries(pjson.oclif.topics ?? {}).map(([id, topic]) => ({ ...topic, name: id })),
  };
  return { root, pjson, plugins: new Map([[name, plugin]]) };
}
