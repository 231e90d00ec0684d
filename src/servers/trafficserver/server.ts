import { statSync, utimesSync } from 'node:fs';
import { shownPath } from '../../core/file-path.js';
import { fileKindAt } from '../../system/file-kind.js';
import { systemErrorCode, systemErrorText } from '../../system/system-error.js';
import { notTaken, TargetFailure, type StapleToPush, type TargetTrouble } from '../reload-result.js';
import { foreignByOpenSsl, type Server, type ServerTools } from '../server.js';
import { inFolder, isWholePath, octetsOf, staplesOfList, unlisted, type ListedStaple } from './list.js';

/** One octet more, and it staples nothing at a reload or crashes, and does not start again. */
const largestInFile = 10_240;

const usualList = '/etc/trafficserver/ssl_multicert.config';

/** Traffic Server reads staples again with its list of certificates, and that only once the list has changed. */
export const trafficserver = {
  name: 'trafficserver',
  example: `trafficserver:${usualList}`,
  forms: ['trafficserver[:LIST]'],
  parse: (text) => (text === '' ? usualList : text),
  mistake: (list) => {
    const kind = fileKindAt(list);
    return kind === undefined || kind === 'a file' ? undefined : `${list} is ${kind}, not a list of certificates`;
  },
  async tell(list, staples, tools) {
    const { tellByCommand } = await import('../command/tell-by-command.js');
    const names = namesIn(list);
    const folder = await folderOfStaples(staples, tools);
    const listed = folder === undefined ? names.filter(isWholePath) : inFolder(names, folder);
    for (const { staplePath, bytes } of staples) requireSize(shownPath(staplePath), bytes.length);
    for (const one of listed) requireSize(`${shownPath(one.path)} (${list}, line ${one.line})`, octetsOf(one));
    const strangers = folder === undefined ? new Set() : unlisted(staples, listed);
    touch(list, tools.now());
    const told = await tellByCommand(['traffic_ctl', 'config', 'reload'], staples, tools, () => ({
      name: 'traffic_ctl config reload',
      ...hints,
    }));
    const certificates = told.certificates.map((result, index) => {
      const staple = staples[index];
      return staple !== undefined && strangers.has(staple) ? notTaken(staple, notListed(staple, list)) : result;
    });
    return { ...told, certificates };
  },
  rules: {
    measured: '9.2',
    withBadFile: {
      expired: 'serves it',
      foreign: foreignByOpenSsl,
      missing: 'staples nothing',
      oversized: 'does not start, and crashes at a reload',
    },
    largestInFile,
    crashesOnLarger: true,
    laxness: { rule: 'server-checks-nothing', serves: 'whatever response the file holds, even an expired one' },
  },
} as const satisfies Server<string>;

const hints = {
  program: 'traffic_ctl',
  hint: 'see: systemctl status trafficserver; one that runs elsewhere is found by TS_RUNROOT',
  hintIfMissing: 'put traffic_ctl into PATH, or use systemd:trafficserver.service',
} as const;

/**
 * Where relative names of staples begin, as the running server says; undefined where that is no whole path.
 *
 * @throws TargetFailure `nothing-stapled` where it staples nothing at all, and what a failed command is
 */
async function folderOfStaples(
  staples: readonly StapleToPush[],
  { environment, limits }: Pick<ServerTools, 'environment' | 'limits'>,
): Promise<string | undefined> {
  const { commandFailure } = await import('../command/tell-by-command.js');
  const { runCommand, withoutSecrets } = await import('../../system/run-command.js');
  const names = ['proxy.config.ssl.ocsp.enabled', 'proxy.config.ssl.ocsp.response.path'] as const;
  const argv = ['traffic_ctl', 'config', 'get', ...names] as const;
  const result = await runCommand(argv, { env: withoutSecrets(environment), withStdout: true, ...limits });
  const failure = commandFailure(result, limits.timeoutMilliseconds, { name: 'traffic_ctl config get', ...hints });
  if (failure !== undefined) throw failure;
  const [enabled, folder] = names.map((name) => valueIn(result.stdout, name));
  if (enabled === '0' && staples.length > 0) {
    throw new TargetFailure(
      'nothing-stapled',
      `trafficserver staples nothing: ${names[0]} is 0`,
      `write into its records.config, and restart it: CONFIG ${names[0]} INT 1`,
    );
  }
  // A relative one counts from the prefix of that installation.
  return folder?.startsWith('/') === true ? folder : undefined;
}

function valueIn(stdout: string, name: string): string | undefined {
  const line = stdout.split('\n').find((one) => one.startsWith(`${name}: `));
  return line?.slice(name.length + 2).trim();
}

/** @throws TargetFailure `target-unreachable`, `permission-denied` */
function namesIn(list: string): ListedStaple[] {
  try {
    if (!statSync(list).isFile()) throw new TargetFailure('target-unreachable', `${list} is not a file`, usual);
    return staplesOfList(list);
  } catch (error) {
    throw listFailure(list, 'read', error);
  }
}

/** @throws TargetFailure `too-large` */
function requireSize(what: string, octets: number): void {
  if (octets <= largestInFile) return;
  throw new TargetFailure(
    'too-large',
    `${what} has ${octets} octets, and trafficserver crashes on more than ${largestInFile}`,
    'take it out of the list before trafficserver reads it, and ask the CA for a smaller response, with fewer certificates in it',
  );
}

function notListed({ staplePath, certificatePath }: StapleToPush, list: string): TargetTrouble {
  return {
    code: 'no-slot',
    message: `${list} names no staple ${shownPath(staplePath)}, so trafficserver does not read it`,
    hint: `add it there, to the line of ${shownPath(certificatePath)}: ssl_ocsp_name=${shownPath(staplePath)}`,
    isNotServed: true,
  };
}

/** @throws TargetFailure `target-unreachable`, `permission-denied` */
function touch(list: string, now: Date): void {
  try {
    utimesSync(list, now, now);
  } catch (error) {
    throw listFailure(list, 'touched', error);
  }
}

function listFailure(list: string, deed: 'read' | 'touched', error: unknown): TargetFailure {
  const code = systemErrorCode(error);
  if (code === undefined) throw error;
  const isRefused = code === 'EACCES' || code === 'EPERM';
  return new TargetFailure(
    isRefused ? 'permission-denied' : 'target-unreachable',
    `${list} could not be ${deed}: ${systemErrorText(error)}`,
    isRefused ? 'run as root or as the owner of that file' : usual,
    { cause: error },
  );
}

const usual = `name the list of certificates of Traffic Server: trafficserver:${usualList}`;
