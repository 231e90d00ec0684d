import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { definedOnly } from '../core/defined-only.js';
import { inspectProcess, type RunningProcess } from '../system/running-process.js';
import { shellLine } from '../system/shell-words.js';
import { systemErrorCode, systemErrorText } from '../system/system-error.js';
import type {
  ConfigurationPrinting,
  Discoverer,
  DiscoveryTools,
  FoundServer,
  ServerInstance,
  ServerRemark,
} from './discovery.js';
import { lastLines, placeOf, rightsOfTest, runIfOnlyRoots } from './signal/configuration-test.js';

/** A fleet of 100,000 server blocks fits. */
const largestPrint = 64 * 1024 * 1024;

/**
 * Has a running server print its configuration, and completes what its files said. Only what root alone can change is run, and
 * on a configuration that root alone can change, with every file that was read of it.
 *
 * @returns what it serves; with the reason as a remark where it was not run or failed
 * @throws OcspError `interrupted`
 */
export async function completedByPrint(
  { printing, discover }: Pick<Discoverer, 'printing' | 'discover'>,
  instance: ServerInstance,
  found: FoundServer,
  tools: DiscoveryTools,
): Promise<FoundServer> {
  if (printing === undefined || found.pid === undefined) return found;
  const readOf = (file: string): Pick<FoundServer, 'configurations' | 'isPartial'> =>
    found.configurations.includes(file) ? found : discover({ ...instance, configurations: [file] }, tools);
  const printed = await printOf(printing, found.pid, readOf, tools);
  if (typeof printed !== 'string') return { ...found, remarks: [...found.remarks, printed] };
  return printing.read(printed, instance, found);
}

/** What it printed, or why there is nothing. */
async function printOf(
  { daemon, words, script }: ConfigurationPrinting,
  pid: number,
  readOf: (file: string) => Pick<FoundServer, 'configurations' | 'isPartial'>,
  { limits, printing: asUser }: DiscoveryTools,
): Promise<string | ServerRemark> {
  const { name } = daemon;
  const notAsked = (why: string): ServerRemark => ({
    code: 'not-asked',
    message: `${name} did not print its configuration: ${why}`,
  });
  const running = processAt(pid);
  if (typeof running === 'string') return notAsked(running);
  const place = await placeOf(name, running, daemon.test, limits);
  if (typeof place === 'string') return notAsked(place);
  const read = readOf(place.file);
  if (read.isPartial === true) return notAsked('not all files of its configuration were read');
  const program = script === undefined || place.words.length > 0 ? undefined : scriptBeside(running, script.name);
  const paths = [
    place.file,
    ...place.folders,
    ...read.configurations,
    ...(program === undefined ? [] : (script?.reads ?? [])),
  ];
  const rights = rightsOfTest(daemon, running, asUser?.effectiveUserId);
  const options = definedOnly({ rights, program, maximumStdoutOctets: largestPrint });
  const result = await runIfOnlyRoots(running, paths, [...place.words, ...words], limits, options);
  if (typeof result === 'string') return notAsked(result);
  if (result.timedOut) return notAsked(`it did not end within ${limits.timeoutMilliseconds / 1000} s`);
  if (result.exitCode !== 0) {
    const why = lastLines(result.stderr) || `it ended with ${result.exitCode ?? result.signal ?? 'nothing'}`;
    // Another user than root may lack the rights for what the configuration names.
    if (asUser?.effectiveUserId !== 0 || rights !== undefined) return notAsked(why);
    const command = shellLine([program ?? running.executable, ...place.words, ...words]);
    const message = `${name} cannot load its configuration ${place.file}: ${why}`;
    return { code: 'unreadable', message, hint: `mend it, then try: ${command}` };
  }
  if (Buffer.byteLength(result.stdout) >= largestPrint) {
    return notAsked(`it printed more than ${largestPrint / 1024 / 1024} MiB`);
  }
  return result.stdout;
}

function processAt(pid: number): RunningProcess | string {
  try {
    return inspectProcess(pid) ?? `process ${pid} has ended`;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return `process ${pid}: ${systemErrorText(error)}`;
  }
}

function scriptBeside({ executable }: RunningProcess, name: string): string | undefined {
  const path = join(dirname(executable), name);
  return existsSync(path) ? path : undefined;
}
