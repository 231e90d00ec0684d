import { statSync } from 'node:fs';
import type { Config } from '@oclif/core';
import type { NamedSource } from '../source/named-source.js';
import type { ExitCode } from './exit-code.js';
import type { FetchFlags } from './fetch-flags.js';
import { fetchPass } from './fetch-pass.js';
import { fetchOptionsFrom, fetchToolsFrom, httpClientFrom } from './fetch-setup.js';
import { catchInterrupts } from './interrupt.js';
import { checkOnCommands } from './on-commands.js';
import type { Output } from './output.js';

/** One certificate file is no fleet: it takes the HTTP library, whose start-up it pays for once. */
function isFleet(sources: readonly NamedSource[]): boolean {
  return (
    sources.length > 1 ||
    sources.some((source) => 'crtList' in source || statSync(source.path, { throwIfNoEntry: false })?.isFile() !== true)
  );
}

/** Fetches and tells. Throws OcspError for what belongs to no certificate. */
export async function runFetch(
  sources: readonly NamedSource[],
  flags: FetchFlags,
  output: Output,
  config: Config,
): Promise<ExitCode> {
  const options = await fetchOptionsFrom(flags);
  checkOnCommands(flags);
  const interrupt = catchInterrupts();
  const client = httpClientFrom(flags, `restaple/${config.version}`, isFleet(sources));
  try {
    const tools = fetchToolsFrom(flags, client, interrupt.signal);
    const exitCode = await fetchPass({ sources, options, tools, flags, output, config, interrupt });
    return interrupt.exitCode() ?? exitCode;
  } finally {
    client.close();
    interrupt.release();
  }
}
