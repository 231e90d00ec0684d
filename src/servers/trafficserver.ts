import { statSync, utimesSync } from 'node:fs';
import { shownPath } from '../core/file-path.js';
import { fileKindAt } from '../system/file-kind.js';
import { systemErrorCode, systemErrorText } from '../system/system-error.js';
import { TargetFailure, type StapleToPush } from './reload-result.js';
import { foreignByOpenSsl, type Server } from './server.js';

/** One octet more, and it staples nothing at a reload or crashes, and does not start again. */
const largestInFile = 10_240;

const usualList = '/etc/trafficserver/ssl_multicert.config';

/** Traffic Server reads staples again with its list of certificates, and that only once the list has changed. */
export const trafficserver = {
  name: 'trafficserver',
  example: `trafficserver:${usualList}`,
  parse: (text) => (text === '' ? usualList : text),
  mistake: (list) => {
    const kind = fileKindAt(list);
    return kind === undefined || kind === 'a file' ? undefined : `${list} is ${kind}, not a list of certificates`;
  },
  async tell(list, staples, tools) {
    requireSize(staples);
    touch(list, tools.now());
    const { tellByCommand } = await import('./tell-by-command.js');
    return await tellByCommand(['traffic_ctl', 'config', 'reload'], staples, tools, () => ({
      name: 'traffic_ctl config reload',
      program: 'traffic_ctl',
      hint: 'see: systemctl status trafficserver; one that runs elsewhere is found by TS_RUNROOT',
      hintIfMissing: 'put traffic_ctl into PATH, or use systemd:trafficserver.service',
    }));
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

/** @throws TargetFailure `too-large` */
function requireSize(staples: readonly StapleToPush[]): void {
  for (const { staplePath, bytes } of staples) {
    if (bytes.length <= largestInFile) continue;
    throw new TargetFailure(
      'too-large',
      `${shownPath(staplePath)} has ${bytes.length} octets, and trafficserver crashes on more than ${largestInFile}`,
      `take the file out of its list before it reads it, and ask the CA for a smaller response, with fewer certificates in it`,
    );
  }
}

/** @throws TargetFailure `target-unreachable`, `permission-denied` */
function touch(list: string, now: Date): void {
  try {
    if (!statSync(list).isFile()) throw new TargetFailure('target-unreachable', `${list} is not a file`, usual);
    utimesSync(list, now, now);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    const isRefused = code === 'EACCES' || code === 'EPERM';
    throw new TargetFailure(
      isRefused ? 'permission-denied' : 'target-unreachable',
      `${list} could not be touched: ${systemErrorText(error)}`,
      isRefused ? 'run as root or as the owner of that file' : usual,
      { cause: error },
    );
  }
}

const usual = `name the list of certificates of Traffic Server: trafficserver:${usualList}`;
