import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { definedOnly } from '../../core/defined-only.js';
import { parseHostAndPort } from '../../system/network/host-and-port.js';
import type { HostProcess } from '../../system/host-processes.js';
import { reachableHost } from '../../system/network/listening-sockets.js';
import { shellWord } from '../../system/shell-words.js';
import { systemErrorText } from '../../system/system-error.js';
import { fileIn, longOption } from '../command-line.js';
import {
  unitOf,
  type Discoverer,
  type FoundServer,
  type OwnFetching,
  type ServedPlace,
  type ServerInstance,
  type UsedCertificate,
} from '../discovery.js';
import { createConfigurationReader, type ConfigurationReader } from '../included-files.js';
import { daemon } from './daemon.js';

/** The values that a name has in a block, in their order: texts, and blocks within. */
interface HitchBlock {
  readonly line: number;
  readonly settings: { readonly name: string; readonly value: string | HitchBlock; readonly line: number }[];
}

/** Where Debian's hitch keeps staples that it fetches, unless told otherwise. */
const usualOcspDir = '/var/lib/hitch';

/** What hitch serves by its configuration. */
export function discoverHitch({ running, configurations }: ServerInstance): FoundServer {
  const reader = createConfigurationReader('hitch');
  const [configuration = ''] = configurations;
  const root = readBlock(configuration, reader);
  const folder = running?.workingFolder ?? '/';
  const frontends = root.settings.filter(({ name }) => name === 'frontend').map(({ value }) => value);
  const places = frontends.flatMap(placesOf);
  const ocspDir = textIn(root, 'ocsp-dir') ?? usualOcspDir;
  const all = [root, ...frontends.filter((one): one is HitchBlock => typeof one !== 'string')];
  const certificates = all.flatMap((block) =>
    certificatesOf(block, block === root ? places : placesOf(block), { folder, ocspDir, configuration, reader }),
  );
  return definedOnly({
    name: 'hitch',
    pid: running?.pid,
    configurations: reader.files,
    reader: running,
    certificates,
    target: targetOf(running, reader),
    remarks: reader.remarks,
  });
}

/** Debian's service starts it without a pid file. */
function targetOf(running: HostProcess | undefined, reader: ConfigurationReader): string | undefined {
  const { usualPidFile } = daemon;
  const pidFile = running === undefined ? usualPidFile : longOption(running, '--pidfile', '-p');
  if (pidFile === usualPidFile) return 'hitch';
  if (pidFile !== undefined) return `hitch:${resolve(running?.workingFolder ?? '/', pidFile)}`;
  const unit = unitOf(running, 'hitch');
  if (unit !== undefined) return `systemd:${unit}`;
  const message = `hitch (process ${running?.pid ?? 0}) has no pid file, so restaple cannot have it reload`;
  reader.remark('setting', message, `start it with a pid file, ${usualPidFile}`);
  return undefined;
}

interface Surroundings {
  readonly folder: string;
  readonly ocspDir: string;
  readonly configuration: string;
  readonly reader: ConfigurationReader;
}

function certificatesOf(block: HitchBlock, places: readonly ServedPlace[], around: Surroundings): UsedCertificate[] {
  const { folder, ocspDir, configuration, reader } = around;
  const ownFetching: OwnFetching | undefined =
    ocspDir === '' ? undefined : { setting: `ocsp-dir = ${JSON.stringify(ocspDir)}` };
  return block.settings.flatMap(({ name, value, line }): UsedCertificate[] => {
    const position = { file: configuration, line };
    if (name === 'pem-dir' && typeof value === 'string') {
      const files = pemFilesIn(resolve(folder, value), reader);
      return files.map((certificate) => definedOnly({ certificate, places, position, ownFetching }));
    }
    if (name !== 'pem-file') return [];
    const certificate = typeof value === 'string' ? value : textIn(value, 'cert');
    const staple = typeof value === 'string' ? undefined : textIn(value, 'ocsp-resp-file');
    if (certificate === undefined) return [];
    return [
      definedOnly({
        certificate: resolve(folder, certificate),
        places,
        position,
        stapleFile: staple === undefined ? undefined : resolve(folder, staple),
        ownFetching,
      }),
    ];
  });
}

function pemFilesIn(folder: string, reader: ConfigurationReader): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    reader.remark('unreadable', `the certificates in ${folder} were not listed: ${systemErrorText(error)}`);
    return [];
  }
}

/** `"[*]:443"`, or a block with host and port. */
function placesOf(frontend: string | HitchBlock): ServedPlace[] {
  const text =
    typeof frontend === 'string'
      ? frontend
      : `[${textIn(frontend, 'host') ?? '*'}]:${textIn(frontend, 'port') ?? '8443'}`;
  const plain = text.replace(/^\[([^\]]*)\]/, (_all, host: string) => (host.includes(':') ? `[${host}]` : host));
  const place = parseHostAndPort(plain.replace(/^\*?:/, '0.0.0.0:').replace(/\+.*$/, ''));
  return place === undefined ? [] : [{ host: reachableHost(place.host), port: place.port }];
}

function textIn(block: HitchBlock, name: string): string | undefined {
  const value = block.settings.findLast((one) => one.name === name)?.value;
  return typeof value === 'string' ? value : undefined;
}

/** The bound keeps a text of escapes from filling the stack; a quote that nobody closes stands by itself. */
const token = /#[^\n]*|"([^"\\]*(?:\\[^][^"\\]*){0,1000})"|'([^']*)'|([{}=])|([^\s{}="'#]+)|["']/g;

/** `name = value` and `name = { … }` (hitch.conf(5)); what does not look like that ends the reading. */
function readBlock(path: string, reader: ConfigurationReader): HitchBlock {
  const top: HitchBlock = { line: 1, settings: [] };
  const blocks = [top];
  const text = reader.read(path) ?? '';
  let name: string | undefined;
  let isValue = false;
  let line = 1;
  let at = 0;
  for (const match of text.matchAll(token)) {
    line += text.slice(at, match.index).split('\n').length - 1;
    at = match.index;
    const [whole, double, single, sign, word] = match;
    const block = blocks.at(-1) ?? top;
    const value = double ?? single ?? word;
    if (whole.startsWith('#')) continue;
    if (sign === '=' && name !== undefined && !isValue) isValue = true;
    else if (sign === '{' && name !== undefined && isValue) {
      const inner: HitchBlock = { line, settings: [] };
      block.settings.push({ name, value: inner, line });
      blocks.push(inner);
      [name, isValue] = [undefined, false];
    } else if (sign === '}' && name === undefined && blocks.length > 1) blocks.pop();
    else if (value !== undefined && name !== undefined && isValue) {
      block.settings.push({ name, value, line });
      [name, isValue] = [undefined, false];
    } else if (word !== undefined && name === undefined) name = word;
    else {
      reader.remark('unreadable', `${path}:${line}: ${whole} was not expected here`, 'see hitch.conf(5)');
      return top;
    }
  }
  if (blocks.length > 1 || name !== undefined) reader.remark('unreadable', `${path}: the last setting does not end`);
  return top;
}

export const discoverer: Discoverer = {
  name: 'hitch',
  program: daemon.program,
  usualConfiguration: '/etc/hitch/hitch.conf',
  configurationsOf: (running) => fileIn(running, longOption(running, '--config')),
  discover: discoverHitch,
  settingFor: (staple) => ({
    note: 'set in the pem-file of this line, and set ocsp-dir = ""',
    text: `ocsp-resp-file = ${JSON.stringify(staple)}`,
  }),
  testCommand: (configuration) => `hitch --test --config=${shellWord(configuration)}`,
};
