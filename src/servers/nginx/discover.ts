import { resolve } from 'node:path';
import { definedOnly } from '../../core/defined-only.js';
import type { HostProcess } from '../../system/host-processes.js';
import { shellWord } from '../../system/shell-words.js';
import { optionValue } from '../command-line.js';
import { pidFileAmong } from '../signal/pid-file.js';
import type {
  ConfigurationPrinting,
  Discoverer,
  FoundServer,
  OwnFetching,
  ServedPlace,
  ServerInstance,
  ServerRemark,
  UsedCertificate,
} from '../discovery.js';
import { createConfigurationReader, type ConfigurationReader } from '../included-files.js';
import { daemon } from './daemon.js';
import { placesOf, socketOf, starttlsOf } from './listen.js';
import { prefixOf, readNginxFile, type NginxDirective } from './syntax.js';

/** The words of nginx's command line: its master process has rewritten them into one. */
function nginxArguments({ arguments: words }: Pick<HostProcess, 'arguments'>): readonly string[] {
  const [first = ''] = words;
  const rewritten = /^nginx: master process (.*)$/s.exec(first)?.[1];
  return rewritten === undefined ? words : rewritten.split(/\s+/);
}

/** What nginx serves by its configuration. */
export function discoverNginx({ running, configurations }: ServerInstance): FoundServer {
  return serversIn(configurations[0] ?? '', createConfigurationReader('nginx'), running);
}

