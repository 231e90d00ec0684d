import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isIP } from 'node:net';
import { definedOnly } from '../../core/defined-only.js';
import type { HostProcess } from '../../system/host-processes.js';
import { shellWord } from '../../system/shell-words.js';
import { optionValue } from '../command-line.js';
import type {
  ConfigurationEdit,
  Discoverer,
  FoundServer,
  OwnFetching,
  ServerInstance,
  UsedCertificate,
} from '../discovery.js';
import { createConfigurationReader, type ConfigurationReader } from '../included-files.js';
import { hostsIn, lastWord, type ApacheHost } from './hosts.js';
import { managedDomains, type ManagedDomains } from './managed-domains.js';
import { apachePrinting } from './printed.js';
import { isNotUnderstood, readApacheFile } from './syntax.js';

const wanted = new Set([
  ...['listen', 'serverroot', 'servername', 'serveralias', '<virtualhost>', '<mdomain>', '<mdomainset>'],
  ...['sslengine', 'sslcertificatefile', 'sslcertificatechainfile', 'sslusestapling', 'sslstaplingcache'],
  ...['mdomain', 'mdstapling', 'mdstapleothers', 'mdcertificatefile', 'mdstoredir'],
]);

/** The configuration that the command line names: `-f FILE`, or the usual one of another ServerRoot by `-d FOLDER`. */
export function apacheConfigurations({ arguments: words, program, workingFolder = '/' }: HostProcess): string[] {
  const [root, file] = [optionValue(words, '-d'), optionValue(words, '-f')];
  if (root === undefined && file === undefined) return [];
  const usual = program === 'httpd' ? ['/etc/httpd', 'conf/httpd.conf'] : ['/etc/apache2', 'apache2.conf'];
  const [usualRoot = '', usualFile = ''] = usual;
  return [resolve(root === undefined ? usualRoot : resolve(workingFolder, root), file ?? usualFile)];
}

/** What Apache httpd serves by its configuration. */
export function discoverApache({ running, configurations }: ServerInstance): FoundServer {
  const reader = createConfigurationReader('apache');
  const [configuration = ''] = configurations;
  const folder = dirname(configuration);
  const given = optionValue(running?.arguments ?? [], '-d');
  const root = given === undefined ? undefined : resolve(running?.workingFolder ?? '/', given);
  const envvars = join(folder, 'envvars');
  let environment: ReadonlyMap<string, string> | undefined;
  const { directives, serverRoot } = readApacheFile(configuration, {
    serverRoot: root ?? (basename(folder) === 'conf' ? dirname(folder) : folder),
    wanted,
    variable: (name) => (environment ??= exportsIn(envvars, reader)).get(name),
    reader,
  });
  const around = { configuration, serverRoot, reader, domains: managedDomains(directives) };
  return definedOnly({
    name: 'apache',
    pid: running?.pid,
    configurations: reader.files.filter((file) => file !== envvars),
    reader: running,
    certificates: hostsIn(directives).flatMap((host) => certificatesOf(host, around)),
    applyCommand: applyCommand(configuration, root),
    remarks: reader.remarks,
    isPartial: reader.isPartial ? true : undefined,
  });
}

