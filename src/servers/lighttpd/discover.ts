import { resolve } from 'node:path';
import { definedOnly } from '../../core/defined-only.js';
import { parseHostAndPort } from '../../system/network/host-and-port.js';
import { reachableHost } from '../../system/network/listening-sockets.js';
import { shellWord } from '../../system/shell-words.js';
import { fileIn, optionValue } from '../command-line.js';
import type {
  ConfigurationPrinting,
  Discoverer,
  FoundServer,
  ServedPlace,
  ServerInstance,
  UsedCertificate,
} from '../discovery.js';
import { createConfigurationReader, type ConfigurationReader } from '../included-files.js';
import { daemon } from './daemon.js';
import { lighttpdMistake, longestLine } from './syntax.js';

/** What a condition sets, or the file outside of all conditions. */
interface LighttpdBlock {
  /** `$SERVER["socket"] == ":443"`; empty outside. */
  readonly condition: string;
  readonly outer: LighttpdBlock | undefined;
  readonly depth: number;
  readonly settings: Map<string, { readonly value: string; readonly file: string; readonly line: number }>;
}

const deepestInclude = 16;
const deepestBlock = 64;
/** More sockets than any host has. */
const maximumSockets = 256;

/** What lighttpd serves by its configuration, as far as plain texts go. */
function discoverLighttpd({ running, configurations }: ServerInstance): FoundServer {
  const reader = createConfigurationReader('lighttpd');
  return serverIn(configurations[0] ?? '', reader, running);
}

/** `lighttpd -p`: one text with all includes and the output of commands in their places, and the values of variables. */
const lighttpdPrinting: ConfigurationPrinting = {
  daemon,
  words: ['-p'],
  read(printed, { running, configurations }, found) {
    const [configuration = ''] = configurations;
    const reader = createConfigurationReader('lighttpd', new Map([[configuration, bare(printed)]]));
    const asPrinted = serverIn(configuration, reader, running);
    const certificates = asPrinted.certificates.map((one) => {
      // Lines of what was printed are nobody's to edit.
      const position = found.certificates.find(({ certificate }) => certificate === one.certificate)?.position;
      return definedOnly({ ...one, position, settingFor: position === undefined ? settingBeside : undefined });
    });
    return { ...asPrinted, certificates, configurations: found.configurations };
  },
};

/** Where no line is known to hold the certificate. */
const settingBeside: NonNullable<UsedCertificate['settingFor']> = (staple) => ({
  note: 'add where ssl.pemfile of this certificate is set',
  text: settingOfStaple(staple),
});

function settingOfStaple(staple: string): string {
  return `ssl.stapling-file = "${staple.replace(/["\\]/g, '\\$&')}"`;
}

/** Without the `config { }` around all of it. */
function bare(printed: string): string {
  return printed.replace(/^config \{\n/, '').replace(/\}\s*$/, '');
}

function serverIn(configuration: string, reader: ConfigurationReader, running: ServerInstance['running']): FoundServer {
  const top: LighttpdBlock = { condition: '', outer: undefined, depth: 0, settings: new Map() };
  const blocks = [top];
  readFile(configuration, top, blocks, reader, 0);
  const pidFile = top.settings.get('server.pid-file')?.value ?? daemon.usualPidFile;
  const folder = running?.workingFolder ?? '/';
  const sockets = tlsSockets(blocks);
  return definedOnly({
    name: 'lighttpd',
    pid: running?.pid,
    configurations: reader.files,
    reader: running,
    certificates: blocks.flatMap((block) => certificatesOf(block, sockets, folder)),
    target: pidFile === daemon.usualPidFile ? 'lighttpd' : `lighttpd:${resolve(folder, pidFile)}`,
    remarks: reader.remarks,
    isPartial: reader.isPartial ? true : undefined,
  });
}

/** A certificate is where its block names one; the rest it takes from the blocks around it. */
function certificatesOf(block: LighttpdBlock, sockets: readonly ServedPlace[], folder: string): UsedCertificate[] {
  const certificate = block.settings.get('ssl.pemfile');
  if (certificate === undefined) return [];
  const staple = settingOf(block, 'ssl.stapling-file');
  const serverName = /^\$HTTP\["host"\] *== *"([^"]+)"/.exec(block.condition)?.[1];
  const places = placesOf(block, sockets).map((place) => definedOnly({ ...place, serverName }));
  return [
    definedOnly({
      certificate: resolve(folder, certificate.value),
      places,
      position: { file: certificate.file, line: certificate.line },
      stapleFile: staple === undefined ? undefined : resolve(folder, staple),
    }),
  ];
}

function settingOf(block: LighttpdBlock | undefined, name: string): string | undefined {
  return block === undefined ? undefined : (block.settings.get(name)?.value ?? settingOf(block.outer, name));
}

const socketCondition = /^\$SERVER\["socket"\] *== *"([^"]*)"/;

/** The block's own socket, else all that speak TLS. */
function placesOf(block: LighttpdBlock, sockets: readonly ServedPlace[]): readonly ServedPlace[] {
  for (let around: LighttpdBlock | undefined = block; around !== undefined; around = around.outer) {
    const own = socketCondition.exec(around.condition)?.[1];
    if (own !== undefined) return placeOf(own);
  }
  return sockets;
}