/** `nginx -T`: each file after a line with its path, the main one first. */
export const nginxPrinting: ConfigurationPrinting = {
  daemon,
  words: ['-T', '-q'],
  read(printed, { running }, found) {
    const [, ...parts] = printed.split(/^# configuration file (\/.*):\n/m);
    const files = new Map<string, string>();
    let last = '';
    for (let index = 0; index < parts.length; index += 2) {
      const [path = '', text = ''] = [parts[index], parts[index + 1]];
      // nginx prints each file once: again it is a comment, and what follows belongs to the file before.
      const before = files.has(path) ? `${files.get(last) ?? ''}\n` : '';
      if (before === '') last = path;
      files.set(last, before + text);
    }
    const [configuration] = files.keys();
    if (configuration === undefined) return found;
    const asPrinted = serversIn(configuration, createConfigurationReader('nginx', files), running);
    // nginx has just taken it: what is a mistake to this reader was not printed in one piece.
    if (asPrinted.remarks.some(({ code }) => code === 'unreadable')) return found;
    const keyOf = (one: UsedCertificate): string => JSON.stringify([one.certificate, one.stapleFile, one.places]);
    const known = new Set(asPrinted.certificates.map(keyOf));
    // A comment with the path of a file that was not printed yet cuts its own file short.
    const cutOff = found.certificates.filter((one) => !known.has(keyOf(one)));
    return { ...asPrinted, certificates: [...asPrinted.certificates, ...cutOff] };
  },
};

function serversIn(
  configuration: string,
  reader: ConfigurationReader,
  running: ServerInstance['running'],
): FoundServer {
  const directives = readNginxFile(configuration, prefixOf(configuration), reader);
  const certificates = directives.flatMap(({ name, block = [] }) =>
    ['http', 'stream', 'mail'].includes(name) ? certificatesOf(block, name, prefixOf(configuration), reader) : [],
  );
  const words = running === undefined ? [] : nginxArguments(running);
  const pidFile = pidFileOf(directives, words, running);
  return definedOnly({
    name: 'nginx',
    pid: running?.pid,
    configurations: reader.files,
    reader: running,
    certificates,
    target: pidFile === daemon.usualPidFile ? 'nginx' : `nginx:${pidFile}`,
    remarks: reader.remarks,
    isPartial: reader.isPartial ? true : undefined,
  });
}

function pidFileOf(
  directives: readonly NginxDirective[],
  words: readonly string[],
  { pid, workingFolder = '/' }: Partial<HostProcess> = {},
): string {
  // -g is split at blanks where nginx has rewritten its command line.
  const global = /(?:^|[\s;])pid\s+([^;\s]+)/.exec(words.slice(words.indexOf('-g')).join(' '))?.[1];
  const own = directives.find(({ name }) => name === 'pid')?.words[0];
  const named = own ?? (words.includes('-g') ? global : undefined);
  // The other one is built into Alpine's.
  if (named === undefined) return pidFileAmong([daemon.usualPidFile, '/run/nginx/nginx.pid'], pid);
  return resolve(workingFolder, optionValue(words, '-p') ?? '', named);
}

/** The settings that a server block takes from the block around it where it has none of that name. */
interface TlsSettings {
  readonly certificates: readonly NginxDirective[];
  readonly stapling: string;
  readonly stapleFile: string | undefined;
  readonly resolver: boolean;
  /** `ssl_stapling off`, or a file without it, in the block of the certificates: nginx takes a directive only once there. */
  readonly inTheWay: NginxDirective | undefined;
}

const noSettings: TlsSettings = {
  certificates: [],
  stapling: 'off',
  stapleFile: undefined,
  resolver: false,
  inTheWay: undefined,
};

function settingsIn(block: readonly NginxDirective[], outer: TlsSettings): TlsSettings {
  const all = (name: string): NginxDirective[] => block.filter((one) => one.name === name);
  const certificates = all('ssl_certificate');
  const off = all('ssl_stapling').find(({ words: [value] }) => value === 'off');
  const inTheWay = off ?? all('ssl_stapling_file').at(-1);
  return {
    certificates: certificates.length > 0 ? certificates : outer.certificates,
    stapling: all('ssl_stapling').at(-1)?.words[0] ?? outer.stapling,
    stapleFile: all('ssl_stapling_file').at(-1)?.words[0] ?? outer.stapleFile,
    resolver: all('resolver').length > 0 || outer.resolver,
    inTheWay: inTheWay ?? (certificates.length > 0 ? undefined : outer.inTheWay),
  };
}

function certificatesOf(
  block: readonly NginxDirective[],
  context: string,
  prefix: string,
  reader: ConfigurationReader,
): UsedCertificate[] {
  const outer = settingsIn(block, noSettings);
  const servers = block.filter(({ name }) => name === 'server').map(({ block: inner = [] }) => inner);
  const listens = servers.map((server) => server.filter(({ name }) => name === 'listen'));
  // A socket speaks TLS for all servers on it where one of them says so.
  const tlsSockets = new Set(
    listens
      .flat()
      .filter(({ words }) => words.includes('ssl'))
      .map(socketOf),
  );
  return servers.flatMap((server, index) => {
    const own = (listens[index] ?? []).filter((listen) => tlsSockets.has(socketOf(listen)));
    const starttls = context === 'mail' ? starttlsOf(server, listens[index] ?? []) : undefined;
    if (own.length === 0 && starttls === undefined) return [];
    const settings = settingsIn(server, outer);
    const places = placesOf(starttls?.listens ?? own, server, starttls?.protocol);
    return usedCertificates(settings, places, prefix, reader);
  });
}

function usedCertificates(
  { certificates, stapling, stapleFile, resolver, inTheWay }: TlsSettings,
  places: readonly ServedPlace[],
  prefix: string,
  reader: ConfigurationReader,
): UsedCertificate[] {
  const isOn = stapling === 'on';
  return certificates.flatMap((directive): UsedCertificate[] => {
    const { words, file, line } = directive;
    const [name = ''] = words;
    if (name.includes('$') || name.startsWith('data:')) {
      const what = name.startsWith('data:') ? 'is in the configuration itself' : `has a variable: ${name}`;
      reader.remark(
        'not-understood',
        `${file}:${line}: this certificate ${what}`,
        'name its file to restaple yourself',
      );
      return [];
    }
    const ownFetching: OwnFetching | undefined =
      isOn && stapleFile === undefined
        ? definedOnly({
            setting: 'ssl_stapling on',
            // What it has is kept for an hour, or until 300 s before its end where that is sooner.
            when: 'hourly, at a handshake',
            hasNoResolver: resolver ? undefined : true,
          })
        : undefined;
    return [
      definedOnly({
        certificate: resolve(prefix, name),
        places,
        position: { file, line },
        stapleSettingAt: isOn || inTheWay === undefined ? behind(directive) : inPlaceOf(inTheWay),
        stapleFile: isOn && stapleFile !== undefined ? resolve(prefix, stapleFile) : undefined,
        ownFetching,
        remarks: remarksOf({ isOn, stapleFile, isOneOfSeveral: certificates.length > 1, file, line }),
      }),
    ];
  });
}

function inPlaceOf({ name, words, file, line }: NginxDirective): UsedCertificate['stapleSettingAt'] {
  const also = name === 'ssl_stapling' ? ', and take out any ssl_stapling_file beside it' : '';
  return { file, line, note: `write in place of "${[name, ...words].join(' ')};"${also}` };
}

/** In the same block: the next line may be outside of it, or in the middle of the directive. */
function behind({ name, words, file, line, lastLine }: NginxDirective): UsedCertificate['stapleSettingAt'] {
  const note = `add to this line, behind "${[name, ...words].join(' ')};"`;
  return lastLine === undefined ? { file, line, note } : { file, line: lastLine, note: 'add after this line' };
}

function remarksOf(facts: {
  readonly isOn: boolean;
  readonly stapleFile: string | undefined;
  readonly isOneOfSeveral: boolean;
  readonly file: string;
  readonly line: number;
}): ServerRemark[] | undefined {
  const where = `${facts.file}:${facts.line}`;
  if (facts.stapleFile !== undefined && !facts.isOn) {
    const message = `${where}: ssl_stapling_file is set, and ssl_stapling is off`;
    return [{ code: 'setting', message, hint: 'add: ssl_stapling on;' }];
  }
  if (facts.isOn && facts.stapleFile !== undefined && facts.isOneOfSeveral) {
    const message = `${where}: nginx has one staple file for several certificates of a server block, and it is right for one of them`;
    return [{ code: 'setting', message, hint: 'use one certificate in this server block' }];
  }
  return undefined;
}

const usualConfiguration = '/etc/nginx/nginx.conf';

export const discoverer: Discoverer = {
  name: 'nginx',
  program: daemon.program,
  usualConfiguration,
  configurationsOf(running) {
    const words = nginxArguments(running);
    const file = optionValue(words, '-c');
    const folder = resolve(running.workingFolder ?? '/', optionValue(words, '-p') ?? '');
    return file === undefined ? [] : [resolve(folder, file)];
  },
  discover: discoverNginx,
  printing: nginxPrinting,
  settingFor: (staple, { ownFetching }) => ({
    note: 'add after this line',
    // A directive that stands there twice ends nginx.
    text: `${ownFetching === undefined ? 'ssl_stapling on; ' : ''}ssl_stapling_file ${quoted(staple)};`,
  }),
  prefersFile: true,
  testCommand: (configuration) => `nginx -t${wordsFor(configuration)}`,
  reloadCommand: (configuration) => `nginx -s reload${wordsFor(configuration)}`,
};

function wordsFor(configuration: string): string {
  return configuration === usualConfiguration ? '' : ` -c ${shellWord(configuration)}`;
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}
