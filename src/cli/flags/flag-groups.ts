/** The groups in which help shows flags, in this order; manuals and completions have them from the manifest too. */
export const flagGroups = {
  what: 'certificates, issuers, settings',
  where: 'files that are read and written',
  when: 'what is due, validity and clocks',
  network: 'how responders are asked',
  trust: 'what is believed and what is allowed',
  signing: 'who signs, and from which source',
  servers: 'TLS servers to reload and to check',
  output: 'what is printed, and how',
} as const;

export type FlagGroup = keyof typeof flagGroups;

/** The flags, each in this group; oclif's manifest keeps it. */
export function inGroup<Definitions extends object>(group: FlagGroup, flags: Definitions): Definitions {
  const grouped = Object.entries(flags).map(([name, flag]) => [name, { ...(flag as object), helpGroup: group }]);
  return Object.fromEntries(grouped) as Definitions;
}
