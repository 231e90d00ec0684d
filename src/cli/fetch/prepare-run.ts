import type { Config } from '@oclif/core';
import type { Shard } from '../../core/shard.js';
import type { FetchOptions, FetchTools } from '../../pipeline/fetch/fetch-job.js';
import type { ResponseMemory } from '../../pipeline/fetch/response-memory.js';
import type { HelperThreads } from '../../pipeline/fleet/threads/crew.js';
import { createHttpClient } from '../../transport/http-client.js';
import type { FetchOrder } from './fetch-order.js';
import { fetchOptionsFrom, fetchToolsFrom, httpClientOptionsFrom } from './fetch-setup.js';
import { helperThreads } from './helper-threads.js';
import type { Interrupt } from '../interrupt.js';
import { checkOnCommands } from './on-commands.js';
import { haproxyConfigurationFrom } from '../flags/haproxy-configuration.js';
import { createHashWarning } from '../flags/reload-flags.js';
import type { Output } from '../output.js';
import { shardFrom } from '../flags/shard-value.js';
import { definedOnly } from '../../core/defined-only.js';

/** What every run shares. */
export interface RunSurroundings {
  readonly output: Output;
  readonly config: Config;
  readonly interrupt: Interrupt;
}

/** An order made ready: what the passes of a run share. */
export interface FetchRun extends RunSurroundings {
  readonly order: FetchOrder;
  readonly options: FetchOptions;
  readonly tools: FetchTools;
  /** Threads that may help with many certificates. */
  readonly helpers: HelperThreads;
  /** The part of the fleet that this run works on; all of it when absent. */
  readonly shard?: Shard;
  /** Warns of targets that take no staples in the hash of the run, of each once. */
  warnOfHash(targets: readonly string[]): void;
  /** Closes its connections. */
  close(): void;
}

/** Makes an order ready to be carried out. Throws OcspError for flags that contradict each other or files that cannot be read. */
export async function prepareFetchRun(
  order: FetchOrder,
  surroundings: RunSurroundings,
  memory?: ResponseMemory,
): Promise<FetchRun> {
  const { flags } = order;
  const options = await fetchOptionsFrom(flags, order.responders, surroundings.output);
  checkOnCommands(flags);
  haproxyConfigurationFrom(flags['haproxy-config'], surroundings.output);
  const shard = shardFrom(flags.shard, process.env);
  const { version } = surroundings.config;
  const clientOptions = httpClientOptionsFrom(flags, `restaple/${version}`);
  const client = createHttpClient(clientOptions);
  const tools = fetchToolsFrom(flags, client, surroundings.interrupt.signal, surroundings.output);
  return definedOnly({
    ...surroundings,
    order,
    options,
    tools: memory === undefined ? tools : { ...tools, memory },
    helpers: helperThreads({ client: clientOptions, at: flags.at }),
    shard,
    warnOfHash: createHashWarning(flags.hash, surroundings.output),
    close: () => client.close(),
  });
}