/** Debian's variables, as far as they are plain: `export NAME=value`. */
function exportsIn(file: string, reader: ConfigurationReader): ReadonlyMap<string, string> {
  const text = existsSync(file) ? (reader.read(file) ?? '') : '';
  const plain = /^[ \t]*export[ \t]+(\w+)=(?:"([^"$`\\\n]*)"|'([^'\n]*)'|([^\s$`\\"';&|]*))[ \t]*$/gm;
  return new Map(
    [...text.matchAll(plain)].map(([, name = '', double, single, bare]) => [name, double ?? single ?? bare ?? '']),
  );
}

interface Surroundings {
  readonly configuration: string;
  readonly serverRoot: string;
  readonly reader: ConfigurationReader;
  readonly domains: ManagedDomains;
}

/** A file that a host names, and the line. */
interface NamedCertificate {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** Of one host: RSA and ECDSA each have one. */
const maximumCertificates = 8;

function certificatesOf(host: ApacheHost, around: Surroundings): UsedCertificate[] {
  const { serverRoot, reader, domains } = around;
  if (lastWord(host, 'sslengine')?.toLowerCase() !== 'on') return [];
  const domain = domains.find(host.names);
  const found = domain?.certificatesOf(host) ?? certificateLines(host);
  const serverName = host.names.find((name) => /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/.test(name) && isIP(name) === 0);
  const places = host.places.map((place) => definedOnly({ ...place, serverName }));
  const hasCache = lastWord(host, 'sslstaplingcache') !== undefined;
  const ownFetching = ownFetchingOf(host, domain?.staplingOf(host));
  const chain = lastWord(host, 'sslcertificatechainfile');
  return found.flatMap(({ name, file, line }): UsedCertificate[] => {
    if (isNotUnderstood(name)) {
      const message = `${file}:${line}: this certificate has a variable whose value is not known: ${name}`;
      reader.remark('not-understood', message, 'name its file to restaple yourself');
      return [];
    }
    const remarks = ownFetching?.by === 'mod_ssl' && !hasCache ? [withoutCache(`${file}:${line}`)] : undefined;
    return [
      definedOnly({
        certificate: resolve(serverRoot, name),
        places,
        position: { file, line },
        ownFetching,
        noStapleFile: 'not-taken' as const,
        ifNothingStapled: whatItNeeds,
        chainFile: chain === undefined || isNotUnderstood(chain) ? undefined : resolve(serverRoot, chain),
        ownFetchingEdits: domain === undefined ? editsFor({ file, line }, host, around) : [managedEdit({ file, line })],
        remarks,
      }),
    ];
  });
}

const whatItNeeds =
  'it has to know the issuer, from the file of the certificate, and to reach the responder: see its error log';

function certificateLines({ own, main }: ApacheHost): NamedCertificate[] {
  const lines = own.get('sslcertificatefile') ?? main.get('sslcertificatefile') ?? [];
  return lines
    .slice(0, maximumCertificates)
    .flatMap(({ words: [name], file, line }) => (name === undefined ? [] : [{ name, file, line }]));
}

/** mod_md fetches in place of mod_ssl where both are set. */
function ownFetchingOf(host: ApacheHost, ofDomain: string | undefined): OwnFetching | undefined {
  const isOn = (text: string | undefined): boolean => text?.toLowerCase() === 'on';
  const stapling = ofDomain ?? lastWord(host, 'mdstapling');
  const isForOthers = lastWord(host, 'mdstapleothers')?.toLowerCase() !== 'off';
  if (isOn(stapling) && (ofDomain !== undefined || isForOthers)) return { setting: 'MDStapling on', by: 'mod_md' };
  return isOn(lastWord(host, 'sslusestapling')) ? { setting: 'SSLUseStapling on', by: 'mod_ssl' } : undefined;
}

function withoutCache(where: string): { readonly code: 'setting'; readonly message: string; readonly hint: string } {
  const message = `${where}: SSLUseStapling is on and there is no SSLStaplingCache, so Apache does not start again`;
  return { code: 'setting', message, hint: `add outside of every <VirtualHost>: ${cacheLine}` };
}

/** Relative to DefaultRuntimeDir. */
const cacheLine = 'SSLStaplingCache shmcb:ssl_stapling(128000)';

type Position = Pick<NamedCertificate, 'file' | 'line'>;

/** As it is built, Apache sends a refusal where it has no response, and clients give up on that. */
const switchedOn = ['SSLUseStapling on', 'SSLStaplingReturnResponderErrors off', 'SSLStaplingFakeTryLater off'];

function editsFor(position: Position, host: ApacheHost, { configuration }: Surroundings): ConfigurationEdit[] {
  const text = switchedOn.join('\n');
  // One that says off would have the last word.
  const off = host.own.get('sslusestapling')?.at(-1);
  const { file, line } = off ?? position;
  const switchOn = {
    file,
    line,
    note: off === undefined ? 'add after this line' : 'write in place of this line',
    text,
  };
  const cache = { file: configuration, note: 'add at the end of this file', text: cacheLine };
  return lastWord(host, 'sslstaplingcache') === undefined ? [switchOn, cache] : [switchOn];
}

function managedEdit({ file, line }: Position): ConfigurationEdit {
  return { file, line, note: 'add after this line', text: 'MDStapling on' };
}

function applyCommand(configuration: string, serverRoot: string | undefined): string {
  const unit = units[configuration];
  const folder = dirname(configuration);
  const root = serverRoot === undefined ? '' : ` -d ${shellWord(serverRoot)}`;
  const plain = `apachectl${root} -f ${shellWord(configuration)}`;
  // Debian's way to run several: its envvars say which pid file each has.
  const isInstance = basename(configuration) === 'apache2.conf' && existsSync(join(folder, 'envvars'));
  const ofInstance = `APACHE_CONFDIR=${shellWord(folder)} apachectl`;
  const [test, reload] =
    unit !== undefined
      ? ['apachectl configtest', `systemctl reload ${unit}`]
      : isInstance
        ? [`${ofInstance} configtest`, `${ofInstance} graceful`]
        : [`${plain} -t`, `${plain} -k graceful`];
  // It restarts behind the command's back, and what was asked for at once would come from before.
  return `${test} && ${reload} && sleep 2`;
}

/** The units of those who package it. */
const units: Readonly<Record<string, string>> = {
  '/etc/apache2/apache2.conf': 'apache2',
  '/etc/httpd/conf/httpd.conf': 'httpd',
};

export const discoverer: Discoverer = {
  name: 'apache',
  program: /^(?:apache2|httpd(?:-(?:prefork|worker|event))?)$/,
  usualConfiguration: '/etc/apache2/apache2.conf',
  otherConfigurations: ['/etc/httpd/conf/httpd.conf', '/etc/apache2/httpd.conf', '/usr/local/apache2/conf/httpd.conf'],
  configurationsOf: apacheConfigurations,
  discover: discoverApache,
  printing: apachePrinting,
};