function tlsSockets(blocks: readonly LighttpdBlock[]): readonly ServedPlace[] {
  const isOn = (one: LighttpdBlock): boolean => settingOf(one, 'ssl.engine') === 'enable';
  const own = blocks.filter(isOn).flatMap(({ condition }) => placeOf(socketCondition.exec(condition)?.[1] ?? ''));
  const sockets = own.slice(0, maximumSockets);
  const [top] = blocks;
  if (top?.settings.get('ssl.engine')?.value !== 'enable') return sockets;
  const host = top.settings.get('server.bind')?.value ?? '0.0.0.0';
  return [{ host: reachableHost(host), port: Number(top.settings.get('server.port')?.value ?? 80) }, ...sockets];
}

function placeOf(text: string): ServedPlace[] {
  const place = parseHostAndPort(text.replace(/^:/, '0.0.0.0:').replace(/^\*:/, '0.0.0.0:'));
  return place === undefined ? [] : [{ host: reachableHost(place.host), port: place.port }];
}

const assignment = /^([\w.-]+)\s*(?::?=|\+=)\s*(.*)$/;
const plainText = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/;
const watched = /^(?:ssl\.(?:engine|pemfile|stapling-file)|server\.(?:port|bind|pid-file))$/;

function readFile(
  file: string,
  start: LighttpdBlock,
  blocks: LighttpdBlock[],
  reader: ConfigurationReader,
  depth: number,
): void {
  let block = start;
  const contents = reader.read(file) ?? '';
  const mistake = lighttpdMistake(contents);
  if (mistake !== undefined) {
    const hint = `test it with: lighttpd -tt -f ${shellWord(reader.files[0] ?? file)}`;
    reader.remark('unreadable', `${file}:${mistake.line}: ${mistake.what}`, hint);
  }
  for (const [index, raw] of contents.split('\n').entries()) {
    const line = index + 1;
    let text = raw.slice(0, longestLine).trim();
    if (text.startsWith('#')) continue;
    while (text.startsWith('}')) {
      block = block.outer ?? block;
      text = text.slice(1).trim();
    }
    const head = headOf(text);
    if (head !== undefined) {
      const condition = head.replace(/^else\s*(?:if)?\s*/, '').trimEnd();
      if (block.depth >= deepestBlock) {
        reader.remark('not-understood', `${file}:${line}: conditions deeper than ${deepestBlock} levels were not read`);
        return;
      }
      block = { condition, outer: block, depth: block.depth + 1, settings: new Map() };
      blocks.push(block);
      text = text.slice(head.length + 1).trim();
    }
    const isClosed = /^[^"#]*(?:"[^"]*"[^"#]*)*\}\s*(?:#.*)?$/.test(text);
    takeStatement(isClosed ? text.replace(/\}\s*(?:#.*)?$/, '').trim() : text, block, {
      file,
      line,
      reader,
      depth,
      blocks,
    });
    if (isClosed) block = block.outer ?? block;
  }
}

/** What stands before the brace, where a line opens a condition or its `else`. */
function headOf(text: string): string | undefined {
  const brace = text.indexOf('{');
  const head = text.slice(0, Math.max(brace, 0));
  return /^(?:\$|else\s*(?:(?:if)?\s*\$|(?:if)?\s*$))/.test(head) ? head : undefined;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly reader: ConfigurationReader;
  readonly depth: number;
  readonly blocks: LighttpdBlock[];
}

function takeStatement(text: string, block: LighttpdBlock, { file, line, reader, depth, blocks }: Place): void {
  const included = /^include\s+"([^"]+)"/.exec(text)?.[1];
  if (included !== undefined && depth < deepestInclude) {
    for (const one of reader.included(included, resolve(file, '..'))) readFile(one, block, blocks, reader, depth + 1);
    return;
  }
  if (/^include\b/.test(text)) reader.leaveOut();
  if (text.startsWith('include_shell')) {
    const hint = 'what it prints was not read: restaple runs no commands of a configuration';
    reader.remark('not-understood', `${file}:${line}: include_shell was not followed`, hint);
    return;
  }
  const [, name = '', value = ''] = assignment.exec(text) ?? [];
  if (!watched.test(name)) return;
  const plain = plainText.exec(value)?.[1]?.replace(/\\(["\\])/g, '$1') ?? /^\d+/.exec(value)?.[0];
  if (plain !== undefined) block.settings.set(name, { value: plain, file, line });
  else reader.remark('not-understood', `${file}:${line}: the value of ${name} is not a plain text`);
}

export const discoverer: Discoverer = {
  name: 'lighttpd',
  program: daemon.program,
  usualConfiguration: '/etc/lighttpd/lighttpd.conf',
  configurationsOf: (running) => fileIn(running, optionValue(running.arguments, '-f')),
  discover: discoverLighttpd,
  printing: lighttpdPrinting,
  settingFor: (staple) => ({ note: 'add after this line', text: settingOfStaple(staple) }),
  testCommand: (configuration) => `lighttpd -tt -f ${shellWord(configuration)}`,
};
